"""Copies of the store: made while it is in use, looked through, put back."""

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

from apimonster_cli.core.errors import StoreError
from apimonster_cli.store import dialect, migrate
from apimonster_cli.store.lock import DaemonLock, TakenError

_BESIDE = ("-wal", "-shm")
_MOST_FAULTS = 3


@dataclass(frozen=True, slots=True)
class Contents:
    """What is in a store that was looked through. newest: when its last event came in; current: of this program's own version."""

    events: int
    open_deliveries: int
    newest: datetime | None
    current: bool


def back_up(store: Path, target: Path) -> Contents:
    """Copy the store to `target`, readable by its owner alone, and look through the copy; a daemon may be writing meanwhile.

    StoreError when there is no store, `target` exists, or the copy is not sound; then no `target` is left behind.
    """
    if not store.is_file():
        raise StoreError(f"there is nothing to back up: {store} does not exist")
    if target.exists():
        raise StoreError(f"{target} exists already; choose another name, nothing is written over")
    with _copied(store, target) as (part, contents):
        part.replace(target)
        _sync_folder(target)
    return contents


def verify(file: Path) -> Contents:
    """Look through a copy of a store: every page of it, and whether this program can use it. StoreError when not."""
    try:
        with closing(_open(file)) as database:
            return _looked_through(database, file)
    except sqlite3.Error as error:
        raise StoreError(f"{file} is no sound copy of a store: {error}") from error


def restore(store: Path, file: Path, now: datetime) -> tuple[Contents, Path | None]:
    """Put the copy `file` in the place of the store; return what is in it, and where the store that was there is kept.

    TakenError while a daemon uses the store. StoreError when the copy is not sound: then nothing has changed.
    """
    if store.exists() and file.exists() and file.samefile(store):
        raise StoreError(f"{file} is the store itself; name the copy to restore")
    verify(file)
    try:
        lock = DaemonLock(store)
    except TakenError as error:
        raise TakenError(f"a daemon is using {store}; stop it, restore, and start it again") from error
    try:
        with _copied(file, store) as (part, contents):
            aside = _set_aside(store, now) if store.exists() else None
            part.replace(store)
            _sync_folder(store)
        return contents, aside
    finally:
        lock.release()


@contextmanager
def _copied(source: Path, target: Path) -> Iterator[tuple[Path, Contents]]:
    """Give a sound copy of `source` that lies beside `target` until the end of the block."""
    part = target.with_name(target.name + ".part")
    part.unlink(missing_ok=True)
    try:
        dialect.make_file(part)
        # In one step, for a copy in steps begins anew with each write of another process; in WAL mode it holds up no writer.
        with closing(_open(source)) as original, closing(sqlite3.connect(part)) as copy:
            original.backup(copy)
        contents = verify(part)
        _sync(part)
        yield part, contents
    except sqlite3.Error as error:
        raise StoreError(f"{source} cannot be copied to {target}: {error}") from error
    finally:
        part.unlink(missing_ok=True)


def _open(file: Path) -> sqlite3.Connection:
    """Open a file that has to exist. A copy without a log beside it is opened so that none is made."""
    if not file.is_file():
        raise StoreError(f"there is no file {file}")
    log = file.with_name(file.name + "-wal")
    how = "mode=rw" if log.exists() or file.with_name(file.name + ".lock").exists() else "mode=ro&immutable=1"
    return sqlite3.connect(f"file:{quote(str(file.absolute()))}?{how}", uri=True, timeout=dialect.BUSY_SECONDS)


def _looked_through(database: sqlite3.Connection, file: Path) -> Contents:
    faults = [str(row[0]) for row in database.execute(f"PRAGMA integrity_check({_MOST_FAULTS})")]
    if faults != ["ok"]:
        raise StoreError(f"{file} is damaged: {'; '.join(faults)}")
    if database.execute("PRAGMA foreign_key_check").fetchone():
        raise StoreError(f"{file} is damaged: some of its rows belong to rows that are not there")
    tables = {name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if not {"alembic_version", "events", "deliveries", "store"} <= tables:
        raise StoreError(f"{file} is no copy of a store of this program")
    (revision,) = database.execute("SELECT version_num FROM alembic_version").fetchone()
    if not migrate.knows(revision):
        raise StoreError(f"{file} was written by a newer version of this program; install that version or a later one")
    events, newest = database.execute("SELECT count(*), max(received_at) FROM events").fetchone()
    (waiting,) = database.execute("SELECT count(*) FROM deliveries WHERE closed_at IS NULL").fetchone()
    return Contents(events, waiting, datetime.fromisoformat(newest) if newest else None, revision == migrate.HEAD)


def _set_aside(store: Path, now: datetime) -> Path:
    """Keep the store under another name, whole, for its owner alone.

    Its place is never empty, or a daemon might begin a new one there.
    """
    aside = store.with_name(f"{store.name}.{now:%Y%m%d-%H%M%S}.old")
    # A damaged one, which may be why it is replaced, is kept as it is, with its log.
    with suppress(sqlite3.Error), closing(sqlite3.connect(store, timeout=dialect.BUSY_SECONDS)) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    try:
        os.link(store, aside)
    except OSError:  # a file system without links
        shutil.copy2(store, aside)
    aside.chmod(0o600)
    for suffix in _BESIDE:  # a log that stayed would be taken for the new file's own
        log = store.with_name(store.name + suffix)
        if log.exists():
            log.chmod(0o600)
            log.replace(aside.with_name(aside.name + suffix))
    return aside


def _sync(file: Path) -> None:
    descriptor = os.open(file, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sync_folder(file: Path) -> None:
    _sync(file.parent)
