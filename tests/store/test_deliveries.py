"""Deliveries: who gets which when, and that a late holder changes nothing."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event as hooks

from apimonster_cli.store.api import LostLeaseError
from apimonster_cli.store.database import DatabaseStore
from apimonster_cli.store.rows import FinishedStep, HistoryFilter, Lease
from tests.store.build import LEASE, NOON, SetClock, accept, call, claim, ended, event, step

SECOND = timedelta(seconds=1)


def test_hands_out_all_that_a_worker_needs(store: DatabaseStore) -> None:
    accept(store, event("7", query={"q": "1"}, headers={"h": "2"}))

    (claimed,) = claim(store)

    assert claimed.lease == Lease(1, "w1", 1)
    assert (claimed.event_id, claimed.event, claimed.connection) == (1, "utmstat.new_lead", "leads")
    assert (claimed.bundle, claimed.object_key, claimed.received_at) == ("orders", "7", NOON)
    assert (claimed.payload, claimed.query, claimed.headers) == ('{"id":9223372036854775807}', {"q": "1"}, {"h": "2"})
    assert (claimed.finished, claimed.doubtful, claimed.failing) == ((), {}, None)
    assert (claimed.tries, claimed.first_tried_at) == (0, None)
    assert len(claimed.store_id) == 8


def test_hands_out_bulk_after_everything_else(store: DatabaseStore) -> None:
    first, second, lead = accept(store, event(bulk=True), event(bulk=True), event(received_at=NOON - SECOND))

    claimed = claim(store)

    assert [(each.event_id, each.bulk) for each in claimed] == [(lead, False), (first, True), (second, True)]


def test_hands_out_as_much_bulk_as_is_wanted(store: DatabaseStore) -> None:
    accept(store, *(event(bulk=True) for _ in range(3)), event())

    none = store.claim("w1", ["orders"], limit=16, lease=LEASE, now=NOON, bulk=0)
    some = store.claim("w1", ["orders"], limit=16, lease=LEASE, now=NOON, bulk=2)

    assert [each.bulk for each in none] == [False]
    assert [each.bulk for each in some] == [True, True]


def test_knows_when_bulk_is_due(store: DatabaseStore) -> None:
    accept(store, event(bulk=True, received_at=NOON - SECOND), event())

    assert store.next_due(["orders"]) == store.counts().next_due == NOON - SECOND


def test_hands_out_what_is_due_first(store: DatabaseStore) -> None:
    accept(
        store, event(received_at=NOON - SECOND), event(received_at=NOON - 2 * SECOND), event(received_at=NOON + SECOND)
    )

    claimed = claim(store, limit=5)

    assert [each.event_id for each in claimed] == [2, 1]


def test_hands_out_no_more_than_asked_for(store: DatabaseStore) -> None:
    accept(store, *[event() for _ in range(5)])

    assert [len(claim(store, limit=2)) for _ in range(4)] == [2, 2, 1, 0]


def test_hands_out_only_the_bundles_asked_for(store: DatabaseStore) -> None:
    accept(store, event(bundles=("orders", "notes", "gone")))

    claimed = claim(store, bundles=["notes", "orders"])

    assert {each.bundle for each in claimed} == {"notes", "orders"}


def test_hands_out_events_of_an_object_one_after_the_other(store: DatabaseStore) -> None:
    accept(store, event("7"), event("7"), event("7"), event("8"))

    first = claim(store)
    store.close(first[0].lease, "done")
    second = claim(store)
    store.end_step(second[0].lease, step(), outcome="done")
    third = claim(store)

    assert [[each.event_id for each in claimed] for claimed in (first, second, third)] == [[1, 4], [2], [3]]


def test_orders_each_bundle_for_itself(store: DatabaseStore) -> None:
    accept(store, event("7", bundles=("orders", "notes")), event("7", bundles=("orders", "notes")))
    first = claim(store, bundles=["orders", "notes"])

    store.close(next(each.lease for each in first if each.bundle == "notes"), "filtered")

    assert [(each.bundle, each.event_id) for each in claim(store, bundles=["orders", "notes"])] == [("notes", 2)]


def test_keeps_the_order_while_the_first_waits(store: DatabaseStore) -> None:
    accept(store, event("7"), event("7"))
    (first,) = claim(store)
    store.put_off(first.lease, until=NOON + 60 * SECOND, error="down", counts=True)

    early = claim(store)
    due = store.next_due(["orders"])
    late = claim(store, now=NOON + 60 * SECOND)

    assert (early, due) == ([], NOON + 60 * SECOND)
    assert [each.event_id for each in late] == [1]


def test_an_event_after_a_closed_one_waits_for_nobody(store: DatabaseStore) -> None:
    accept(store, event("7"))
    store.close(claim(store)[0].lease, "failed", error="no")
    accept(store, event("7"))

    assert [each.event_id for each in claim(store)] == [2]


def test_events_without_an_object_wait_for_nobody(store: DatabaseStore) -> None:
    accept(store, event(), event())

    assert len(claim(store)) == 2


def test_takes_a_delivery_back_when_its_lease_has_run_out(store: DatabaseStore) -> None:
    accept(store, event("7"))
    claim(store)

    during = claim(store, now=NOON + LEASE - SECOND, worker="w2")
    after = claim(store, now=NOON + LEASE, worker="w2")

    assert during == []
    assert [each.lease for each in after] == [Lease(1, "w2", 2)]
    assert (after[0].tries, after[0].first_tried_at) == (0, NOON)


def test_extends_only_what_is_still_held(store: DatabaseStore) -> None:
    accept(store, event(), event())
    one, two = (each.lease for each in claim(store))
    store.close(two, "done")

    store.extend([one, two, Lease(1, "w9", 1)], until=NOON + 2 * LEASE)

    assert store.next_due(["orders"]) == NOON + 2 * LEASE
    assert claim(store, now=NOON + LEASE) == []


_VERBS: dict[str, Callable[[DatabaseStore, Lease], Any]] = {
    "begin_call": lambda store, lease: store.begin_call(lease, call()),
    "end_step": lambda store, lease: store.end_step(lease, step(), [ended(1)]),
    "end_step and close": lambda store, lease: store.end_step(lease, step(), [ended(1)], outcome="done"),
    "put_off": lambda store, lease: store.put_off(lease, until=NOON, error="x", counts=True, ended=[ended(1)]),
    "give_up": lambda store, lease: store.give_up(lease, until=NOON, error="x", ended=[ended(1)]),
    "close": lambda store, lease: store.close(lease, "failed", error="x", ended=[ended(1)]),
}


@pytest.mark.parametrize("verb", _VERBS.values(), ids=list(_VERBS))
def test_a_late_holder_changes_nothing(store: DatabaseStore, verb: Callable[[DatabaseStore, Lease], Any]) -> None:
    accept(store, event("7"))
    (late,) = claim(store)
    store.begin_call(late.lease, call())
    (holder,) = claim(store, now=NOON + LEASE)
    before = (store.deliveries(1), store.transactions(HistoryFilter()))

    with pytest.raises(LostLeaseError):
        verb(store, late.lease)

    assert (store.deliveries(1), store.transactions(HistoryFilter())) == before
    verb(store, holder.lease)


@pytest.mark.parametrize("verb", _VERBS.values(), ids=list(_VERBS))
def test_a_closed_delivery_stays_as_it_is(store: DatabaseStore, verb: Callable[[DatabaseStore, Lease], Any]) -> None:
    accept(store, event())
    (claimed,) = claim(store)
    store.close(claimed.lease, "done")

    with pytest.raises(LostLeaseError):
        verb(store, claimed.lease)

    assert [row.state for row in store.deliveries(1)] == ["done"]


def test_brings_back_finished_steps_with_their_outputs(store: DatabaseStore) -> None:
    accept(store, event())
    (claimed,) = claim(store)
    store.end_step(claimed.lease, step("note", position=1, outcome="failed", error="no", output={}))
    store.end_step(claimed.lease, step("order", output={"id": 9223372036854775807}))
    store.put_off(claimed.lease, until=NOON, error="down", counts=True)

    (again,) = claim(store)

    assert again.finished == (
        FinishedStep("order", "done", {"id": 9223372036854775807}),
        FinishedStep("note", "failed", {}, "no"),
    )
    assert (again.tries, again.lease.attempt) == (1, 2)


def test_counts_only_tries_that_count(store: DatabaseStore) -> None:
    accept(store, event())
    for counts in (True, False, True):
        store.put_off(claim(store)[0].lease, until=NOON, error="down", counts=counts)

    (claimed,) = claim(store)

    assert (claimed.tries, claimed.lease.attempt) == (2, 4)


@pytest.mark.parametrize(
    ("begun", "end", "doubtful"),
    [
        ({}, None, {"order"}),
        ({}, {"state": "unknown", "status": None}, {"order"}),
        ({}, {"state": "answered"}, set()),
        ({}, {"state": "turned_away", "status": None}, set()),
        ({"writes": False}, None, set()),
        ({"state": "planned"}, None, set()),
    ],
    ids=["sent", "unknown", "answered", "turned away", "reading", "planned"],
)
def test_a_writing_call_without_an_answer_is_in_doubt(
    store: DatabaseStore, begun: dict[str, Any], end: dict[str, Any] | None, doubtful: set[str]
) -> None:
    accept(store, event())
    (claimed,) = claim(store)
    transaction = store.begin_call(claimed.lease, call(**begun))
    ends = [ended(transaction, **end)] if end else []
    store.put_off(claimed.lease, until=NOON, error="down", counts=True, ended=ends)

    (again,) = claim(store)

    assert set(again.doubtful) == doubtful


def test_a_finished_step_is_in_no_doubt(store: DatabaseStore) -> None:
    accept(store, event())
    (claimed,) = claim(store)
    store.begin_call(claimed.lease, call("order"))
    store.begin_call(claimed.lease, call("note"))
    store.end_step(claimed.lease, step("order"))
    store.release_all()

    (again,) = claim(store)

    assert set(again.doubtful) == {"note"}


def test_a_call_that_looked_leaves_the_doubt(store: DatabaseStore) -> None:
    accept(store, event())
    (claimed,) = claim(store)
    store.begin_call(claimed.lease, call())
    look = store.begin_call(claimed.lease, call(writes=False))
    store.put_off(claimed.lease, until=NOON, error="down", counts=True, ended=[ended(look, status=200)])

    assert set(claim(store)[0].doubtful) == {"order"}


def test_keeps_what_became_of_a_call_with_the_next_write(store: DatabaseStore) -> None:
    accept(store, event())
    (claimed,) = claim(store)
    first = store.begin_call(claimed.lease, call(writes=False))
    second = store.begin_call(claimed.lease, call(), [ended(first, status=200, answer="[]")])
    store.end_step(claimed.lease, step(), [ended(second)], outcome="done")

    rows = store.transactions(HistoryFilter())

    assert [(row.id, row.state, row.status) for row in rows] == [(second, "answered", 201), (first, "answered", 200)]
    assert (rows[0].delivery_id, rows[0].event_id, rows[0].bundle, rows[0].ended_at) == (1, 1, "orders", NOON)


def test_ends_only_calls_of_the_delivery_that_is_held(store: DatabaseStore) -> None:
    accept(store, event(), event())
    one, two = claim(store)
    foreign = store.begin_call(one.lease, call())

    store.close(two.lease, "done", ended=[ended(foreign)])

    assert store.transactions(HistoryFilter())[0].state == "sent"


def test_a_delivery_given_up_stays_open_for_its_on_failure_steps(store: DatabaseStore) -> None:
    accept(store, event("7"), event("7"))
    store.put_off(claim(store)[0].lease, until=NOON, error="down", counts=True)
    store.give_up(claim(store)[0].lease, error="gone for good", until=NOON + SECOND)

    (failing,) = claim(store, now=NOON + SECOND)
    store.close(failing.lease, "failed")

    assert (failing.event_id, failing.failing) == (1, "gone for good")
    assert (failing.tries, failing.first_tried_at) == (0, None)
    assert [(row.state, row.error) for row in store.deliveries(1)] == [("failed", "gone for good")]


def test_forgets_the_last_error_when_it_works_out(store: DatabaseStore) -> None:
    accept(store, event())
    store.put_off(claim(store)[0].lease, until=NOON, error="down", counts=True)

    store.end_step(claim(store)[0].lease, step(), outcome="done")

    (row,) = store.deliveries(1)
    assert (row.state, row.error, row.closed_at, row.attempt) == ("done", None, NOON, 2)


def test_hands_back_what_one_worker_holds(store: DatabaseStore, clock: SetClock) -> None:
    accept(store, event(), event(), event())
    claim(store, limit=2, worker="w1")
    claim(store, limit=1, worker="w2")
    clock.shown = NOON + SECOND

    handed_back = store.hand_back("w1")

    assert handed_back == 2
    again = claim(store, now=NOON + SECOND)
    assert [(each.event_id, each.tries) for each in again] == [(1, 0), (2, 0)]


def test_releases_what_a_killed_daemon_held(store: DatabaseStore) -> None:
    accept(store, event(), event("7"), event("7"))
    claim(store, worker="w1")

    released = store.release_all()

    assert released == 2
    assert [each.event_id for each in claim(store)] == [1, 2]


def test_a_start_after_the_clock_was_set_back_takes_up_what_waits(store: DatabaseStore) -> None:
    accept(store, event(received_at=NOON.replace(year=2036)), event(received_at=NOON + timedelta(hours=30)))

    store.release_all()

    assert [each.event_id for each in claim(store)] == [1]


def test_knows_when_the_next_is_due(store: DatabaseStore) -> None:
    nothing = store.next_due(["orders"])
    accept(store, event(received_at=NOON + SECOND), event(bundles=("notes",)))
    waiting = store.next_due(["orders"])
    claim(store, now=NOON + SECOND)

    assert (nothing, waiting, store.next_due(["orders"])) == (None, NOON + SECOND, NOON + SECOND + LEASE)


def test_claims_with_as_many_statements_for_many_as_for_one(store: DatabaseStore) -> None:
    def statements(limit: int) -> int:
        seen: list[str] = []

        def note(_connection: Any, _cursor: Any, text: str, *_rest: Any) -> None:
            seen.append(text)

        hooks.listen(store._engine, "before_cursor_execute", note)
        assert len(claim(store, limit=limit)) == limit
        hooks.remove(store._engine, "before_cursor_execute", note)
        return len(seen)

    accept(store, *[event() for _ in range(17)])
    for each in claim(store, limit=17):
        store.put_off(each.lease, until=NOON, error="again", counts=True)

    assert statements(1) == statements(16)


def test_finds_what_is_due_without_looking_at_all_that_waits(store: DatabaseStore) -> None:
    from apimonster_cli.store import deliveries, due

    explained: list[str] = []
    plan = "EXPLAIN QUERY PLAN "
    parts = {"wanted": 0, "now": NOON, "bundles": ["a", "b"], "most": 1}
    for statement in (due._DUE, deliveries._NEXT_DUE):
        text = str(statement.params(parts).compile(store._engine, compile_kwargs={"render_postcompile": True}))
        with store._engine.connect() as connection:
            rows = connection.exec_driver_sql(plan + text, (None,) * text.count("?"))
            explained += [str(row[3]) for row in rows]

    assert sum("deliveries_due" in line for line in explained) == 2
    assert not any("TEMP B-TREE" in line for line in explained)
