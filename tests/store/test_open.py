"""Opening: who may, what is made, and what the user is told when it does not work."""

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from apimonster_cli.core.errors import ConfigError, StoreError
from apimonster_cli.store.open import open_store, store_path
from tests.store.build import SetClock, accept, event, opened

OPEN_AND_TELL_MODULES = """
import sys
from pathlib import Path
from apimonster_cli.core.clock import SystemClock
from apimonster_cli.store.open import open_store
open_store("sqlite:///apimonster.db", base=Path(sys.argv[1]), daemon=True, clock=SystemClock()).close_store()
print("alembic" in sys.modules)
"""
HOLD = """
import sys
from pathlib import Path
from apimonster_cli.core.clock import SystemClock
from apimonster_cli.store.open import open_store
store = open_store("sqlite:///apimonster.db", base=Path(sys.argv[1]), daemon=True, clock=SystemClock())
print("ready", flush=True)
sys.stdin.read()
"""


def refusal(folder: Path, *, daemon: bool = True) -> str:
    with pytest.raises(StoreError) as caught:
        opened(folder, daemon=daemon)
    return str(caught.value)


def test_keeps_what_it_has_from_one_run_to_the_next(tmp_path: Path) -> None:
    first = opened(tmp_path)
    accept(first, event())
    first.close_store()

    second = opened(tmp_path)

    assert accept(second, event()) == [2]
    assert second._id == first._id
    second.close_store()


def test_names_each_database_differently(tmp_path: Path) -> None:
    names = []
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        store = opened(tmp_path / folder)
        names.append(store._id)
        store.close_store()

    assert names[0] != names[1]


def test_only_the_owner_may_read_any_of_the_files(tmp_path: Path) -> None:
    umask = os.umask(0o000)
    try:
        store = opened(tmp_path)
        accept(store, event())
        modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
        store.close_store()
    finally:
        os.umask(umask)

    assert modes == dict.fromkeys(
        ("apimonster.db", "apimonster.db-wal", "apimonster.db-shm", "apimonster.db.lock"), 0o600
    )


def test_takes_away_the_rights_of_others(tmp_path: Path) -> None:
    opened(tmp_path).close_store()
    (tmp_path / "apimonster.db").chmod(0o644)

    opened(tmp_path).close_store()

    assert (tmp_path / "apimonster.db").stat().st_mode & 0o777 == 0o600


def test_syncs_each_commit_and_logs_ahead(tmp_path: Path) -> None:
    store = opened(tmp_path)

    def pragma(name: str) -> object:
        return store._writer.run(lambda connection: connection.exec_driver_sql(f"PRAGMA {name}").scalar())

    settings = {
        name: pragma(name) for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout", "auto_vacuum")
    }
    store.close_store()

    assert settings == {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "busy_timeout": 10_000,
        "auto_vacuum": 2,
    }


