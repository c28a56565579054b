"""Copies of the store: sound, private, and put back without losing what was there."""

import sqlite3
import threading
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from apimonster_cli.core.errors import StoreError
from apimonster_cli.store import backup, migrate
from apimonster_cli.store.lock import TakenError
from tests.store.build import NOON, accept, claim, event, opened


def write_store(folder: Path, events: int = 2) -> Path:
    store = opened(folder)
    accept(store, *(event(str(number)) for number in range(events)))
    store.close(claim(store, limit=1)[0].lease, "done")
    store.close_store()
    return folder / "apimonster.db"


def count(file: Path) -> int:
    with closing(sqlite3.connect(file)) as database:
        (found,) = database.execute("SELECT count(*) FROM events").fetchone()
    return int(found)


def names(folder: Path) -> set[str]:
    return {file.name for file in folder.iterdir()}


def test_a_copy_is_whole_private_and_alone(tmp_path: Path) -> None:
    store = write_store(tmp_path)
    before = names(tmp_path)

    contents = backup.back_up(store, tmp_path / "copy.db")

    assert contents == backup.Contents(2, 1, NOON, current=True)
    assert (tmp_path / "copy.db").stat().st_mode & 0o777 == 0o600
    assert names(tmp_path) - before == {"copy.db"}
    assert count(tmp_path / "copy.db") == 2


def test_a_copy_is_made_while_events_come_in(tmp_path: Path) -> None:
    store = opened(tmp_path)
    accept(store, event("0"))
    stop = threading.Event()
    taken: list[int] = []

    def keep_sending() -> None:
        while not stop.is_set():
            taken.extend(accept(store, event(str(len(taken) + 1))))

    sender = threading.Thread(target=keep_sending)
    sender.start()
    try:
        copies = [backup.back_up(tmp_path / "apimonster.db", tmp_path / f"copy{number}.db") for number in range(5)]
    finally:
        stop.set()
        sender.join()
    store.close_store()

    assert [contents.events for contents in copies] == sorted(contents.events for contents in copies)
    assert all(backup.verify(tmp_path / f"copy{number}.db") == contents for number, contents in enumerate(copies))
    assert count(tmp_path / "apimonster.db") == len(taken) + 1


def test_nothing_is_written_over(tmp_path: Path) -> None:
    store = write_store(tmp_path)
    (tmp_path / "copy.db").write_text("precious")

    with pytest.raises(StoreError, match="copy.db exists already"):
        backup.back_up(store, tmp_path / "copy.db")

    assert (tmp_path / "copy.db").read_text() == "precious"


def test_there_has_to_be_a_store(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="nothing to back up"):
        backup.back_up(tmp_path / "apimonster.db", tmp_path / "copy.db")

    assert names(tmp_path) == set()


def damaged(file: Path) -> Path:
    raw = bytearray(file.read_bytes())
    raw[4096 * 3 : 4096 * 3 + 2000] = b"\xff" * 2000
    file.write_bytes(raw)
    return file


def truncated(file: Path) -> Path:
    file.write_bytes(file.read_bytes()[:9000])
    return file


def of_another_program(file: Path) -> Path:
    file.unlink()
    with closing(sqlite3.connect(file)) as database:
        database.execute("CREATE TABLE things (id)")
    return file


def no_database(file: Path) -> Path:
    file.write_text("version: 1\n" * 100)
    return file


def of_a_newer_version(file: Path) -> Path:
    with closing(sqlite3.connect(file)) as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
        database.commit()
    return file


@pytest.mark.parametrize(
    "spoil",
    [damaged, truncated, of_another_program, no_database, of_a_newer_version, Path.unlink],
    ids=lambda one: one.__name__,
)
def test_what_is_not_sound_is_not_restored(tmp_path: Path, spoil: object) -> None:
    store = write_store(tmp_path)
    copy = tmp_path / "copy.db"
    backup.back_up(store, copy)
    spoil(copy)  # type: ignore[operator]
    before = store.read_bytes()

    with pytest.raises(StoreError, match="copy.db"):
        backup.restore(store, copy, NOON)

    assert store.read_bytes() == before
    assert not {name for name in names(tmp_path) if name.endswith((".part", ".old"))}


def test_a_copy_takes_the_place_of_the_store_which_is_kept(tmp_path: Path) -> None:
    store = write_store(tmp_path)
    backup.back_up(store, tmp_path / "copy.db")
    later = opened(tmp_path)
    accept(later, event("new"))
    later.close_store()

    contents, aside = backup.restore(store, tmp_path / "copy.db", NOON)

    assert contents.events == 2
    assert aside == tmp_path / "apimonster.db.20261121-120000.old"
    assert (count(store), count(aside)) == (2, 3)
    assert store.stat().st_mode & 0o777 == 0o600
    again = opened(tmp_path)
    assert again.counts().events == 2
    again.close_store()


def test_a_log_of_the_old_store_is_not_taken_for_that_of_the_copy(tmp_path: Path) -> None:
    store = write_store(tmp_path)
    backup.back_up(store, tmp_path / "copy.db")
    reader = sqlite3.connect(store)  # keeps the log from being cleared away
    reader.execute("BEGIN")
    reader.execute("SELECT * FROM events").fetchall()
    with closing(sqlite3.connect(store)) as writer:
        writer.execute("DELETE FROM events")
        writer.commit()

    backup.restore(store, tmp_path / "copy.db", NOON + timedelta(hours=1))
    reader.close()

    assert count(store) == 2


def test_a_damaged_store_can_be_replaced(tmp_path: Path) -> None:
    store = write_store(tmp_path)
    backup.back_up(store, tmp_path / "copy.db")
    no_database(store)

    contents, aside = backup.restore(store, tmp_path / "copy.db", NOON)

    assert aside
    assert aside.read_text().startswith("version: 1")
    assert (contents.events, count(store)) == (2, 2)


def test_a_store_that_is_lost_is_brought_back(tmp_path: Path) -> None:
    store = write_store(tmp_path)
    backup.back_up(store, tmp_path / "copy.db")
    store.unlink()

    _, aside = backup.restore(store, tmp_path / "copy.db", NOON)

    assert aside is None
    assert count(store) == 2


def test_nothing_is_restored_while_a_daemon_runs(tmp_path: Path) -> None:
    store = write_store(tmp_path)
    backup.back_up(store, tmp_path / "copy.db")
    daemon = opened(tmp_path)

    with pytest.raises(TakenError, match="a daemon is using .*; stop it, restore, and start it again"):
        backup.restore(store, tmp_path / "copy.db", NOON)

    daemon.close_store()


def test_a_store_is_not_restored_from_itself(tmp_path: Path) -> None:
    store = write_store(tmp_path)

    with pytest.raises(StoreError, match="is the store itself"):
        backup.restore(store, store, NOON)


def test_a_copy_of_an_older_version_is_known_as_such(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = write_store(tmp_path)
    with closing(sqlite3.connect(store)) as database:
        database.execute("UPDATE alembic_version SET version_num = '0001'")
        database.commit()

    contents = backup.verify(store)

    assert not contents.current
    assert migrate.HEAD != "0001"
