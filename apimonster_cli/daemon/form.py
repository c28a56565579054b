"""Form bodies: names with brackets, as PHP reads them, become nested data.

Where PHP leaves a choice, ours is made once, here:
- A list is what has the keys 0 to n-1, in whatever order they came; any other keys make an object, so ids stay keys.
- `a=1&a[b]=2` contradicts itself: the later field wins, as a repeated plain name does. Repeats of `a[]` append.
- A name that is not well-formed (`a[b`, `[a]`, `a[b]c`) is one plain name, and dots and spaces in names stay.
- Too many or too deep fields refuse the whole form. PHP drops the rest in silence: half an order is worse than none.
- Text is UTF-8 unless the sender names its charset. What cannot be UTF-8 and names none is read as windows-1251.
- A file is kept as its name and size.
"""

import codecs
import re
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import unquote_to_bytes

MOST_FIELDS = 1000  # PHP's max_input_vars
DEEPEST = 64  # PHP's max_input_nesting_level

_NAME = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])+)")
_INDEX = re.compile(r"0|[1-9][0-9]{0,17}")  # longer numbers are names, as in PHP
_PARAMETER = re.compile(rb';\s*([\w*-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;\s"]*))', re.DOTALL)
_ESCAPED = re.compile(rb'\\(["\\])')  # other backslashes are those of Windows paths
_HEADER_END = re.compile(rb"\r?\n(?![ \t])")


class FormError(ValueError):
    """A form that cannot be read; the text is a sentence."""


class _Node(dict[str, Any]):
    """An object or list that is being filled. `free` is the index that the next `[]` takes."""

    __slots__ = ("free",)

    def __init__(self) -> None:
        super().__init__()
        self.free = 0

    def put(self, key: str, value: Any) -> None:
        key = key or str(self.free)
        self[key] = value
        if _INDEX.fullmatch(key):
            self.free = max(self.free, int(key) + 1)


def parse_form(body: bytes, charset: str | None = None) -> dict[str, Any]:
    """Return the nested data of an urlencoded form or query; `charset` is a Python codec. FormError."""
    if body.count(b"&") >= MOST_FIELDS:
        raise FormError(f"the form has more than {MOST_FIELDS} fields")
    return nest(_pairs(body, charset))


def parse_multipart(body: bytes, boundary: bytes, charset: str | None = None) -> dict[str, Any]:
    """Return the nested data of a multipart/form-data body. FormError."""
    delimiter = b"--" + boundary
    newline = b"\r\n" if b"\r\n" in body else b"\n"  # hand-written senders
    parts = (newline + body).split(newline + delimiter)[1:]
    if len(parts) > MOST_FIELDS + 1:
        raise FormError(f"the form has more than {MOST_FIELDS} fields")
    if not parts or not parts.pop().startswith(b"--"):
        raise FormError("the form breaks off: its last boundary is missing")
    return nest(field for part in parts if (field := _part(part, newline, charset)))


def nest(fields: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """Return nested data made of (name with brackets, value) pairs. FormError when a name nests too deeply."""
    root = _Node()
    for name, value in fields:
        key, *rest = _keys(name)
        if not key:
            continue
        node = root
        for following in rest:
            child = node.get(key)
            if not isinstance(child, _Node):
                child = _Node()
                node.put(key, child)
            node, key = child, following
        node.put(key, value)
    return {key: _plain(value) for key, value in root.items()}


def _pairs(body: bytes, charset: str | None) -> Iterator[tuple[str, str]]:
    for field in body.replace(b"+", b" ").split(b"&"):
        name, _, value = field.partition(b"=")
        yield _text(unquote_to_bytes(name), charset), _text(unquote_to_bytes(value), charset)


def _text(raw: bytes, charset: str | None) -> str:
    if charset:
        return raw.decode(charset, "replace")
    try:
        text, used = codecs.utf_8_decode(raw, "strict", False)  # noqa: FBT003 - codecs takes it by position only
    except UnicodeDecodeError:
        return raw.decode("windows-1251", "replace")
    if used == len(raw):
        return text
    # The last character breaks off: a sender that cuts text by bytes, if there is more of the kind; else a short word.
    return raw.decode("windows-1251", "replace") if text.isascii() else text + "\N{REPLACEMENT CHARACTER}"


def _keys(name: str) -> list[str]:
    name = name.lstrip(" ")
    found = _NAME.fullmatch(name)
    if not found:
        return [name]
    keys = [found[1], *found[2][1:-1].split("][")]
    if len(keys) > DEEPEST:
        raise FormError(f"a field of the form is nested more than {DEEPEST} deep")
    return keys


def _plain(value: Any) -> Any:
    if not isinstance(value, _Node):
        return value
    if all(str(index) in value for index in range(len(value))):
        return [_plain(value[str(index)]) for index in range(len(value))]
    return {key: _plain(item) for key, item in value.items()}


def _part(part: bytes, newline: bytes, charset: str | None) -> tuple[str, Any] | None:
    """Return name and value of what stands between two boundaries; None when it has no name."""
    head, found, content = part.partition(newline * 2)
    if not found:
        raise FormError("a part of the form has no end of its headers")
    parameters = _disposition(head)
    if b"name" not in parameters:
        return None
    name = _text(parameters[b"name"], charset)
    file = parameters.get(b"filename", parameters.get(b"filename*"))
    if file is None:
        return name, _text(content, charset)
    if not file and not content:
        return name, ""  # a file field left empty
    return name, {"name": _text(file, charset), "size": len(content)}


def _disposition(head: bytes) -> dict[bytes, bytes]:
    for line in _HEADER_END.split(head):
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-disposition":
            found = _PARAMETER.findall(value)
            return {key.lower(): _ESCAPED.sub(rb"\1", quoted) or bare for key, quoted, bare in found}
    return {}
