"""Very many rows, looked at a stretch at a time.

What is written while a statement reads cannot leave the log of the database before that statement ends. So what may have to look at
every row is asked in many statements, none of which takes long.
"""

from sqlalchemy import ColumnElement, Connection, Table, func, select

from apimonster_cli.store import dialect

ROWS = 5000
"""That one statement looks at: of events with their payloads some 15 MiB."""


def stretches(connection: Connection, table: Table, *like: ColumnElement[bool]) -> list[ColumnElement[bool]]:
    """Return conditions that part the rows of a table that are `like` this, those that were written first at first.

    Of rows that are written meanwhile some are in the last part and some in none.
    """
    number = dialect.row_number(table)
    ends = (func.min(number), func.max(number))
    # Of all rows, SQLite finds either end at once but not both; of some, both by the index of what they are like, and neither alone.
    asked = [select(*ends).where(*like)] if like else [select(end).select_from(table) for end in ends]
    lowest, *_, highest = (end for query in asked for end in connection.execute(query).one())
    if lowest is None:
        return []
    return [number.between(first, first + ROWS - 1) for first in range(lowest, highest + 1, ROWS)]
