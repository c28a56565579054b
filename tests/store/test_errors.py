"""What the database says becomes a sentence."""

import sqlite3
from pathlib import Path

import pytest
from sqlalchemy.exc import IntegrityError, OperationalError

from apimonster_cli.core.errors import StoreError
from apimonster_cli.store.errors import concerns_all, store_error
from tests.store.build import accept, event, opened


def _error(name: str) -> OperationalError:
    error = sqlite3.OperationalError("as SQLite puts it")
    error.sqlite_errorname = name
    return OperationalError("SELECT 1", None, error)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("SQLITE_BUSY", "is locked: another program has been writing"),
        ("SQLITE_BUSY_SNAPSHOT", "is locked"),
        ("SQLITE_FULL", "the disk is full; make room"),
        ("SQLITE_READONLY_DIRECTORY", "is read-only"),
        ("SQLITE_CANTOPEN", "cannot be opened"),
        ("SQLITE_NOTADB", "is not a database"),
        ("SQLITE_CORRUPT_INDEX", "is damaged"),
        ("SQLITE_IOERR_FSYNC", "the disk reports an error"),
        ("SQLITE_PERM", "may not be used"),
        ("SQLITE_ERROR", "does not work: as SQLite puts it"),
    ],
)
def test_says_what_is_wrong_and_what_to_do(name: str, words: str) -> None:
    told = str(store_error(_error(name), Path("/data/a.db")))

    assert told.startswith("the store /data/a.db ")
    assert words in told


def test_passes_on_what_it_has_no_sentence_for() -> None:
    assert str(store_error(RuntimeError("odd"), Path("a.db"))) == "the store a.db does not work: odd"


def test_tells_a_reader_as_well(tmp_path: Path) -> None:
    store = opened(tmp_path)
    store._writer.run(lambda connection: connection.exec_driver_sql("DROP TABLE pauses").rowcount)

    with pytest.raises(StoreError, match="does not work: no such table: pauses"):
        store.pauses()
    store.close_store()


def test_leaves_a_sentence_as_it_is() -> None:
    sentence = StoreError("closed")

    assert store_error(sentence, Path("a.db")) is sentence


def test_tells_trouble_of_the_database_from_that_of_one_operation() -> None:
    assert concerns_all(_error("SQLITE_FULL"))
    assert not concerns_all(IntegrityError("INSERT", None, sqlite3.IntegrityError()))
    assert not concerns_all(ValueError())


def test_tells_of_a_file_that_another_program_locks(tmp_path: Path) -> None:
    store = opened(tmp_path)
    store._writer.run(lambda connection: connection.exec_driver_sql("SELECT 1").scalar())
    connection = store._writer._connection
    assert connection is not None
    driver = connection.connection.dbapi_connection
    assert driver is not None
    driver.execute("PRAGMA busy_timeout = 1")
    other = sqlite3.connect(tmp_path / "apimonster.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    locked = store.accept(event()).exception(30)
    other.execute("ROLLBACK")
    other.close()

    assert "is locked: another program has been writing to it" in str(locked)
    assert accept(store, event()) == [1]
    store.close_store()


def test_tells_of_a_file_damaged_under_its_hands(tmp_path: Path) -> None:
    opened(tmp_path).close_store()
    path = tmp_path / "apimonster.db"
    data = bytearray(path.read_bytes())
    data[4096:] = b"\xff" * (len(data) - 4096)
    path.write_bytes(data)

    with pytest.raises(StoreError, match="is damaged; stop the daemon and restore the file from a backup"):
        opened(tmp_path)
