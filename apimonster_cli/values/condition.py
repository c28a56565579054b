"""Filters: they say whether an event is for us, a step is to be done, an item is to be taken.

A filter is a mapping of path → condition, and all must hold:

    status_id: 1                          equal; a list: equal to one of
    amount: {gt: 1000, lte: "5 000"}      several operators in one condition must all hold
    contact.email: {ends_with: .ru}
    status_id: {changed: true}            other than in the event before of the same object, or there is none before
    any: [{type.name: Звонок}, {tags: {contains: vip}}]     all and any take lists of filters, not takes one

A comparison with an empty value (missing, null, "", [] or {}) is false, and its negation true. `exists` asks for a value
that is not empty, `empty` for one that is: senders write "" and [] for what is not there, so a phone of "" does not exist.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

from apimonster_cli.core.errors import PermanentError
from apimonster_cli.values import effort
from apimonster_cli.values.comparison import ALIASES, OPERATORS, Comparison, compile_operator, one_of
from apimonster_cli.values.errors import At, LanguageError, LanguageErrors, closest, shown
from apimonster_cli.values.path import Path, compile_path
from apimonster_cli.values.scope import MISSING, Scope, is_empty

_WORDS = ("all", "any", "not")
_CHANGED = "changed"
FoundPath = tuple[At, Path]


class _Node(Protocol):
    """A part of a filter."""

    def refusal(self, scope: Scope) -> str | None:
        """Return why the part does not hold, or None."""


@dataclass(frozen=True, slots=True)
class Filter:
    """A compiled filter. paths: every path in it, with the way to its key in the data. compares: it looks at the event before."""

    paths: tuple[FoundPath, ...]
    _nodes: tuple[_Node, ...]
    compares: bool = False

    def refusal(self, scope: Scope) -> str | None:
        """Return None when the filter holds, else one plain sentence: `status_id is 9, not one of 1, 2`.

        PermanentError when it cannot be told: a pattern took too long on the text, or a JSONPath does not fit the event.
        """
        try:
            with effort.allowed(effort.SECONDS_OF_A_MAP):
                return next((reason for node in self._nodes if (reason := node.refusal(scope)) is not None), None)
        except ValueError as error:
            raise PermanentError(f"a filter cannot be worked out: {error}") from error

    def holds(self, scope: Scope) -> bool:
        """Return whether everything in the filter holds; PermanentError as for `refusal`."""
        return self.refusal(scope) is None


def compile_filter(data: Any, *, of_items: bool = False) -> Filter:
    """Return the filter that plain data means; LanguageError, with every mistake in `errors`, when it means none.

    of_items: it chooses among the items of a list, of which nobody knows what they were before.
    """
    compiling = _Compiling(of_items=of_items)
    nodes = compiling.mapping(data, ())
    if compiling.errors:
        raise LanguageErrors(compiling.errors)
    return Filter(tuple(compiling.paths), nodes, compiling.compares)


@dataclass(frozen=True, slots=True)
class _Condition:
    """One line of a filter. changed: whether the value has to differ from that of the event before; None: it may."""

    path: Path
    tests: tuple[Comparison, ...]
    changed: bool | None = None

    def refusal(self, scope: Scope) -> str | None:
        found = self.path.read(scope)
        for test in self.tests:
            if not test.holds(found, scope.locale):
                return f"{self.path} {_stated(found)}, {test.wish}"
        if self.changed is not None and self._differs(found, scope) is not self.changed:
            return f"{self.path} {_stated(found)}, {'as' if self.changed else 'but not so'} in the event before"
        return None

    def _differs(self, found: Any, scope: Scope) -> bool:
        before = scope.before()
        if before is None:
            return True
        known = self.path.read(before)
        return bool(found != known) and not (is_empty(found) and is_empty(known))


@dataclass(frozen=True, slots=True)
class _All:
    filters: tuple[Filter, ...]

    def refusal(self, scope: Scope) -> str | None:
        return next(_refusals(self.filters, scope), None)


@dataclass(frozen=True, slots=True)
class _Any:
    filters: tuple[Filter, ...]

    def refusal(self, scope: Scope) -> str | None:
        reasons: list[str] = []
        for inner in self.filters:
            reason = inner.refusal(scope)
            if reason is None:
                return None
            reasons.append(reason)
        return "none of these holds: " + "; ".join(reasons)


@dataclass(frozen=True, slots=True)
class _Not:
    filter: Filter
    written: str

    def refusal(self, scope: Scope) -> str | None:
        return f"what `not` rules out holds: {self.written}" if self.filter.holds(scope) else None


def _refusals(filters: Sequence[Filter], scope: Scope) -> Iterator[str]:
    return (reason for inner in filters if (reason := inner.refusal(scope)) is not None)


def _stated(found: Any) -> str:
    if found is MISSING or found is None:
        return "has no value"
    return "is empty" if found == "" else f"is {shown(found)}"


class _Compiling:
    """One filter being compiled: gathers paths and mistakes on the way."""

    def __init__(self, *, of_items: bool) -> None:
        self.compares = False
        self._of_items = of_items
        self.paths: list[FoundPath] = []
        self.errors: list[LanguageError] = []

    def mapping(self, data: Any, at: At) -> tuple[_Node, ...]:
        if not isinstance(data, Mapping):
            self._refuse(f"a filter is a mapping of path to condition, not {shown(data) or 'nothing'}", at)
            return ()
        nodes = (self._line(key, value, (*at, key)) for key, value in data.items())
        return tuple(node for node in nodes if node is not None)

    def _line(self, key: Any, value: Any, at: At) -> _Node | None:
        if key in _WORDS:
            return self._group(key, value, at)
        try:
            path = compile_path(str(key))
        except LanguageError as error:
            self.errors.append(error.under(*at))
            return None
        self.paths.append((at, path))
        changed: bool | None = None
        if isinstance(value, Mapping) and _CHANGED in value:
            changed = self._changed(path, value[_CHANGED], (*at, _CHANGED))
            value = {word: wanted for word, wanted in value.items() if word != _CHANGED}
            if not value:
                return _Condition(path, (), changed)
        return _Condition(path, tuple(self._tests(value, at)), changed)

    def _changed(self, path: Path, wanted: Any, at: At) -> bool:
        self.compares = True
        if not isinstance(wanted, bool):
            self._refuse("changed takes true or false", at)
        elif self._of_items:
            self._refuse("changed compares an event with the one before; the items of a list have none before", at)
        elif path.root != "event":
            self._refuse(f"changed compares fields of the event; {path} is none", at)
        return wanted is True

    def _group(self, word: str, value: Any, at: At) -> _Node | None:
        if word == "not":
            return _Not(Filter((), self.mapping(value, at)), shown(value))
        if not isinstance(value, list) or not value:
            self._refuse(f"`{word}` takes a list of filters: {word}: [{{…}}, {{…}}]", at)
            return None
        filters = tuple(Filter((), self.mapping(entry, (*at, index))) for index, entry in enumerate(value))
        return _All(filters) if word == "all" else _Any(filters)

    def _tests(self, value: Any, at: At) -> Iterator[Comparison]:
        if not isinstance(value, Mapping):
            yield from self._made(partial(one_of, value), at)
            return
        if not value:
            self._refuse("the condition is empty; write a value or an operator such as {exists: true}", at)
        for word, wanted in value.items():
            if word in OPERATORS:
                yield from self._made(partial(compile_operator, word, wanted), (*at, word))
            else:
                self._unknown(str(word), at)

    def _made(self, make: Callable[[], Comparison], at: At) -> Iterator[Comparison]:
        try:
            yield make()
        except LanguageError as error:
            self.errors.append(error.under(*at))

    def _unknown(self, word: str, at: At) -> None:
        suggestion = ALIASES.get(word) or closest(word, OPERATORS)
        hint = (
            ""
            if suggestion
            else f"; known are {', '.join(OPERATORS)}. A field inside a field is written {at[-1]}.{word}"
        )
        self._refuse(f"{word} is not an operator{hint}", (*at, word), suggestion)

    def _refuse(self, message: str, at: At, suggestion: str | None = None) -> None:
        self.errors.append(LanguageError(message, rule="filter", at=at, suggestion=suggestion))
