"""What the database says, as sentences that tell a user what to do."""

import sqlite3
from pathlib import Path

from sqlalchemy import exc

from apimonster_cli.core.errors import StoreError

_SENTENCES = {
    "SQLITE_BUSY": "{path} is locked: another program has been writing to it for more than ten seconds; close it and try again",
    "SQLITE_LOCKED": "{path} is locked: another program is writing to it; close it and try again",
    "SQLITE_FULL": "{path} cannot grow: the disk is full; make room and it goes on by itself",
    "SQLITE_READONLY": "{path} is read-only; give the user that runs this program the right to write it and its folder",
    "SQLITE_PERM": "{path} may not be used by the user that runs this program; change its owner or its rights",
    "SQLITE_CANTOPEN": "{path} cannot be opened; check that its folder exists and that this user may write there",
    "SQLITE_NOTADB": "{path} is not a database; name another file in settings.store",
    "SQLITE_CORRUPT": "{path} is damaged; stop the daemon and restore the file from a backup",
    "SQLITE_IOERR": "{path} cannot be read or written: the disk reports an error; check the disk and the mount",
}
_ABOUT_ONE_OPERATION = (sqlite3.IntegrityError, sqlite3.DataError, sqlite3.ProgrammingError)

OF_DATABASE = (exc.SQLAlchemyError, sqlite3.Error)
"""What a statement may raise: on the way of an event it goes to the driver directly."""


def store_error(error: Exception, path: Path) -> StoreError:
    """Return `error` as a sentence about the store at `path`."""
    if isinstance(error, StoreError):
        return error
    driver_error = _of_driver(error)
    if isinstance(driver_error, sqlite3.Error):
        name = getattr(driver_error, "sqlite_errorname", None) or ""  # absent where the driver itself objects
        for prefix, sentence in _SENTENCES.items():
            if name.startswith(prefix):
                return StoreError(f"the store {sentence.format(path=path)}")
    return StoreError(f"the store {path} does not work: {driver_error}")


def concerns_all(error: Exception) -> bool:
    """Return whether the database itself does not work, rather than the one operation that ran into the error."""
    driver_error = _of_driver(error)
    return isinstance(driver_error, sqlite3.DatabaseError) and not isinstance(driver_error, _ABOUT_ONE_OPERATION)


def _of_driver(error: Exception) -> BaseException | None:
    return error.orig if isinstance(error, exc.DBAPIError) else error
