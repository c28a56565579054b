"""The filters of lists: each noun has a table of name → maker, and a maker turns what was asked into a test of a row.

A wrong value is refused as `children[name]`. A filter the table lacks is ignored: no source says what the real API does.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from apimonster_cli.sandbox.answers import Row, wrong_parameter
from apimonster_cli.sandbox.clean import Kind, moment, number
from apimonster_cli.sandbox.parameters import values

LONGEST = 255  # characters of a text filter, docs of GET orders

Test = Callable[[Row], bool]
Maker = Callable[[str, Any], Test]


def matching(rows: Iterable[Row], known: Mapping[str, Maker], asked: Mapping[str, Any]) -> list[Row]:
    """Return the rows that every filter asked for lets through."""
    tests = [known[name](name, value) for name, value in asked.items() if name in known]
    return [row for row in rows if all(test(row) for test in tests)]


def one_of(read: Callable[[Row], Sequence[Any]], *, most: int | None = None) -> Maker:
    """Any of the row's values is among those asked for, compared as texts; at most `most` may be asked for."""

    def make(name: str, value: Any) -> Test:
        wanted = set(values(value))
        if most is not None and len(wanted) > most:
            raise wrong_parameter(name)
        return lambda row: not wanted.isdisjoint(str(found) for found in read(row))

    return make


def ids(read: Callable[[Row], Sequence[Any]]) -> Maker:
    """Any of the row's values is among the whole numbers asked for."""
    inner = one_of(read)

    def make(name: str, value: Any) -> Test:
        if not all(found.isdecimal() for found in values(value)):
            raise wrong_parameter(name)
        return inner(name, value)

    return make


def text(matches: Callable[[Row, str], bool]) -> Maker:
    """`matches(row, what is asked for in lower case)`."""

    def make(name: str, value: Any) -> Test:
        if not isinstance(value, str) or len(value) > LONGEST:
            raise wrong_parameter(name)
        asked = value.casefold()
        return lambda row: matches(row, asked)

    return make


def flag(read: Callable[[Row], Any]) -> Maker:
    """Booleans are asked for as 1 and 0."""

    def make(name: str, value: Any) -> Test:
        if value not in ("0", "1"):
            raise wrong_parameter(name)
        return lambda row: bool(read(row)) is (value == "1")

    return make


def choice(*allowed: str) -> Maker:
    """A filter whose values are checked but that tells the look-alike's rows nothing."""

    def make(name: str, value: Any) -> Test:
        if value not in allowed:
            raise wrong_parameter(name)
        return lambda _row: True

    return make


def at_least(read: Callable[[Row], Any]) -> Maker:
    """The row's number is not below the one asked for."""
    return _bound(read, lambda found, limit: found >= limit)


def at_most(read: Callable[[Row], Any]) -> Maker:
    """The row's number is not above the one asked for."""
    return _bound(read, lambda found, limit: found <= limit)


def since(read: Callable[[Row], str], kind: Kind = Kind.DATE) -> Maker:
    """The row's date is on or after the day (or moment) asked for."""
    return _day(read, kind, lambda found, limit: found >= limit)


def until(read: Callable[[Row], str], kind: Kind = Kind.DATE) -> Maker:
    """The row's date is on or before the day (or moment) asked for."""
    return _day(read, kind, lambda found, limit: found <= limit)


def field(name: str) -> Callable[[Row], Sequence[Any]]:
    """Return a reader of one field as a list of one, or of none when the row lacks it."""
    return lambda row: (row[name],) if name in row else ()


def _bound(read: Callable[[Row], Any], holds: Callable[[Any, Any], bool]) -> Maker:
    def make(name: str, value: Any) -> Test:
        try:
            limit = number(value)
        except ValueError:
            raise wrong_parameter(name) from None
        return lambda row: holds(read(row), limit)

    return make


def _day(read: Callable[[Row], str], kind: Kind, holds: Callable[[str, str], bool]) -> Maker:
    def make(name: str, value: Any) -> Test:
        try:
            limit = moment(value, kind)
        except ValueError:
            raise wrong_parameter(name) from None
        # as texts: the API's dates sort as they are written; a row without one is in no period
        return lambda row: bool(found := read(row)) and holds(found[: len(limit)], limit)

    return make
