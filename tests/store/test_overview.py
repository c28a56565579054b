"""Figures and the last rows of the store, for those who ask every few seconds."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Select
from sqlalchemy.dialects import sqlite

from apimonster_cli.store import deliveries, overview
from apimonster_cli.store.database import DatabaseStore
from apimonster_cli.store.figures import EventGlance, FailureGlance, Figures, Queue
from apimonster_cli.store.past import Replay
from tests.store.build import NOON, accept, claim, event

MINUTE = timedelta(minutes=1)


def test_an_empty_store_has_no_figures(store: DatabaseStore) -> None:
    assert store.figures() == Figures({}, 0)


def test_counts_what_is_open_by_bundle(store: DatabaseStore) -> None:
    both = ("orders", "notes")
    accept(
        store, event(received_at=NOON - 2 * MINUTE), event(bundles=both, received_at=NOON - MINUTE), event(bundles=both)
    )
    (done,) = claim(store, limit=1)
    store.close(done.lease, "done")
    claim(store, bundles=("notes",), limit=1)

    assert store.figures() == Figures(
        {"orders": Queue(waiting=2, running=0, oldest=NOON - MINUTE), "notes": Queue(1, 1, NOON - MINUTE)}, failed=0
    )


def test_what_stands_behind_an_older_one_counts_and_is_not_the_oldest(store: DatabaseStore) -> None:
    accept(store, event("17"), event("17", received_at=NOON - MINUTE))

    assert store.figures().queues == {"orders": Queue(2, 0, NOON)}


def test_what_nobody_waits_for_counts_and_is_not_the_oldest(store: DatabaseStore) -> None:
    accept(store, event(received_at=NOON - MINUTE), event(bulk=True, received_at=NOON - MINUTE), event())
    (old,) = claim(store, limit=1)
    store.close(old.lease, "failed", error="no")
    store.replay([Replay(old.event_id, "orders", old.lease.delivery_id)], now=NOON)

    assert store.figures() == Figures({"orders": Queue(3, 0, NOON)}, failed=0)


def test_counts_what_has_failed(store: DatabaseStore) -> None:
    accept(store, event(), event(), event())
    for claimed, outcome in zip(claim(store), ("failed", "failed", "done"), strict=True):
        store.close(claimed.lease, outcome)  # type: ignore[arg-type]

    assert store.figures() == Figures({}, failed=2)


def test_shows_the_last_events_and_what_became_of_them(store: DatabaseStore) -> None:
    accept(store, event("1"), event("2", bundles=("orders", "notes")), event(None, status="unmatched", bundles=()))
    (claimed, *_) = claim(store, limit=1, bundles=("notes",))
    store.close(claimed.lease, "filtered", error="not for us")

    glance = store.glance(events=2, failures=5)

    assert glance.events == [
        EventGlance(3, NOON, "leads", "utmstat.new_lead", "unmatched", None, {}),
        EventGlance(2, NOON, "leads", "utmstat.new_lead", "accepted", "2", {"orders": "waiting", "notes": "filtered"}),
    ]
    assert glance.failures == []


def test_shows_the_last_failures_and_why(store: DatabaseStore) -> None:
    accept(store, event("1"), event("2"), event("3"))
    for claimed in claim(store):
        store.close(claimed.lease, "failed", error=f"no {claimed.object_key}")

    failures = store.glance(events=0, failures=2).failures

    assert failures == [
        FailureGlance(3, "leads", "utmstat.new_lead", "3", "orders", NOON, "no 3"),
        FailureGlance(2, "leads", "utmstat.new_lead", "2", "orders", NOON, "no 2"),
    ]


@pytest.mark.parametrize(
    ("query", "index"),
    [
        (deliveries._BY_BUNDLE, "deliveries_open"),
        (overview._RUNNING, "deliveries_by_state"),
        (overview._MADE, "deliveries_due"),
        (overview._FAILED, "deliveries_by_state"),
        (overview._FAILURES, "deliveries_by_state"),
    ],
    ids=["open", "running", "oldest", "failed", "failures"],
)
def test_looks_at_no_delivery_that_has_ended_well(store: DatabaseStore, query: Select[Any], index: str) -> None:
    compiled = query.compile(dialect=sqlite.dialect())
    given = tuple({"most": 5}.get(name, compiled.params[name]) for name in compiled.positiontup or ())

    with store._engine.connect() as connection:
        rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {compiled}", given).all()

    plan = [str(row[3]) for row in rows]
    assert any(
        line.endswith((f"USING INDEX {index}", f"COVERING INDEX {index}")) or f"INDEX {index} (" in line
        for line in plan
    )
    assert "SCAN deliveries" not in plan
