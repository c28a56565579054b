"""Statements of the way of an event, turned into text once.

Executing a Core statement costs 20 to 40 µs of looking up what it compiles to and of dressing up what came back, each time;
the statement itself takes SQLite one or two. On the way of an event that adds up to more than the sync to disk, so there the
text is kept at hand and goes to the driver as it is. Errors are those of the driver: store/errors.py knows both kinds.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import chain
from typing import Any

from sqlalchemy import Connection, Delete, Dialect, Insert, Select, Update
from sqlalchemy.engine.interfaces import DBAPICursor

_MOST_ROWS = 64  # of one statement; more would save next to nothing

_Place = tuple[str, Callable[[Any], Any] | None, Any]
"""Name of a parameter, how its value is made fit for the driver, and the value where the statement brings its own."""


class Prepared:
    """A Core statement with plain parameters: each a `bindparam` to be named, a column of an insert, or a constant."""

    def __init__(self, statement: Insert | Update | Delete | Select[Any]) -> None:
        self._statement = statement
        self._plans: dict[str, tuple[str, list[_Place]]] = {}  # by name of the database, filled at the first use

    def once(self, connection: Connection, values: Mapping[str, Any]) -> DBAPICursor:
        """Execute with `values`. Rows come back as the driver has them: numbers and text."""
        text, places = self._plan(connection.dialect)
        return _executed(connection, text, _fitted(places, values))

    def each(self, connection: Connection, rows: Iterable[Mapping[str, Any]]) -> None:
        """Execute for each of `rows`, in their order."""
        text, places = self._plan(connection.dialect)
        if fitted := [_fitted(places, row) for row in rows]:
            connection.connection.cursor().executemany(text, fitted)

    def together(self, connection: Connection, rows: Iterable[Mapping[str, Any]]) -> None:
        """Insert `rows`, many with each statement: the driver lets go of the interpreter's lock for every one it carries out.

        Rows of one statement do not see each other.
        """
        text, places = self._plan(connection.dialect)
        fitted = [_fitted(places, row) for row in rows]
        while fitted:
            count = min(_MOST_ROWS, 1 << (len(fitted).bit_length() - 1))
            _executed(connection, _rows(text, count), tuple(chain.from_iterable(fitted[:count])))
            del fitted[:count]

    def among(self, connection: Connection, values: Sequence[str]) -> DBAPICursor:
        """Select with `values`, at least one, for the only parameter, which stands in an IN."""
        text, _ = self._plan(connection.dialect)
        count = 1 << (len(values) - 1).bit_length()
        filled = (*values, *[values[-1]] * (count - len(values)))
        return _executed(connection, _in(text, count), filled)

    def _plan(self, database: Dialect) -> tuple[str, list[_Place]]:
        plan = self._plans.get(database.name)
        if plan is None:
            compiled = self._statement.compile(dialect=database)
            places: list[_Place] = []
            for name in compiled.positiontup or ():
                parameter = compiled.binds[name]
                fit = parameter.type.dialect_impl(database).bind_processor(database)
                if parameter.required:
                    places.append((parameter.key, fit, None))
                else:
                    places.append(("", None, fit(parameter.value) if fit else parameter.value))
            plan = self._plans[database.name] = (str(compiled), places)
        return plan


def _executed(connection: Connection, text: str, values: Sequence[Any]) -> DBAPICursor:
    cursor = connection.connection.cursor()
    cursor.execute(text, values)
    return cursor


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