def test_one_daemon_for_a_file(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "ready\n"

        told = refusal(tmp_path)
        beside = opened(tmp_path, daemon=False)
        events = beside.counts().events
        beside.close_store()
        other.kill()
        other.wait()

    assert told == (
        f"another daemon (process {other.pid}) is using {tmp_path / 'apimonster.db'}; "
        "stop it first or give this one another settings.store"
    )
    assert events == 0
    opened(tmp_path).close_store()


def test_lets_go_of_the_file_when_it_closes(tmp_path: Path) -> None:
    opened(tmp_path).close_store()

    again = opened(tmp_path)

    assert again.writable()
    again.close_store()


def test_a_command_reads_and_writes_beside_the_daemon(tmp_path: Path) -> None:
    daemon, command = opened(tmp_path), opened(tmp_path, daemon=False)
    accept(daemon, event())

    seen = command.counts().events
    command.pause("crm", reason="by hand", now=SetClock().now())

    assert seen == 1
    assert [pause.connection for pause in daemon.pauses()] == ["crm"]
    command.close_store()
    daemon.close_store()


def test_a_command_makes_no_file(tmp_path: Path) -> None:
    told = refusal(tmp_path, daemon=False)

    assert told == f"no history yet: {tmp_path / 'apimonster.db'} does not exist; `sync run` makes it"
    assert list(tmp_path.iterdir()) == []


def test_a_command_finds_no_history_in_an_empty_file(tmp_path: Path) -> None:
    (tmp_path / "apimonster.db").touch()

    assert "no history yet" in refusal(tmp_path, daemon=False)


def test_a_daemon_fills_an_empty_file(tmp_path: Path) -> None:
    (tmp_path / "apimonster.db").touch()

    store = opened(tmp_path)

    assert accept(store, event()) == [1]
    store.close_store()


def test_refuses_a_missing_folder(tmp_path: Path) -> None:
    assert "the folder of the store" in refusal(tmp_path / "missing")
    assert "does not exist; make it or change settings.store" in refusal(tmp_path / "missing")


def test_refuses_a_folder_for_a_file(tmp_path: Path) -> None:
    (tmp_path / "apimonster.db").mkdir()

    assert "is a folder; settings.store has to name a file" in refusal(tmp_path)


@pytest.mark.parametrize("daemon", [True, False])
def test_refuses_a_file_that_is_no_database(tmp_path: Path, *, daemon: bool) -> None:
    (tmp_path / "apimonster.db").write_text("version: 1\nbundles: {}\n" * 100)

    assert "is not a database; name another file in settings.store" in refusal(tmp_path, daemon=daemon)
    assert "is not a database" in refusal(tmp_path, daemon=daemon)  # the lock was let go of


@pytest.mark.parametrize("daemon", [True, False])
def test_refuses_the_database_of_another_program(tmp_path: Path, *, daemon: bool) -> None:
    with sqlite3.connect(tmp_path / "apimonster.db") as other:
        other.execute("CREATE TABLE alembic_version (version_num TEXT)")
    other.close()

    assert "is the database of another program" in refusal(tmp_path, daemon=daemon)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_refuses_a_folder_it_may_not_write(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)

    assert "may not be used by this user" in refusal(tmp_path)


def test_refuses_a_name_that_no_file_can_have(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot be opened: File name too long"):
        open_store(f"sqlite:///{'x' * 300}.db", base=tmp_path, daemon=True, clock=SetClock())


def test_does_not_load_the_migrations_for_a_new_file_nor_for_todays(tmp_path: Path) -> None:
    loaded = [
        subprocess.run(
            [sys.executable, "-c", OPEN_AND_TELL_MODULES, str(tmp_path)], capture_output=True, text=True, check=True
        ).stdout
        for _ in range(2)
    ]

    assert loaded == ["False\n", "False\n"]


@pytest.mark.parametrize(
    ("address", "path"),
    [
        ("sqlite:///apimonster.db", "/base/apimonster.db"),
        ("sqlite:///data/a b.db", "/base/data/a b.db"),
        ("sqlite:////var/lib/apimonster.db", "/var/lib/apimonster.db"),
    ],
)
def test_reads_addresses(address: str, path: str) -> None:
    assert store_path(address, Path("/base")) == Path(path)


@pytest.mark.parametrize(
    "address", ["apimonster.db", "sqlite://", "sqlite:///", "sqlite:///:memory:", "mysql://host/db"]
)
def test_refuses_other_addresses(address: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"is no address of a store; write sqlite:///apimonster\.db"):
        open_store(address, base=tmp_path, daemon=True, clock=SetClock())


@pytest.mark.parametrize("address", ["postgresql://host/db", "postgres://host/db", "postgresql+psycopg://host/db"])
def test_says_that_postgresql_is_not_there_yet(address: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="PostgreSQL is not supported yet"):
        open_store(address, base=tmp_path, daemon=True, clock=SetClock())
