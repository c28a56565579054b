"""Very many rows, looked at a stretch at a time.

What is written while a statement reads cannot leave the log of the database before that statement ends. So what may have to look at
every row is asked in many statements, none of which takes long. Rows that come in meanwhile are not looked at.
"""

from sqlalchemy import Column, ColumnElement, Connection, func, select

ROWS = 5000
"""That one statement looks at: of events with their payloads some 15 MiB."""


def stretches(connection: Connection, number: Column[int], *like: ColumnElement[bool]) -> list[ColumnElement[bool]]:
    """Return conditions that part the rows of a table that are `like` this by their numbers, the lowest first."""
    lowest, highest = (connection.scalar(select(end(number)).where(*like)) for end in (func.min, func.max))
    if lowest is None or highest is None:
        return []
    return [number.between(first, first + ROWS - 1) for first in range(lowest, highest + 1, ROWS)]
