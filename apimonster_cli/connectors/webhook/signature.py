"""The setting `signature` of a webhook connection."""

import base64
import binascii
from typing import Any

from apimonster_cli.core.duration import parse_duration

SCHEMES = ("standard-webhooks", "hmac-sha256")
KEYS = ("scheme", "secret", "header", "tolerance")
_SHORTEST_SECRET = 12


def check_signature(signature: Any) -> None:
    """Raise ValueError unless `signature` is {scheme, secret} with, if wanted, {header, tolerance}.

    header: where hmac-sha256 stands, X-Signature unless set; Standard Webhooks fixes its own. tolerance: how old a signed
    moment may be (Standard Webhooks only). secret: one, or a list of those that are good while the sender changes it.
    """
    for key in signature:
        if key not in KEYS:
            raise ValueError(f"{key} is no key of a signature; there are {', '.join(KEYS)}")
    if signature.get("scheme") not in SCHEMES:
        raise ValueError(f"a signature needs a scheme, one of {', '.join(SCHEMES)}")
    plain = signature["scheme"] == "hmac-sha256"
    _check_secrets(signature.get("secret"), plain=plain)
    if not plain and "header" in signature:
        raise ValueError("standard-webhooks has headers of its own: leave header out")
    if plain and "tolerance" in signature:
        raise ValueError("hmac-sha256 signs no time: leave tolerance out")
    if "header" in signature and not isinstance(signature["header"], str):
        raise ValueError("header is the name of a header, such as X-Signature")
    if "tolerance" in signature:
        parse_duration(str(signature["tolerance"]))


def _check_secrets(secrets: Any, *, plain: bool) -> None:
    for secret in secrets if isinstance(secrets, list | tuple) and secrets else (secrets,):
        if not isinstance(secret, str) or len(secret) < _SHORTEST_SECRET:
            raise ValueError(f"a signature needs a secret of at least {_SHORTEST_SECRET} characters")
        if not plain:
            _check_base64(secret)


def _check_base64(secret: str) -> None:
    try:
        key = base64.b64decode(secret.removeprefix("whsec_") + "==")
    except binascii.Error:
        key = b""
    if not key:
        raise ValueError("a secret of standard-webhooks is base64, with whsec_ before it or not; copy it whole")
