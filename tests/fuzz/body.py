"""Bodies of webhooks: content encoding, content type and bytes → payload → what every connector makes of it."""

import gzip
import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from apimonster_cli.bundles.load import load_text
from apimonster_cli.bundles.model import Connection
from apimonster_cli.core import exactjson
from apimonster_cli.daemon.body import (
    Payload,
    TooLargeError,
    UnknownTypeError,
    UnreadableError,
    read_body,
    read_query,
    unpack,
)
from tests.fuzz import inputs

ABOUT = "content encoding, content type and bytes of a webhook, and what each connector makes of the payload"
LONGEST = 2048
WORDS = (
    "application/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=X", "text/plain", "; charset=",
    "utf-8", "utf-16", "utf-7", "windows-1251", "koi8-r", "idna", "gzip", "\n", "--X\r\n", "--X--", "\r\n\r\n",
    'Content-Disposition: form-data; name="a[b][]"', "; filename=", "[]", "[0]", "[", "]", "&", "=", "%5B", "%00", "%D0", "+",
    "NaN", "1e400", "1E-999999999", "\\ud800", "\\u0000", "\ufeff", '{"id":', '"status":', '"contact":', '"data":', "test=test",
)  # fmt: skip
_MOST = 4096
_CONNECTIONS = """
version: 1
connections:
  utmstat: {type: utmstat, token: "hook-token-0001"}
  tilda: {type: tilda, token: "hook-token-0002"}
  salesdrive: {type: salesdrive, token: "hook-token-0003"}
  webhook: {type: webhook, token: "hook-token-0004"}
  landing: {type: webhook, token: "hook-token-0005", dedupe: "contact.0.id"}
"""


def seeds() -> Iterator[bytes]:
    """Return the samples of all connectors as JSON, as a form, in parts, and packed."""
    for file in inputs.SAMPLES:
        raw = file.read_bytes()
        flat = {key: each if isinstance(each, str) else json.dumps(each) for key, each in _fields(raw)}
        yield b"\napplication/json\n" + raw
        yield b"\napplication/x-www-form-urlencoded; charset=utf-8\n" + urlencode(flat).encode()
        yield b"\n\n" + urlencode({"data": raw.decode()}).encode()
        yield b"gzip\ntext/plain\n" + gzip.compress(raw, mtime=0)
        yield b"\nmultipart/form-data; boundary=X\n" + _in_parts(flat)
    yield b"\napplication/x-www-form-urlencoded\na[b][]=1&a[b][]=2&a[c][0][d]=%D0%98&e=+&f[%5D=1"
    yield b'\napplication/json; charset=utf-16\n\xff\xfe{\x00"\x00a\x00"\x00:\x001\x00}\x00'


def check(data: bytes) -> None:
    """A body is a payload of text and value alike, or refused; no connector is upset by any payload."""
    encoding, content_type, raw = inputs.parts(data, 3, b"\n")
    try:
        body = unpack(encoding.decode("latin-1").strip().lower(), raw, _MOST)
        payloads = [read_body(content_type.decode("latin-1"), body)]
    except (UnreadableError, UnknownTypeError, TooLargeError) as refused:
        assert str(refused) or isinstance(refused, TooLargeError)
        body, payloads = raw, []
    try:
        payloads.append(read_query(body))
    except UnreadableError as refused:
        assert str(refused)
    for payload in payloads:
        _check_payload(payload, body)


def _check_payload(payload: Payload, body: bytes) -> None:
    assert exactjson.loads(payload.text.encode()) == payload.value
    for connection in _connections():
        hook = connection.connector.hook
        assert hook
        assert hook.is_address_check(payload.value) in (True, False)
        known = hook.recognise(payload.value, connection.settings, body)
        assert known.event is None or known.event in {event.name for event in hook.events}
        for key in (known.object_key, known.repeat_key):
            assert key is None or (key and len(key) <= 300 and b"\0" not in key.encode())
        assert known.version is None or 0 <= known.version < 2**63
        exactjson.dumps(dict(hook.derive(payload.value)))


@cache
def _connections() -> tuple[Connection, ...]:
    loaded = load_text(_CONNECTIONS, environ={}, file="bundles.yaml", folder=Path("/nowhere"))
    assert loaded.config, loaded.problems
    return tuple(loaded.config.connections.values())


def _fields(raw: bytes) -> list[tuple[str, Any]]:
    read = json.loads(raw)
    return list(read.items()) if isinstance(read, dict) else [("data", read)]


def _in_parts(fields: dict[str, str]) -> bytes:
    lines = [f'--X\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{text}\r\n' for name, text in fields.items()]
    return "".join([*lines, "--X--\r\n"]).encode()
