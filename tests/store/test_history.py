"""What people ask for: listings narrowed down, the newest first."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.event import listen

from apimonster_cli.store import stretches
from apimonster_cli.store.database import DatabaseStore
from apimonster_cli.store.rows import Counts, HistoryFilter
from tests.store.build import NOON, accept, call, claim, ended, event, opened, step

HOUR = timedelta(hours=1)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DatabaseStore]:
    folder: Path = tmp_path_factory.mktemp("history")
    store = opened(folder)
    accept(
        store,
        event("lead-1", payload='{"name": "Иван Петров", "discount": "50%_\\\\"}'),
        event("lead-2", payload='{"name": "\\u0418\\u0432\\u0430\\u043d"}', received_at=NOON + HOUR),
        event("lead-3", bundles=("orders", "notes"), received_at=NOON + 2 * HOUR),
        event(None, event=None, status="unmatched", connection="other", bundles=(), received_at=NOON + 3 * HOUR),
        event(
            None,
            event=None,
            status="rejected",
            payload=None,
            body='{"тел": "79990000007", Сидоров\xff'.encode() + b"\xff\x00",
            bundles=(),
            received_at=NOON + 4 * HOUR,
        ),
    )
    one, two, three = claim(store, now=NOON + 9 * HOUR)
    first = store.begin_call(one.lease, call(request="phone=79990000001"))
    store.end_step(
        one.lease,
        step(fields={"phone": "79990000001"}, origins={"phone": "path phone"}),
        [ended(first, answer='{"id":77}')],
        outcome="done",
    )
    second = store.begin_call(two.lease, call(connection="second", sent_at=NOON + HOUR))
    store.end_step(
        two.lease,
        step(outcome="failed", error="no such site", output={}),
        [ended(second, status=400, answer="нет такого магазина")],
        outcome="failed",
        error="no such site",
    )
    store.begin_call(three.lease, call(url="https://demo.retailcrm.ru/api/v5/orders?number=A7", method="GET"))
    yield store
    store.close_store()


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({}, [5, 4, 3, 2, 1]),
        ({"limit": 2}, [5, 4]),
        ({"connection": "other"}, [4]),
        ({"bundle": "notes"}, [3]),
        ({"bundle": "missing"}, []),
        ({"status": "accepted"}, [3, 2, 1]),
        ({"status": "unmatched"}, [4]),
        ({"status": "rejected"}, [5]),
        ({"status": "done"}, [1]),
        ({"status": "failed"}, [2]),
        ({"status": "running", "bundle": "orders"}, [3]),
        ({"status": "running", "bundle": "notes"}, []),
        ({"status": "waiting"}, [3]),
        ({"since": NOON + 2 * HOUR}, [5, 4, 3]),
        ({"event_id": 2}, [2]),
        ({"search": "Иван"}, [2, 1]),
        ({"search": "иван"}, [2, 1]),
        ({"search": "ПЕТРОВ"}, [1]),
        ({"search": "LEAD-3"}, [3]),
        ({"search": "сидоров"}, [5]),
        ({"search": "79990000007"}, [5]),
        ({"search": "50%_"}, [1]),
        ({"search": "5%_"}, []),
        ({"search": "lead_1"}, []),
        ({"search": "Иван", "since": NOON + HOUR}, [2]),
    ],
    ids=str,
)
def test_lists_events(store: DatabaseStore, wanted: dict[str, Any], found: list[int]) -> None:
    assert [row.id for row in store.events(HistoryFilter(**wanted))] == found


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({}, [3, 2, 1]),
        ({"limit": 1}, [3]),
        ({"connection": "second"}, [2]),
        ({"bundle": "orders"}, [3, 2, 1]),
        ({"bundle": "notes"}, []),
        ({"status": "sent"}, [3]),
        ({"status": "answered"}, [2, 1]),
        ({"status": "400"}, [2]),
        ({"status": "²"}, []),
        ({"since": NOON + HOUR}, [2]),
        ({"event_id": 1}, [1]),
        ({"search": "79990000001"}, [1]),
        ({"search": '"id":77'}, [1]),
        ({"search": "Такого"}, [2]),
        ({"search": "number=a7"}, [3]),
        ({"search": "nothing"}, []),
    ],
    ids=str,
)
def test_lists_transactions(store: DatabaseStore, wanted: dict[str, Any], found: list[int]) -> None:
    assert [row.id for row in store.transactions(HistoryFilter(**wanted))] == found


@pytest.mark.parametrize("rows", [1, 2, 3])
@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({"search": "Иван"}, [2, 1]),
        ({"search": "Иван", "limit": 1}, [2]),
        ({"search": "Иван", "since": NOON + HOUR}, [2]),
        ({"search": "Иван", "since": NOON + 9 * HOUR}, []),
        ({"search": "Иван", "connection": "other"}, []),
        ({"status": "accepted"}, [3, 2, 1]),
        ({"status": "accepted", "limit": 2}, [3, 2]),
        ({"status": "unmatched", "connection": "other"}, [4]),
        ({"status": "done"}, [1]),
    ],
)
def test_lists_the_same_events_however_few_it_looks_at_at_once(
    store: DatabaseStore, monkeypatch: pytest.MonkeyPatch, rows: int, wanted: dict[str, Any], found: list[int]
) -> None:
    monkeypatch.setattr(stretches, "ROWS", rows)

    assert [row.id for row in store.events(HistoryFilter(**wanted))] == found


def test_lets_what_is_written_during_a_long_search_leave_the_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stretches, "ROWS", 1)
    store = opened(tmp_path)
    accept(store, *(event(f"lead-{number}") for number in range(5)))
    emptied: list[bool] = []

    def write(*_: object) -> None:
        with closing(sqlite3.connect(tmp_path / "apimonster.db", isolation_level=None)) as other:
            other.execute("UPDATE store SET checked_at = '2026-03-01T00:00:00.000000Z'")
            emptied.append(other.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0)

    listen(store._engine, "before_cursor_execute", write)

    assert store.events(HistoryFilter(search="nowhere")) == []
    assert len(emptied) >= 5
    assert all(emptied)
    store.close_store()


def test_shows_how_the_deliveries_of_an_event_stand(store: DatabaseStore) -> None:
    event_row = store.event(3)

    assert event_row is not None
    assert event_row.deliveries == {"orders": "running", "notes": "waiting"}
    assert store.event(99) is None


def test_shows_deliveries_with_their_steps(store: DatabaseStore) -> None:
    done, failed = store.deliveries(1)[0], store.deliveries(2)[0]

    assert done.steps == (step(fields={"phone": "79990000001"}, origins={"phone": "path phone"}),)
    assert (done.event_id, done.bundle, done.object_key, done.state, done.attempt) == (1, "orders", "lead-1", "done", 1)
    assert (done.created_at, done.closed_at, done.error) == (NOON, NOON, None)
    assert (failed.state, failed.error, failed.steps[0].error) == ("failed", "no such site", "no such site")
    assert store.deliveries(99) == []


def test_shows_a_transaction_whole(store: DatabaseStore) -> None:
    (row,) = store.transactions(HistoryFilter(event_id=1))

    assert (row.delivery_id, row.bundle, row.step, row.action) == (1, "orders", "order", "retailcrm.create_order")
    assert (row.method, row.writes, row.state, row.status) == ("POST", True, "answered", 201)
    assert (row.request, row.answer, row.error) == ("phone=79990000001", '{"id":77}', None)
    assert (row.sent_at, row.ended_at) == (NOON, NOON)


def test_counts_events_and_deliveries(store: DatabaseStore) -> None:
    counts = store.counts()

    assert counts == Counts(
        events=5,
        deliveries={"done": 1, "failed": 1, "running": 1, "waiting": 1},
        oldest_waiting=NOON + 2 * HOUR,
        next_due=NOON + 2 * HOUR,
    )


def test_counts_nothing_in_a_new_store(tmp_path: Path) -> None:
    empty = opened(tmp_path)

    counts = empty.counts()

    assert counts == Counts(events=0, deliveries={}, oldest_waiting=None, next_due=None)
    empty.close_store()
