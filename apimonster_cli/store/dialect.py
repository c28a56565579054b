"""What differs from one database to another, and nothing else does: connecting, locking, numbering, tidying.

Only SQLite so far. On PostgreSQL `begin` does nothing (the isolation level does it), `reserve` draws from the sequence, and
`tidy` is left to autovacuum.
"""

import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import (
    URL,
    ColumnElement,
    Connection,
    Engine,
    Integer,
    Table,
    Text,
    create_engine,
    event,
    func,
    literal_column,
    type_coerce,
)

BUSY_SECONDS = 10
_PAGES_BETWEEN_CHECKPOINTS = 4000  # 16 MiB of log: seldom enough that one webhook in a hundred does not wait for it
_LOG_KEPT = 24 * 1024 * 1024  # a longer one is cut when it begins anew, so that its length says whether it can
LONGEST_LOG = 40 * 1024 * 1024
_ROOM_KEPT = 20  # one page in so many may be free: the next rows fill them, and nothing has to be moved
_PATIENCE_SECONDS = 0.1
_SHRINKS = 2  # what INCREMENTAL is called when asked for
_LAST_ID = "SELECT seq FROM sqlite_sequence WHERE name = ?"


def engine_for(path: Path) -> Engine:
    """Return the engine of the SQLite file at `path`. Nothing is opened yet."""
    engine = create_engine(
        URL.create("sqlite", database=str(path)),
        isolation_level="AUTOCOMMIT",  # transactions begin and end where the writer says so
        connect_args={"timeout": BUSY_SECONDS},
        max_overflow=-1,  # as many readers as threads read
    )
    event.listen(engine, "connect", _set_up)
    return engine


def _set_up(connection: sqlite3.Connection, _record: Any) -> None:
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA synchronous = FULL")
    # What is deleted is overwritten with zeros: most builds of SQLite do so by themselves, and some do not.
    connection.execute("PRAGMA secure_delete = ON")
    # What undoes a single statement, where it inserts several rows, needs no file.
    connection.execute("PRAGMA temp_store = MEMORY")
    connection.execute(f"PRAGMA journal_size_limit = {_LOG_KEPT}")
    connection.execute(f"PRAGMA wal_autocheckpoint = {_PAGES_BETWEEN_CHECKPOINTS}")
    # SQLite's own lower() leaves Cyrillic letters as they are; a search would not find Иванов by иванов.
    connection.create_function("lower", 1, _lower, deterministic=True)


def _lower(value: Any) -> Any:
    if isinstance(value, bytes):  # a body that could not be read is searched as far as it is text
        value = value.decode(errors="replace")
    return value.lower() if isinstance(value, str) else value


def prepare_new(connection: Connection) -> None:
    """Set what has to be set before the first table is made: the file can shrink, and readers do not block the writer."""
    connection.exec_driver_sql("PRAGMA auto_vacuum = INCREMENTAL")
    connection.exec_driver_sql("PRAGMA journal_mode = WAL")


def begin(connection: Connection) -> None:
    """Begin a transaction that may write: the lock is taken now, when waiting for it is still possible."""
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def moved(column: ColumnElement[datetime], by: timedelta) -> ColumnElement[str]:
    """Return what stands for the moments of a column, moved; they keep their milliseconds."""
    moment = func.strftime("%Y-%m-%dT%H:%M:%f", column, f"{by.total_seconds():+.3f} seconds")
    return type_coerce(moment, Text()).concat("000Z")


def reserve(connection: Connection, table: Table, count: int) -> range:
    """Return `count` numbers for new rows of `table`; to be called in the transaction that uses them."""
    found = _driver(connection).execute(_LAST_ID, (table.name,)).fetchone()
    last = found[0] if found else 0
    return range(last + 1, last + 1 + count)


def row_number(table: Table) -> ColumnElement[int]:
    """Return the number that the database has given to each row of a table, in the order in which they were written."""
    return literal_column(f"{table.name}.rowid", Integer)


