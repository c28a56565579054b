"""A body as bytes becomes a payload: its value, and its JSON text as it is kept."""

import codecs
import json
import re
import zlib
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from apimonster_cli.core import exactjson
from apimonster_cli.daemon.form import DEEPEST, FormError, parse_form, parse_multipart

_JSON_TYPE = re.compile(r"[\w.-]+/(?:[\w.-]+\+)?(?:x-)?json")
_CHARSET = re.compile(r'charset\s*=\s*"?([\w.:-]+)', re.IGNORECASE)
_BOUNDARY = re.compile(r'boundary\s*=\s*(?:"([^"]+)"|([^\s;,"]+))', re.IGNORECASE)
# Codecs of text that a browser knows; Python has others, some of which unpack or evaluate what they are given.
_TEXT_CODEC = re.compile(r"utf-(8|16|32)(-sig|-[bl]e)?|cp(125\d|866)|koi8-[rtu]|iso8859-\d+|mac-cyrillic")
_HALF_CHARACTER = re.compile("[\ud800-\udfff]")
_GZIP = zlib.MAX_WBITS | 16


class UnreadableError(ValueError):
    """A body that cannot be read; the text is a sentence."""


class UnknownTypeError(ValueError):
    """A body of a type that is not understood; the text is a sentence."""


class TooLargeError(ValueError):
    """A body that is over its bound once it is unpacked."""


@dataclass(frozen=True, slots=True)
class Payload:
    """What a body holds.

    text: the value as JSON text; the sender's own text when that was JSON in UTF-8.
    as_sent: whether `text` is the sender's own; otherwise the raw body is worth keeping beside it.
    """

    value: Any
    text: str
    as_sent: bool


@dataclass(frozen=True, slots=True)
class _Type:
    """A content type. codec: Python's name of its charset, None when the sender names none."""

    kind: Literal["json", "form", "multipart", "none", "unknown"]
    codec: str | None
    boundary: bytes = b""


def read_body(content_type: str, body: bytes) -> Payload:
    """Return the payload of a body that is not empty. UnreadableError, UnknownTypeError.

    JSON is taken under any name that ends in json, as text/plain, and in place of a form: curl and PHP call everything
    a form, and no form starts with a bracket. A form whose only field is a JSON object or list (`data={…}`) is that
    JSON. Without a type, what looks like neither is read as a form when it has an equals sign, else as JSON.
    """
    declared = _read_type(content_type)
    if declared.kind == "json":
        return _json(body, declared.codec)
    if declared.kind == "unknown":
        raise UnknownTypeError(f"bodies of the type {content_type[:100]} are not understood; send JSON or a form")
    if declared.kind == "multipart":
        return _multipart(body, declared)
    if _starts_as_json(body) or (declared.kind == "none" and b"=" not in body):
        return _json(body, declared.codec)
    return _form(body, declared.codec)


def read_query(query: bytes) -> Payload:
    """Return the parameters of a query as a payload. UnreadableError."""
    return _form(query, None)


def unpack(encoding: str, body: bytes, most: int) -> bytes:
    """Return a body freed from its content encoding. TooLargeError over `most` bytes, UnreadableError, UnknownTypeError."""
    if encoding in ("", "identity"):
        return body
    if encoding not in ("gzip", "x-gzip"):
        raise UnknownTypeError(f"bodies encoded as {encoding[:100]} are not understood; send them plain or as gzip")
    unpacker = zlib.decompressobj(_GZIP)
    try:
        unpacked = unpacker.decompress(body, most + 1)
    except zlib.error:
        raise UnreadableError("the body says it is gzip and is not") from None
    if len(unpacked) > most:
        raise TooLargeError
    if not unpacker.eof:
        raise UnreadableError("the gzip body breaks off")
    if unpacker.unused_data:
        raise UnreadableError("the gzip body has something behind its end; send it in one piece")
    return unpacked


@lru_cache(maxsize=256)
def _read_type(content_type: str) -> _Type:
    name = content_type.partition(";")[0].strip().lower()
    found = _CHARSET.search(content_type)
    codec = _codec(found[1]) if found else None
    if name == "multipart/form-data":
        boundary = _BOUNDARY.search(content_type)
        return _Type("multipart", codec, (boundary[1] or boundary[2]).encode("latin-1", "replace") if boundary else b"")
    if name == "application/x-www-form-urlencoded":
        return _Type("form", codec)
    if not name:
        return _Type("none", codec)
    return _Type("json" if name == "text/plain" or _JSON_TYPE.fullmatch(name) else "unknown", codec)


def _codec(charset: str) -> str:
    try:
        name = codecs.lookup(charset).name
    except LookupError:
        name = ""
    if name == "ascii":
        return "utf-8"
    if not _TEXT_CODEC.fullmatch(name):
        raise UnreadableError(f"the charset {charset[:40]} is not known; send the body in UTF-8")
    return name


def _starts_as_json(body: bytes) -> bool:
    return body.removeprefix(codecs.BOM_UTF8).lstrip()[:1] in (b"{", b"[")


def _json(body: bytes, declared: str | None) -> Payload:
    codec = declared or json.detect_encoding(body)
    try:
        text = body.decode(codec).removeprefix("\ufeff")
    except UnicodeDecodeError:
        raise UnreadableError(f"the body is not text in {codec}; the sender has to name its charset") from None
    try:
        value = exactjson.loads(text)
    except ValueError as error:
        raise UnreadableError(f"the body is not JSON: {error}") from None
    if _too_deep(text, value):
        raise UnreadableError(f"the JSON is nested more than {DEEPEST} deep")
    return Payload(value, text, as_sent=True) if codec.startswith("utf-8") else _made(value)


def _form(body: bytes, codec: str | None) -> Payload:
    if codec and codec.startswith(("utf-16", "utf-32")):
        raise UnreadableError(f"a form cannot be in {codec}; send it in UTF-8")
    try:
        return _made(_unwrapped(parse_form(body.removeprefix(codecs.BOM_UTF8), codec)))
    except FormError as error:
        raise UnreadableError(str(error)) from None


def _multipart(body: bytes, declared: _Type) -> Payload:
    if not declared.boundary:
        raise UnreadableError("the form does not say its boundary")
    try:
        return _made(_unwrapped(parse_multipart(body, declared.boundary, declared.codec)))
    except FormError as error:
        raise UnreadableError(str(error)) from None


def _unwrapped(form: dict[str, Any]) -> Any:
    """Return the JSON object or list in the only field of a form, else the form."""
    only = next(iter(form.values())) if len(form) == 1 else None
    if not isinstance(only, str) or not only.lstrip().startswith(("{", "[")):
        return form
    try:
        value = exactjson.loads(only)
    except ValueError:
        return form  # a text that happens to start with a bracket
    return form if _too_deep(only, value) else value


def _too_deep(text: str, value: Any) -> bool:
    """Return whether a JSON value nests over the bound; what comes later walks values by recursion."""
    if text.count("[") + text.count("{") <= DEEPEST:
        return False
    level = [value]
    for _ in range(DEEPEST):
        level = [child for item in level if isinstance(item, dict | list) for child in _children(item)]
    return any(isinstance(item, dict | list) for item in level)


def _children(item: Any) -> Any:
    return item.values() if isinstance(item, dict) else item


def _made(value: Any) -> Payload:
    """Return a payload with our own text; half a character, which no database keeps, stays escaped in it."""
    text = _HALF_CHARACTER.sub(lambda half: f"\\u{ord(half[0]):04x}", exactjson.dumps(value))
    return Payload(value, text, as_sent=False)
