"""Payloads, calls and answers as they are kept → as they are shown."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import unquote_plus

from apimonster_cli.core import exactjson
from apimonster_cli.core.personal import masks, texts, words
from apimonster_cli.core.personal.masks import Kind

Declared = Callable[[str], Kind | None]
"""Dotted path, `0` for every element of a list → what the catalogue says of it; None when it says nothing."""

_FORM_NAME = re.compile(r"([\w\[\].-]+)=")
_CONTACTS = ("phone", "email")  # what has one of them beside it is about somebody
_OWN = ("address", "name")  # words in there are no remarks about it: they are it
_MOST_UNREAD = 20  # values of a form that begin like JSON and are none: each costs a look at all that stands before it
_BRACKETS = re.compile(r"[^\[\]]+")


def nothing_declared(_path: str) -> Kind | None:
    """Return that nothing is known."""
    return None


@dataclass(frozen=True, slots=True)
class _At:
    """Where a value stands. kind: what it is by its key, or by that of what it stands in. person: it tells of somebody."""

    path: str = ""
    kind: Kind | None = None
    person: bool = False


class Masks:
    """Masks what is personal in records whose fields `declared` knows. Keys and the lengths of lists stay; so do ids."""

    def __init__(self, declared: Declared = nothing_declared) -> None:
        self._declared = declared

    def value(self, value: Any) -> Any:
        """Return a JSON-like value masked."""
        return self._value(value, _At())

    def body(self, text: str | None) -> str | None:
        """Return a payload, a request or an answer masked: JSON, a form, or any other text."""
        return None if text is None else self._text(text, _At(kind="text"))

    def url(self, text: str) -> str:
        """Return an address masked: its query key by key."""
        return self._url(text, _At())

    # values ----------------------------------------------------------------------------------------------------------
    def _value(self, value: Any, at: _At) -> Any:
        if isinstance(value, Mapping):
            people = at.person or any(words.meaning(str(key)) in _CONTACTS for key in value)
            return {key: self._value(item, self._below(at, str(key), person=people)) for key, item in value.items()}
        if isinstance(value, list | tuple):
            below = _At(f"{at.path}.0" if at.path else "0", at.kind, at.person)
            return [self._value(item, below) for item in value]
        kind = self._of_leaf(at)
        if kind in (None, "text", "none"):
            return self._text(value, at) if isinstance(value, str) else value
        return masks.masked(value, kind)

    def _below(self, at: _At, key: str, *, person: bool) -> _At:
        path = f"{at.path}.{'0' if key.isdigit() else key}" if at.path else key
        declared = self._declared(path)
        if declared is not None:
            return _At(path, declared)
        said = words.meaning(key)
        if at.kind == "none" or said == "an id":
            return _At(path, "none" if at.kind == "none" else None)
        if said == "person":
            return _At(path, at.kind, person=True)
        if said == "a name":
            return _At(path, "name" if person else at.kind)
        if said == "text" and at.kind in _OWN:
            return _At(path, at.kind)  # an address written out, or notes on how to find it
        return _At(path, said or at.kind, person=person and key in words.PASSING)

    @staticmethod
    def _of_leaf(at: _At) -> Kind | None:
        return "name" if at.person and at.kind is None else at.kind

    # texts -----------------------------------------------------------------------------------------------------------
    def _text(self, text: str, at: _At) -> str:
        if text[:1] in ("{", "["):
            try:
                read = exactjson.loads(text)
                shown = self._value(read, _At(at.path, None if at.kind == "text" else at.kind, at.person))
            except (ValueError, RecursionError):
                return texts.in_text(text, free=True)
            return text if shown == read else exactjson.dumps(shown)
        if "=" in text:
            if "?" in text and "://" in text and not any(sign.isspace() for sign in text):
                return self._url(text, at)
            pairs = form_pairs(text) if at.kind == "text" else []
            if pairs:
                at = _At(at.path, None, person=any(words.meaning(name) in _CONTACTS for name, _ in pairs))
                return "&".join(f"{name}={self._pair(name, value, at)}" for name, value in pairs)
        return texts.in_text(text, free=at.kind == "text")

    def _url(self, text: str, at: _At) -> str:
        address, mark, query = text.partition("?")
        about = address.rstrip("/").rpartition("/")[2] if "://" in address else ""
        at = self._below(at, about, person=False) if words.meaning(about) == "person" else at
        pairs = [pair.partition("=") for pair in query.split("&")] if mark else []
        shown = "&".join(f"{name}{equal}{self._decoded(name, value, at)}" for name, equal, value in pairs)
        return f"{texts.in_text(address, free=True)}{mark}{shown}"

    def _decoded(self, name: str, value: str, at: _At) -> str:
        plain = unquote_plus(value)
        shown = self._pair(unquote_plus(name), plain, _At(at.path, None, at.person))
        return value if shown == plain else shown

    def _pair(self, name: str, value: str, at: _At) -> str:
        """Return the value of a parameter: `filter[phones][]` is the first of the phones of the filter."""
        inner = at
        for key in _BRACKETS.findall(name):
            inner = self._below(inner, key, person=inner.person)
        if self._of_leaf(inner) == "name" and value.isdigit():
            inner = _At(inner.path, "phone")  # customers are asked for by name or phone, in one parameter
        return cast("str", self._value(value, inner))


def form_pairs(text: str) -> list[tuple[str, str]]:
    """Return the pairs of a form as a transaction shows it, `site=main&order={…}`, values not encoded; [] when it is none.

    A value in JSON goes to the end of the JSON, whatever signs are in its texts.
    """
    pairs: list[tuple[str, str]] = []
    at = unread = 0
    while at < len(text):
        name = _FORM_NAME.match(text, at)
        if name is None:
            return []
        end = None
        if text.startswith(("{", "["), name.end()) and unread < _MOST_UNREAD:
            end = _json_end(text, name.end())
            unread += end is None
        end = end or text.find("&", name.end())
        end = len(text) if end < 0 else end
        pairs.append((name[1], text[name.end() : end]))
        at = end + 1
    return pairs


def _json_end(text: str, start: int) -> int | None:
    try:
        return json.JSONDecoder().raw_decode(text, start)[1]
    except (ValueError, RecursionError):
        return None
