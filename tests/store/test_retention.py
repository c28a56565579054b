"""Old rows go in small batches; what is open or failed stays."""

import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from apimonster_cli.store import dialect, retention
from apimonster_cli.store.database import DatabaseStore
from apimonster_cli.store.past import Replay
from apimonster_cli.store.rows import HistoryFilter, Pruned
from tests.store.build import NOON, accept, call, claim, ended, event, step

DAY = timedelta(days=1)


def prune(store: DatabaseStore, *, batch: int = 500, transactions: timedelta = timedelta(0)) -> int:
    """Prune events older than a day after noon."""
    return store.prune(events_before=NOON + DAY, transactions_before=NOON + transactions, batch=batch).rows


def batch_of_two(store: DatabaseStore) -> Pruned:
    return store.prune(events_before=NOON + DAY, transactions_before=NOON, batch=2)


def batch_of_many(store: DatabaseStore) -> Pruned:
    pruned = store.prune(events_before=NOON + DAY, transactions_before=NOON)
    assert pruned.rows <= 2
    assert not pruned.held
    return pruned


def in_the_main_file(folder: Path) -> int:
    """Return how many events there are without those that are only in the log."""
    with closing(sqlite3.connect(f"file:{folder}/apimonster.db?mode=ro&immutable=1", uri=True)) as database:
        return int(database.execute("SELECT count(*) FROM events").fetchone()[0])


def events_left(store: DatabaseStore) -> list[int]:
    return [row.id for row in store.events(HistoryFilter())]


def pragma(store: DatabaseStore, name: str) -> int:
    return int(store._writer.run(lambda connection: connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()))


def test_keeps_events_with_an_open_or_a_failed_delivery(store: DatabaseStore) -> None:
    accept(store, *[event() for _ in range(6)])
    done, filtered, failed, put_off, _running = claim(store, limit=5)
    store.end_step(done.lease, step(), outcome="done")
    store.close(filtered.lease, "filtered")
    store.close(failed.lease, "failed", error="no")
    store.put_off(put_off.lease, until=NOON, error="down", counts=True)

    gone = prune(store)

    assert gone == 2
    assert events_left(store) == [6, 5, 4, 3]
    assert (store.deliveries(1), prune(store)) == ([], 0)


def test_keeps_an_event_while_one_of_its_deliveries_is_open(store: DatabaseStore) -> None:
    accept(store, event(bundles=("orders", "notes")))
    store.close(claim(store)[0].lease, "done")

    assert (prune(store), events_left(store)) == (0, [1])


def test_keeps_young_events(store: DatabaseStore) -> None:
    accept(store, event(bundles=(), received_at=NOON + DAY), event(bundles=()))

    assert (prune(store), events_left(store)) == (1, [1])


def test_transactions_have_their_own_time(store: DatabaseStore) -> None:
    accept(store, event(), event())
    for claimed in claim(store):
        transaction = store.begin_call(claimed.lease, call(sent_at=NOON + DAY * claimed.event_id))
        store.close(claimed.lease, "done", ended=[ended(transaction)])

    gone = prune(store, transactions=2 * DAY)

    assert gone == 1 + 2
    (kept,) = store.transactions(HistoryFilter())
    assert (kept.id, kept.event_id, kept.delivery_id, kept.bundle) == (2, 2, 2, "orders")


def test_keeps_the_transactions_of_an_open_delivery(store: DatabaseStore) -> None:
    accept(store, event())
    store.begin_call(claim(store)[0].lease, call(sent_at=NOON - DAY))
    store.release_all()

    assert prune(store) == 0
    assert set(claim(store)[0].doubtful) == {"order"}


