"""A log that a reader has made long is written back beside the writer, and is short again."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from apimonster_cli.store import dialect, longlog
from apimonster_cli.store.database import DatabaseStore
from tests.store.build import SetClock, accept, event, opened

LONG = 4 * 1024 * 1024
BIG = "x" * 40_000


@pytest.fixture
def store(tmp_path: Path, clock: SetClock, monkeypatch: pytest.MonkeyPatch) -> Iterator[DatabaseStore]:
    monkeypatch.setattr(dialect, "LONGEST_LOG", LONG)
    monkeypatch.setattr(dialect, "_LOG_KEPT", LONG // 2)
    monkeypatch.setattr(dialect, "_PAGES_BETWEEN_CHECKPOINTS", 400)
    monkeypatch.setattr(longlog, "_FEW_PAGES", 200)
    monkeypatch.setattr(longlog, "_PAUSE_SECONDS", 0.001)
    made = opened(tmp_path, clock=clock)
    yield made
    made.close_store()


@contextmanager
def reading(folder: Path) -> Iterator[None]:
    with closing(sqlite3.connect(folder / "apimonster.db", isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM store").fetchone()
        yield


def helper() -> threading.Thread | None:
    return next((thread for thread in threading.enumerate() if thread.name == "store-log" and thread.is_alive()), None)


def settle(store: DatabaseStore, folder: Path) -> None:
    """Write until nothing is left to be done for the log; a few commits, more when threads fall badly in time."""
    for _ in range(200):
        accept(store, event(bundles=()))
        if thread := helper():
            thread.join(20)
        elif pages_between(store) and not dialect.log_is_held(folder / "apimonster.db"):
            return


def grow(store: DatabaseStore, folder: Path) -> None:
    while not dialect.log_is_held(folder / "apimonster.db"):
        accept(store, event(bundles=(), payload=BIG))


def test_a_long_log_is_handed_to_a_thread_while_it_cannot_be_written_back(store: DatabaseStore, tmp_path: Path) -> None:
    with reading(tmp_path):
        grow(store, tmp_path)
        accept(store, event(bundles=()))  # the writer has looked at the log by now
        helped = helper()

    assert helped is not None
    helped.join(20)
    assert not helped.is_alive()


def test_a_long_log_is_short_again_once_the_reader_has_ended(store: DatabaseStore, tmp_path: Path) -> None:
    with reading(tmp_path):
        grow(store, tmp_path)

    settle(store, tmp_path)

    assert not dialect.log_is_held(tmp_path / "apimonster.db")


def test_a_store_is_closed_while_a_reader_goes_on(store: DatabaseStore, tmp_path: Path) -> None:
    with reading(tmp_path):
        grow(store, tmp_path)
        accept(store, event(bundles=()))
        store.close_store()

    assert helper() is None


def test_the_writer_writes_the_log_back_by_itself_afterwards(store: DatabaseStore, tmp_path: Path) -> None:
    with reading(tmp_path):
        grow(store, tmp_path)
        accept(store, event(bundles=()))
        meanwhile = pages_between(store)

    settle(store, tmp_path)

    assert (meanwhile, pages_between(store)) == (0, 400)


def pages_between(store: DatabaseStore) -> int:
    return int(
        store._writer.run(lambda connection: connection.exec_driver_sql("PRAGMA wal_autocheckpoint").scalar_one())
    )
