"""Upgrades that break off: `python -m tests.acceptance.upgrades FOLDER REVISION FIRST EVERY` makes a store of that revision in
the folder, opens copies of it in processes that end at place FIRST and at each EVERY places on, and writes a line of JSON for each.

The processes are forks of this one, in which nothing is open: Alembic takes longer to import than an upgrade takes.
"""

import json
import os
import resource
import shutil
import signal
import sqlite3
import sys
import traceback
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event

from apimonster_cli.core.clock import SystemClock
from apimonster_cli.core.errors import StoreError
from apimonster_cli.store import dialect, migrate
from apimonster_cli.store.open import open_store

STORE = "apimonster.db"
TABLES = ("store", "events", "deliveries", "steps", "transactions", "repeat_keys", "cursors", "pulled", "versions")
_MOMENT = "2026-01-01T00:00:00.000000Z"
_WORDS = {"state": "waiting", "status": "accepted", "event": "utmstat.new_lead", "object_key": "7", "payload": "{}"}
_LINKS = {"event_id": 1, "delivery_id": 1}
_WRITTEN_AT_ONCE = 2048  # bytes between two places where the disk is full


def old_store(file: Path, revision: str, rows: int = 40) -> None:
    """Make a store as a program of that revision left it, with rows in each table that there was."""
    dialect.make_file(file)
    engine = dialect.engine_for(file)
    with engine.connect() as connection:
        dialect.prepare_new(connection)
        migrate.move(connection, to=revision)
    engine.dispose()
    with closing(sqlite3.connect(file)) as database, database:
        for table in TABLES:
            for number in range(1, 2 if table == "store" else rows + 1):
                _insert(database, table, number)


def _insert(database: sqlite3.Connection, table: str, number: int) -> None:
    columns = database.execute(f"PRAGMA table_info({table})").fetchall()
    needed = [
        (name, kind) for _, name, kind, not_null, default, key in columns if (not_null and default is None) or key
    ]
    wanted = {name: _value(name, kind, number) for name, kind in needed}
    if wanted:
        marks = ", ".join("?" * len(wanted))
        database.execute(f"INSERT INTO {table} ({', '.join(wanted)}) VALUES ({marks})", list(wanted.values()))  # noqa: S608


def _value(name: str, kind: str, number: int) -> Any:
    if name in _LINKS:
        return number
    if kind.startswith("VARCHAR(27)"):
        return _MOMENT
    if "INT" in kind or kind == "BOOLEAN":
        return number if name in {"id", "read"} else 0
    return _WORDS.get(name) or f"{name}-{number}"


def contents(file: Path, columns: dict[str, list[str]] | None = None) -> dict[str, Any]:
    """Return the revision of a store and all its rows, of these columns; and its columns."""
    with closing(sqlite3.connect(file)) as database:
        database.execute("PRAGMA query_only = ON")
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert database.execute("PRAGMA foreign_key_check").fetchall() == []
        (revision,) = database.execute("SELECT version_num FROM alembic_version").fetchone()
        there = {name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        found = {
            table: [name for _, name, *_ in database.execute(f"PRAGMA table_info({table})")]
            for table in TABLES
            if table in there
        }
        rows = {
            table: sorted(
                map(repr, database.execute(f"SELECT {', '.join(_shown(table, names))} FROM {table}"))  # noqa: S608
            )
            for table, names in (columns or found).items()
        }
        numbers = dict(database.execute("SELECT name, seq FROM sqlite_sequence").fetchall())
    return {"revision": revision, "columns": found, "rows": rows, "numbers": numbers}


def _shown(table: str, names: list[str]) -> list[str]:
    return [name for name in names if (table, name) != ("store", "checked_at")]


# places --------------------------------------------------------------------------------------------------------------
def kill_at(place: int) -> Callable[[], None]:
    """Return what lets a process be killed before its n-th statement, commit or renaming."""

    def prepare() -> None:
        passed = 0

        def step(*_: Any) -> None:
            nonlocal passed
            passed += 1
            if passed == place:
                os.kill(os.getpid(), signal.SIGKILL)

        event.listen(Engine, "before_cursor_execute", step)
        event.listen(Engine, "commit", step)
        replace = Path.replace

        def replaced(self: Path, target: Path) -> Path:
            step()
            found = replace(self, target)
            step()
            return found

        Path.replace = replaced  # type: ignore[assignment, method-assign]

    return prepare


def full_at(place: int) -> Callable[[], None]:
    """Return what lets no file of a process grow beyond so much."""

    def prepare() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (place * _WRITTEN_AT_ONCE, resource.RLIM_INFINITY))

    return prepare


def attempt(file: Path, prepare: Callable[[], None] = lambda: None) -> str:
    """Open a store in a process of its own; return `opened`, `killed`, or what the error says."""
    told, tell = os.pipe()
    child = os.fork()
    if child == 0:
        _open_and_tell(file, prepare, tell)
    os.close(tell)
    with os.fdopen(told) as reader:
        said = reader.read()
    _, status = os.waitpid(child, 0)
    return "killed" if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL else said


def _open_and_tell(file: Path, prepare: Callable[[], None], tell: int) -> None:
    try:
        prepare()
        open_store(f"sqlite:///{file}", base=file.parent, daemon=True, clock=SystemClock()).close_store()
        said = "opened"
    except StoreError as error:
        said = f"refused: {error}"
    except BaseException:  # noqa: BLE001  # whatever it is, the test has to see it
        said = traceback.format_exc()
    os.write(tell, said.encode())
    os._exit(0)


def trial(old: Path, before: dict[str, Any], file: Path, prepare: Callable[[], None]) -> dict[str, Any]:
    """Upgrade a copy of the store and break that off, then upgrade it again; return what there was after each."""
    file.parent.mkdir()
    shutil.copy2(old, file)
    backup = file.with_name(f"{STORE}.{before['revision']}.bak")
    backup.with_name(f"{backup.name}.part").write_text("what an earlier upgrade left behind")
    line = {"ended": attempt(file, prepare), **_compared(file, before)}
    line["backup"] = _compared(backup, before) if backup.exists() else None
    line["again"] = {"ended": attempt(file), **_compared(file, before)}
    shutil.rmtree(file.parent)
    return line


def _compared(file: Path, before: dict[str, Any]) -> dict[str, Any]:
    """Return the revision of a store, and whether its rows and its columns are those of before."""
    found = contents(file, before["columns"])
    rows = all(found[name] == before[name] for name in ("rows", "numbers"))
    return {"revision": found["revision"], "rows_same": rows, "columns_same": found["columns"] == before["columns"]}


def sweep(folder: Path, revision: str, first: int, every: int) -> None:
    """Try one place after the other until one lies behind the end; write what came of each."""
    old = folder / "old" / STORE
    old.parent.mkdir()
    old_store(old, revision)
    before = contents(old)
    for kind, breaking in (("kill", kill_at), ("full", full_at)):
        ended, place = "", first
        while ended != "opened":
            line = trial(old, before, folder / f"{kind}-{place}" / STORE, breaking(place))
            print(json.dumps({"kind": kind, "place": place, **line}), flush=True)  # noqa: T201  # what it is for
            ended = line["ended"]
            place += every


if __name__ == "__main__":
    sweep(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