def free_pages(connection: Connection) -> int:
    """Return how many pages of the file no row uses."""
    (free,) = _driver(connection).execute("PRAGMA freelist_count").fetchone()
    return int(free)


def tidy(connection: Connection, until: float) -> bool:
    """Give room of deleted rows back to the disk until then, of the monotonic clock; return whether that is all that is to give."""
    driver = _driver(connection)
    (mode,) = driver.execute("PRAGMA auto_vacuum").fetchone()
    if mode != _SHRINKS:  # a copy that was written anew by hand: see compact
        return True
    (pages,) = driver.execute("PRAGMA page_count").fetchone()
    free = free_pages(connection)
    for _ in range(-((pages - free * _ROOM_KEPT) // (_ROOM_KEPT - 1))):
        driver.execute("PRAGMA incremental_vacuum(1)")  # the driver takes one step, and a step frees one page
        if time.monotonic() >= until:
            return False
    return True


def compact(path: Path) -> None:
    """Write the whole database anew, as small as it can be, and so that it can shrink; nobody may write meanwhile."""
    with closing(sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)) as database:
        database.execute("PRAGMA auto_vacuum = INCREMENTAL")
        database.execute("VACUUM")
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def teach(connection: Connection, name: str, function: Callable[[Any], Any]) -> None:
    """Let statements of this connection call `function`, of one value, by `name`."""
    _driver(connection).create_function(name, 1, function, deterministic=True)


def as_text(value: Any) -> str:
    """Return what a column has as text; bytes that are none are left out or replaced."""
    return value.replace(b"\0", b"").decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def empty_log(path: Path, until: float) -> bool:
    """Take all from the log into the database and leave the log without a byte; until then, of the monotonic clock.

    False when some program read or wrote all the while. Nobody waits for us longer than for a commit.
    """
    with closing(sqlite3.connect(path, timeout=_PATIENCE_SECONDS, isolation_level=None)) as database:
        database.execute("PRAGMA wal_checkpoint(PASSIVE)")
        while database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
            if time.monotonic() >= until:
                return False
            time.sleep(_PATIENCE_SECONDS)
    return True


def write_back_by_itself(connection: Connection, *, wanted: bool) -> None:
    """Say whether a commit of this connection that finds the log long enough writes it back."""
    connection.exec_driver_sql(f"PRAGMA wal_autocheckpoint = {_PAGES_BETWEEN_CHECKPOINTS if wanted else 0}")


def write_back(connection: Connection) -> int:
    """Write the log back into the database, beside a writer; return how many pages of it had to be left."""
    _, pages, written = connection.exec_driver_sql("PRAGMA wal_checkpoint(PASSIVE)").one()
    return int(pages - written)


def log_is_held(path: Path) -> bool:
    """Return whether the log of the database is long, which it only is while some program reads on and on."""
    try:
        return path.with_name(path.name + "-wal").stat().st_size > LONGEST_LOG
    except FileNotFoundError:
        return False


@contextmanager
def without_foreign_keys(connection: Connection) -> Iterator[None]:
    """Let tables be rebuilt: dropping the old copy of one must not delete what refers to it."""
    connection.exec_driver_sql("PRAGMA foreign_keys = OFF")
    try:
        yield
    finally:
        connection.exec_driver_sql("PRAGMA foreign_keys = ON")


def make_file(path: Path) -> None:
    """Create an empty file that only its owner may read; the log files beside it take the same mode."""
    os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))
    path.chmod(0o600)


def back_up(connection: Connection, target: Path) -> None:
    """Copy the database to the file `target`, whole or not at all, readable by its owner only."""
    aside = target.with_name(target.name + ".part")
    aside.unlink(missing_ok=True)
    make_file(aside)
    with closing(sqlite3.connect(aside)) as copy:
        _driver(connection).backup(copy)
    aside.replace(target)


def _driver(connection: Connection) -> sqlite3.Connection:
    driver: sqlite3.Connection = connection.connection.dbapi_connection  # type: ignore[assignment]  # what the pool opened
    return driver
