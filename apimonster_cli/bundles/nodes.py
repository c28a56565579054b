"""A YAML file as a tree in which every key and value knows its place.

How a plain scalar is read (docs call it "digits are sacred"):

- `true` and `false` are booleans; `null`, `~` and nothing at all are null; `yes no on off` are text.
- A number is one only when writing it back gives the same characters: `42`, `-7`, `19.90` are numbers (whole ones int,
  others Decimal, so that `1.10` stays `1.10`). `00042`, `+7495`, `1_000`, `1e3`, `0o7`, `0x1F`, `.5` and `12:30` are text.
- Dates are text. Anything in quotes or in a block (`|`, `>`) is text.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from apimonster_cli.core.place import Place

LINE_END = re.compile("\r\n|[\r\n\x85\u2028\u2029]")
"""What ends a line for the YAML parser."""

_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]*)")
_DECIMAL = re.compile(r"-?(?:0|[1-9][0-9]*)\.[0-9]+")
_MOST_DIGITS = 400  # a longer row of digits is no number that anybody calculates with
_WORDS: dict[str, bool | None] = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
}


@dataclass(frozen=True, slots=True)
class Scalar:
    """A single value.

    value: as read (text, int, Decimal, bool, None); text: the characters as written, quotes and escapes undone.
    start, end: where it stands in the file's text, quotes included. width: how many characters of its first line it takes.
    plain: written without quotes. broken: a variable in it could not be filled in, which is told already.
    """

    place: Place
    value: str | int | Decimal | bool | None
    text: str
    start: int = 0
    end: int = 0
    width: int = 1
    plain: bool = True
    broken: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """A key and its value."""

    key: Scalar
    value: "Node"


@dataclass(frozen=True, slots=True)
class Mapping:
    """Keys and values in the order they are written, merged ones (`<<`) after its own; no key twice."""

    place: Place
    entries: tuple[Entry, ...]
    width: int = 1

    def __iter__(self) -> Iterator[Entry]:
        return iter(self.entries)

    def entry(self, name: str) -> Entry | None:
        """Return the entry whose key is written `name`."""
        return next((entry for entry in self.entries if entry.key.text == name), None)

    def get(self, name: str) -> "Node | None":
        """Return the value whose key is written `name`."""
        found = self.entry(name)
        return found.value if found else None


@dataclass(frozen=True, slots=True)
class List:
    """Items in the order they are written."""

    place: Place
    items: tuple["Node", ...]
    width: int = 1

    def __iter__(self) -> Iterator["Node"]:
        return iter(self.items)


Node = Scalar | Mapping | List


def read_plain(text: str) -> str | int | Decimal | bool | None:
    """Return what a scalar written without quotes means."""
    if text in _WORDS:
        return _WORDS[text]
    if len(text) <= _MOST_DIGITS:
        if _INTEGER.fullmatch(text) and text != "-0":
            return int(text)
        if _DECIMAL.fullmatch(text):
            return Decimal(text)
    return text


def to_data(node: Node) -> Any:
    """Return the node as plain data; keys are the text they were written with, so `00042:` keeps its zeros."""
    if isinstance(node, Scalar):
        return node.value
    if isinstance(node, List):
        return [to_data(item) for item in node]
    return {entry.key.text: to_data(entry.value) for entry in node}


def find(node: Node, at: Sequence[str | int], *, key: bool = False) -> Node:
    """Return the node that `at` leads to from `node`; where it leads on into nothing, the last node on the way.

    key: return the last key instead of its value.
    """
    found: Node = node
    for part in at:
        if isinstance(node, Mapping) and (entry := node.entry(str(part))):
            found, node = (entry.key if key else entry.value), entry.value
        elif isinstance(node, List) and isinstance(part, int) and 0 <= part < len(node.items):
            found = node = node.items[part]
        else:
            break
    return found


def walk(node: Node) -> Iterator[Scalar]:
    """Return every scalar under `node` (values, not keys)."""
    if isinstance(node, Scalar):
        yield node
    elif isinstance(node, List):
        for item in node:
            yield from walk(item)
    else:
        for entry in node:
            yield from walk(entry.value)
