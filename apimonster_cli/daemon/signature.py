"""Signatures of webhooks: Standard Webhooks, and a plain HMAC-SHA256 of the body in a header."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from apimonster_cli.core.duration import parse_duration

_PREFIX = "whsec_"
_TOLERANCE = "5m"  # either way, as the libraries of Standard Webhooks have it
_HEADER = "X-Signature"


class Signature(Protocol):
    """Tells whether a body comes from whom it should."""

    def refusal(self, headers: Mapping[bytes, bytes], body: bytes, now: datetime) -> str | None:
        """Return None when the body is signed as it must be, else one sentence. Header names are in lower case."""


@dataclass(frozen=True, slots=True)
class StandardWebhooks:
    """Headers webhook-id, -timestamp and -signature, as the specification of Standard Webhooks has them.

    keys: every one that is good at the moment: while a secret is changed, the old and the new.
    tolerance: seconds that the sender's clock may be off, either way.
    """

    keys: tuple[bytes, ...]
    tolerance: float

    def refusal(self, headers: Mapping[bytes, bytes], body: bytes, now: datetime) -> str | None:
        """Return None when the body is signed by one of the keys at about `now`."""
        message, sent, given = (headers.get(b"webhook-" + part) for part in (b"id", b"timestamp", b"signature"))
        if not message or not sent or not given:
            return "the headers webhook-id, webhook-timestamp and webhook-signature are not all there"
        if not sent.isdigit() or len(sent) > 12:  # no clock is there yet
            return "webhook-timestamp is not a number of seconds"
        if abs(now.timestamp() - int(sent)) > self.tolerance:
            return "the signature is too old, or from the future; is the sender's clock right?"
        signatures = [part.removeprefix(b"v1,") for part in given.split() if part.startswith(b"v1,")]
        good = [_digest(key, b".".join((message, sent, body))) for key in self.keys]
        if any(hmac.compare_digest(base64.b64encode(digest), one) for digest in good for one in signatures):
            return None
        return "the signature does not fit the body and the secret"


@dataclass(frozen=True, slots=True)
class PlainHmac:
    """One header with the HMAC-SHA256 of the raw body, in hex or base64, `sha256=` before it or not."""

    keys: tuple[bytes, ...]
    header: bytes

    def refusal(self, headers: Mapping[bytes, bytes], body: bytes, now: datetime) -> str | None:  # noqa: ARG002 - it carries no time
        """Return None when the header is right for the body under one of the keys."""
        given = headers.get(self.header)
        if not given:
            return f"the header {self.header.decode()} is not there"
        digest = _decoded(given.strip().removeprefix(b"sha256="))
        if any(hmac.compare_digest(_digest(key, body), digest) for key in self.keys):
            return None
        return "the signature does not fit the body and the secret"


def compile_signature(setting: Mapping[str, Any]) -> Signature:
    """Return what checks bodies for a connection's `signature`. ValueError when a secret cannot be one.

    setting: scheme (standard-webhooks or hmac-sha256), secret (one or a list), header and tolerance as they apply.
    """
    secrets = [setting["secret"]] if isinstance(setting["secret"], str) else list(setting["secret"])
    if setting["scheme"] == "standard-webhooks":
        tolerance = parse_duration(str(setting.get("tolerance", _TOLERANCE)))
        return StandardWebhooks(_keys(secrets), tolerance.total_seconds())
    header = str(setting.get("header", _HEADER))
    return PlainHmac(tuple(secret.encode() for secret in secrets), header.lower().encode())


def _keys(secrets: Sequence[str]) -> tuple[bytes, ...]:
    try:
        keys = [base64.b64decode(secret.removeprefix(_PREFIX) + "==") for secret in secrets]
    except binascii.Error:
        keys = []
    if not keys or not all(keys):
        raise ValueError(f"a secret of Standard Webhooks is {_PREFIX} and base64 after it")
    return tuple(keys)


def _digest(key: bytes, message: bytes) -> bytes:
    return hmac.digest(key, message, hashlib.sha256)


def _decoded(text: bytes) -> bytes:
    """Return the bytes that hex or base64 stands for; empty when it is neither."""
    try:
        if len(text) == hashlib.sha256().digest_size * 2:
            return binascii.unhexlify(text)
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        return b""
