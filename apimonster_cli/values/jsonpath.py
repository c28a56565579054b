"""Full JSONPath, for what plain paths cannot say; loaded only when a bundle uses it."""

import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any, Self

from jsonpath_ng import Child, Fields, Index, JSONPath, Root, This
from jsonpath_ng.exceptions import JSONPathError
from jsonpath_ng.ext import parser
from jsonpath_ng.ext.arithmetic import Operation
from jsonpath_ng.ext.iterable import Keys, Len
from jsonpath_ng.ext.string import DefintionInvalid, Split, Str, Sub

from apimonster_cli.values import effort
from apimonster_cli.values.errors import LanguageError
from apimonster_cli.values.scope import MISSING

# The library checks little itself, neither of a path nor of what it meets in an event.
_FAILURES = (
    JSONPathError,
    DefintionInvalid,
    TypeError,
    ValueError,
    ArithmeticError,
    LookupError,
    AttributeError,
    RecursionError,
    NotImplementedError,
    AssertionError,
    re.error,
)
_ONE_FOR_ONE = (Root, This, Keys, Len, Split, Str, Sub)


class _Exact(float):
    """A Decimal as jsonpath-ng can compare it: its filters order int and float alone."""

    __slots__ = ("exact",)
    exact: Decimal

    def __new__(cls, exact: Decimal) -> Self:
        number = super().__new__(cls, exact)
        number.exact = exact
        return number


def compile_jsonpath(text: str) -> Callable[[Any], Any]:
    """Return a function from the event to what `text` finds; LanguageError when it is no JSONPath.

    A path that can only find one value gives it or MISSING; one with a wildcard, a filter, a slice or `..` gives the list
    of what it finds, also when that is one value, so that the shape never hangs on the event.
    """
    try:
        expression = parser.parse(text)
        parts = list(_parts(expression))
        definite = _is_definite(expression)
    except _FAILURES as error:
        raise LanguageError(f'"{text}" is not a JSONPath: {_one_line(error)}', rule="path") from None
    for part in parts:
        # Read but never found; its class cannot be imported without a warning.
        if type(part).__name__.endswith("Intersect"):
            raise LanguageError(f'"{text}" is not a JSONPath: & is not available', rule="path")
        if isinstance(part, Operation) and part.op_symbol == "*":
            part.op = _product

    def read(event: Any) -> Any:
        try:
            with effort.allowed(effort.SECONDS):
                found = [_restored(match.value) for match in expression.find(_comparable(event))]
        except _FAILURES as error:
            raise ValueError(f"the JSONPath {text} does not work on this event: {_one_line(error)}") from error
        if not found:
            return MISSING
        return found[0] if definite else found

    return read


def _is_definite(expression: JSONPath) -> bool:
    if isinstance(expression, Child):
        return _is_definite(expression.left) and _is_definite(expression.right)
    if isinstance(expression, Fields):
        return len(expression.fields) == 1 and expression.fields[0] != "*"
    if isinstance(expression, Index):
        return len(expression.indices) == 1
    if isinstance(expression, Operation):
        return all(_is_definite(side) for side in (expression.left, expression.right) if isinstance(side, JSONPath))
    return type(expression) in _ONE_FOR_ONE


def _parts(expression: JSONPath) -> Iterator[JSONPath]:
    """Return the expression and all that it is made of."""
    yield expression
    for side in ("left", "right"):
        if isinstance(part := getattr(expression, side, None), JSONPath):
            yield from _parts(part)


def _product(left: Any, right: Any) -> Any:
    """Multiply numbers and nothing else: a text times an id of the sender would fill the memory. TypeError finds nothing."""
    if not all(isinstance(side, int | float) for side in (left, right)):
        raise TypeError
    return left * right


class _Object(dict[str, Any]):
    """An object that asks whether there is time each time that it is looked into: `$..*..*..*` finds millions of things."""

    __slots__ = ()

    def __getitem__(self, key: str) -> Any:
        effort.step()
        return super().__getitem__(key)

    def __iter__(self) -> Iterator[str]:
        effort.step()
        return super().__iter__()

    def keys(self) -> Any:
        effort.step()
        return super().keys()

    def values(self) -> Any:
        effort.step()
        return super().values()

    def items(self) -> Any:
        effort.step()
        return super().items()


class _List(list[Any]):
    """The same for a list."""

    __slots__ = ()

    def __getitem__(self, key: Any) -> Any:
        effort.step()
        return super().__getitem__(key)

    def __iter__(self) -> Iterator[Any]:
        effort.step()
        return super().__iter__()

    def __len__(self) -> int:
        effort.step()
        return super().__len__()


def _comparable(value: Any) -> Any:
    if isinstance(value, dict):
        return _Object((key, _comparable(item)) for key, item in value.items())
    if isinstance(value, list):
        return _List(map(_comparable, value))
    return _Exact(value) if isinstance(value, Decimal) else value


def _restored(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _restored(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_restored(item) for item in value]
    if isinstance(value, _Exact):
        return value.exact
    return Decimal(repr(value)) if isinstance(value, float) else value


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
