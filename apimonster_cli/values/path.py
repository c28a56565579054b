"""Paths: how a bundle points at a value of the event.

    contact.phone              keys, by dots; they may hold spaces, hyphens and any alphabet
    data.contacts.0.fName      a number indexes a list; in an object it is a key: `{"0": …}` is a list to PHP
    data.contacts[0].fName     the same; [-1] is the last
    data.products[*].sku       every value found, as a list
    fields['a.b']              a key that holds dots or brackets, in either kind of quotes
    steps.order.id             an output of an earlier step
    meta.event_id              something known about the event
    event.steps                the event's own field that is called `steps`
    $.items[?(@.price > 100)]  a full JSONPath over the event

A key that is not there, a key of a list, an index of an object without that key, or any step into a plain value leads to
MISSING. A wildcard that finds nothing does as well.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final, Literal

from apimonster_cli.values.errors import LanguageError
from apimonster_cli.values.scope import MISSING, Scope

Root = Literal["event", "steps", "meta"]


class _All(Enum):
    """The type of ALL."""

    ALL = "[*]"

    def __repr__(self) -> str:
        return "ALL"


ALL: Final = _All.ALL
"""The key that stands for every element."""

Key = str | int | _All

_SEGMENT = re.compile(r"[^.\[\]]+")
_BRACKET = re.compile(r"""\[(?:(?P<all>\*)|(?P<index>-?\d+)|'(?P<single>[^']+)'|"(?P<double>[^"]+)")\]""")
_INDEX = re.compile(r"0|[1-9][0-9]*")
_PLAIN = re.compile(r"[^.\[\]'\"*\s](?:[^.\[\]]*[^.\[\]\s])?")


@dataclass(frozen=True, slots=True)
class Path:
    """A compiled path.

    keys: what follows the root; None for a JSONPath. relative: it starts at the item inside `each`, and at the event
    elsewhere; a path that starts with `event`, `steps`, `meta` or `$` is not relative.
    """

    text: str
    root: Root
    keys: tuple[Key, ...] | None
    relative: bool
    _walk: tuple[tuple[str, int | None] | None, ...] = ()
    _query: Any = None

    def read(self, scope: Scope) -> Any:
        """Return the value, a list for a path that may find several, or MISSING."""
        if self.relative:
            value = scope.base
        elif self.root == "steps":
            value = scope.steps
        elif self.root == "meta":
            value = scope.meta
        elif self._query is not None:
            return self._query(scope.fields)
        else:
            value = scope.event
        return _walk(value, self._walk)

    def __str__(self) -> str:
        return self.text


def compile_path(text: str) -> Path:
    """Return the path that `text` means; LanguageError when it means none."""
    if text.startswith("$"):
        from apimonster_cli.values.jsonpath import compile_jsonpath

        return Path(text, "event", None, relative=False, _query=compile_jsonpath(text))
    keys, quoted = _parse(text)
    root: Root = "event"
    relative = quoted or keys[0] not in ("event", "steps", "meta")
    if not relative:
        root = keys[0]  # type: ignore[assignment]  # one of the three, tested above
        keys = keys[1:]
    return Path(text, root, tuple(keys), relative, tuple(_step(key) for key in keys))


def format_keys(keys: Iterable[Key]) -> str:
    """Return the text of a path made of `keys`, quoting those that need it."""
    written = ""
    for key in keys:
        if key is ALL:
            written += "[*]"
        elif isinstance(key, int) and key >= 0:
            written += f".{key}"
        elif isinstance(key, int):
            written += f"[{key}]"
        elif (_PLAIN.fullmatch(key) and not _INDEX.fullmatch(key)) or (
            {"'", '"'} <= set(key) and _SEGMENT.fullmatch(key)
        ):
            written += f".{key}"
        else:
            written += f'["{key}"]' if "'" in key else f"['{key}']"
    return written.removeprefix(".")


def _parse(text: str) -> tuple[list[Key], bool]:
    """Return the keys of a path and whether the first was quoted."""
    keys: list[Key] = []
    quoted = False
    at = 0
    while at < len(text) or not keys:
        if text[at : at + 1] == "[":
            found = _BRACKET.match(text, at)
            if not found:
                raise _mistake(text, "after [ comes a number, * or a key in quotes, then ]")
            quoted = quoted or (not keys and found.lastgroup in ("single", "double"))
            keys.append(_bracket_key(found))
        else:
            at += bool(keys)  # the dot
            found = _SEGMENT.match(text, at)
            if not found:
                raise _mistake(text, "a name is missing beside a dot" if text else "it is empty")
            keys.append(_segment_key(found[0]))
        at = found.end()
        if at < len(text) and text[at] not in ".[":
            raise _mistake(text, f"a dot is missing before {text[at:]}")
    return keys, quoted


def _segment_key(segment: str) -> Key:
    if segment == "*":
        return ALL
    return int(segment) if _INDEX.fullmatch(segment) else segment


def _bracket_key(found: re.Match[str]) -> Key:
    if found["all"]:
        return ALL
    return int(found["index"]) if found["index"] else str(found["single"] or found["double"])


def _mistake(text: str, reason: str) -> LanguageError:
    return LanguageError(f'"{text}" is not a path: {reason}', rule="path")


def _step(key: Key) -> tuple[str, int | None] | None:
    """Return what walking needs of a key: its text for objects, its index for lists; None for ALL."""
    if isinstance(key, _All):
        return None
    return (str(key), key) if isinstance(key, int) else (key, None)


def _walk(value: Any, steps: Sequence[tuple[str, int | None] | None]) -> Any:
    for step in steps:
        if step is None:
            return _fan_out(value, steps[steps.index(None) + 1 :])
        name, index = step
        if isinstance(value, dict):
            value = value.get(name, MISSING)
        elif index is not None and isinstance(value, list):
            value = value[index] if -len(value) <= index < len(value) else MISSING
        elif isinstance(value, Mapping):
            value = value.get(name, MISSING)
        else:
            return MISSING
    return value


def _fan_out(value: Any, rest: Sequence[tuple[str, int | None] | None]) -> Any:
    """Return every value found below the elements of a list, or of an object used as one; MISSING when there is none."""
    if isinstance(value, Mapping):
        value = value.values()
    elif not isinstance(value, list):
        return MISSING
    several = None in rest
    found: list[Any] = []
    for element in value:
        below = _walk(element, rest)
        if below is MISSING:
            continue
        if several:
            found.extend(below)
        else:
            found.append(below)
    return found or MISSING
