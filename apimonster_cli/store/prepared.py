"""Statements of the way of an event, turned into text once.

Executing a Core statement costs 20 to 40 µs of looking up what it compiles to, each time; the statement itself takes SQLite
one or two. On the way of an event that adds up to more than the sync to disk, so there the text is kept at hand.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import chain
from typing import Any

from sqlalchemy import Connection, CursorResult, Dialect, Insert, Select, Update

_MOST_ROWS = 64  # of one statement; more would save next to nothing

_Place = tuple[str, Callable[[Any], Any] | None, Any]
"""Name of a parameter, how its value is made fit for the driver, and the value where the statement brings its own."""


class Prepared:
    """A Core statement with plain parameters: each a `bindparam` to be named, a column of an insert, or a constant."""

    def __init__(self, statement: Insert | Update | Select[Any]) -> None:
        self._statement = statement
        self._plans: dict[str, tuple[str, list[_Place]]] = {}  # by name of the database, filled at the first use

    def once(self, connection: Connection, values: Mapping[str, Any]) -> CursorResult[*tuple[Any, ...]]:
        """Execute with `values`. Rows come back as the driver has them: numbers and text."""
        text, places = self._plan(connection.dialect)
        return connection.exec_driver_sql(text, _fitted(places, values))

    def each(self, connection: Connection, rows: Iterable[Mapping[str, Any]]) -> None:
        """Execute for each of `rows`, in their order."""
        text, places = self._plan(connection.dialect)
        if fitted := [_fitted(places, row) for row in rows]:
            connection.exec_driver_sql(text, fitted)

    def together(self, connection: Connection, rows: Iterable[Mapping[str, Any]]) -> None:
        """Insert `rows`, many with each statement: the driver lets go of the interpreter's lock for every one it carries out.

        Rows of one statement do not see each other.
        """
        text, places = self._plan(connection.dialect)
        fitted = [_fitted(places, row) for row in rows]
        while fitted:
            count = min(_MOST_ROWS, 1 << (len(fitted).bit_length() - 1))
            connection.exec_driver_sql(_rows(text, count), tuple(chain.from_iterable(fitted[:count])))
            del fitted[:count]

    def among(self, connection: Connection, values: Sequence[str]) -> CursorResult[*tuple[Any, ...]]:
        """Select with `values`, at least one, for the only parameter, which stands in an IN."""
        text, _ = self._plan(connection.dialect)
        count = 1 << (len(values) - 1).bit_length()
        filled = (*values, *[values[-1]] * (count - len(values)))
        return connection.exec_driver_sql(_in(text, count), filled)

    def _plan(self, dialect: Dialect) -> tuple[str, list[_Place]]:
        plan = self._plans.get(dialect.name)
        if plan is None:
            compiled = self._statement.compile(dialect=dialect)
            places: list[_Place] = []
            for name in compiled.positiontup or ():
                parameter = compiled.binds[name]
                fit = parameter.type.dialect_impl(dialect).bind_processor(dialect)
                if parameter.required:
                    places.append((parameter.key, fit, None))
                else:
                    places.append(("", None, fit(parameter.value) if fit else parameter.value))
            plan = self._plans[dialect.name] = (str(compiled), places)
        return plan


# Counts are powers of two, so that there are few texts: the driver keeps what it has prepared by its text.
@lru_cache(maxsize=64)
def _rows(text: str, count: int) -> str:
    head, _, row = text.partition(" VALUES ")
    return f"{head} VALUES {', '.join([row] * count)}"


@lru_cache(maxsize=64)
def _in(text: str, count: int) -> str:
    head, _, rest = text.partition(" IN (")
    value, _, tail = rest.partition(")")
    return f"{head} IN ({', '.join([value] * count)}){tail}"


def _fitted(places: list[_Place], values: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple([own if not name else values[name] if fit is None else fit(values[name]) for name, fit, own in places])