def test_keeps_the_calls_that_changed_something_with_a_failed_delivery(store: DatabaseStore) -> None:
    accept(store, event())
    (claimed,) = claim(store)
    looked = store.begin_call(claimed.lease, call(step="note", method="GET", writes=False, sent_at=NOON - DAY))
    asked = store.begin_call(claimed.lease, call(step="note", sent_at=NOON - DAY))
    said = [ended(looked), ended(asked, state="unknown", status=None, answer=None)]
    store.close(claimed.lease, "failed", error="no answer", ended=said)

    gone = prune(store)

    assert gone == 1
    store.replay([Replay(1, "orders", claimed.lease.delivery_id)], now=NOON)
    assert set(claim(store)[0].doubtful) == {"note"}


def test_a_batch_goes_on_where_the_last_one_ended(store: DatabaseStore) -> None:
    accept(store, *[event() for _ in range(6)])
    for claimed in claim(store):
        store.close(claimed.lease, "failed" if claimed.event_id <= 3 else "done")
    first = batch_of_two(store)
    store.replay([Replay(1, "orders", 1)], now=NOON)  # resolved, but looked at already
    store.close(claim(store)[0].lease, "done")

    later = [batch_of_two(store) for _ in range(2)]

    assert (first, *later) == (Pruned(2, more=True), Pruned(1), Pruned(1))
    assert events_left(store) == [3, 2]


def test_what_was_resolved_goes_in_the_next_pass(store: DatabaseStore) -> None:
    accept(store, event(), event(bundles=()))
    store.close(claim(store)[0].lease, "failed")
    first = prune(store)
    store.replay([Replay(1, "orders", 1)], now=NOON)
    store.close(claim(store)[0].lease, "done")

    second = prune(store)

    assert (first, second) == (1, 1)
    assert events_left(store) == []


def test_prunes_in_small_batches(store: DatabaseStore) -> None:
    accept(store, *[event(bundles=()) for _ in range(5)])

    assert [prune(store, batch=2) for _ in range(4)] == [2, 2, 1, 0]


def test_a_batch_ends_when_its_time_is_up(store: DatabaseStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "_MOST_SECONDS", 0)
    accept(store, *[event(bundles=()) for _ in range(3)])

    batches = [prune(store) for _ in range(4)]

    assert batches == [1, 1, 1, 0]


def test_large_rows_go_a_few_at_a_time(store: DatabaseStore, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(retention, "_MOST_SECONDS", 60)  # what is written counts too, however fast the disk takes it
    accept(store, *[event(bundles=(), payload=f'"{"x" * 700_000}"') for _ in range(40)])
    store._read(dialect.write_back)
    longest = 0

    while batch_of_many(store).more:
        longest = max(longest, (tmp_path / "apimonster.db-wal").stat().st_size)

    assert events_left(store) == []
    assert longest < dialect.LONGEST_LOG


def test_writes_back_what_it_did(store: DatabaseStore, tmp_path: Path) -> None:
    accept(store, *[event(bundles=()) for _ in range(9)])
    store._read(dialect.write_back)
    before = in_the_main_file(tmp_path)

    prune(store)

    assert (before, in_the_main_file(tmp_path)) == (9, 0)


def test_waits_while_a_reader_holds_the_log(
    store: DatabaseStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dialect, "LONGEST_LOG", 1024 * 1024)
    with closing(sqlite3.connect(tmp_path / "apimonster.db", isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM store").fetchone()
        accept(store, *[event(bundles=(), payload="x" * 40_000) for _ in range(40)])
        held = batch_of_two(store)

    assert held == Pruned(0, held=True)
    assert events_left(store)[-1] == 1


def test_keeps_repeat_keys_for_400_days(store: DatabaseStore) -> None:
    accept(store, event("7", "a", received_at=NOON - 401 * DAY), event("8", "a", received_at=NOON - 399 * DAY))

    gone = prune(store)

    assert gone == 1
    assert accept(store, event("7", "a"), event("8", "a")) == [3, 2]


def test_gives_room_back_to_the_disk(store: DatabaseStore) -> None:
    accept(store, *[event(bundles=(), payload="x" * 4000) for _ in range(100)])
    before = pragma(store, "page_count")

    prune(store)

    assert pragma(store, "page_count") < before - 50
    assert pragma(store, "freelist_count") <= pragma(store, "page_count") / 20
