"""Deliveries that are made again."""

from datetime import timedelta
from pathlib import Path

from apimonster_cli.store.database import DatabaseStore
from apimonster_cli.store.lock import is_taken
from apimonster_cli.store.past import PastFilter, Replay
from tests.store.build import NOON, SetClock, accept, call, claim, ended, event, opened, step


def fail(store: DatabaseStore, *, keep: tuple[str, ...] = ()) -> int:
    """Let the next delivery fail at its last step, and return its id."""
    (claimed,) = claim(store, limit=1)
    for name in keep:
        transaction = store.begin_call(claimed.lease, call(name))
        store.end_step(claimed.lease, step(name), [ended(transaction)])
    transaction = store.begin_call(claimed.lease, call("last"))
    failed = step("last", position=9, outcome="failed", error="no")
    store.end_step(claimed.lease, failed, [ended(transaction, status=400)])
    store.give_up(claimed.lease, error="step last: no", until=NOON)
    (again,) = claim(store, limit=1)
    store.end_step(again.lease, step("on_failure.tell", position=10), outcome="failed")
    return claimed.lease.delivery_id


def end(store: DatabaseStore, outcome: str = "done") -> int:
    (claimed,) = claim(store, limit=1)
    transaction = store.begin_call(claimed.lease, call())
    store.end_step(claimed.lease, step(), [ended(transaction)], outcome=outcome)  # type: ignore[arg-type]
    return claimed.lease.delivery_id


def test_a_failed_delivery_keeps_what_it_has_done(store: DatabaseStore) -> None:
    accept(store, event("7"))
    delivery = fail(store, keep=("order",))

    refused = store.replay([Replay(1, "orders", delivery)], now=NOON)

    (claimed,) = claim(store)
    assert refused == []
    assert [finished.step for finished in claimed.finished] == ["order"]
    assert (claimed.failing, claimed.tries, claimed.bulk) == (None, 0, True)
    assert claimed.doubtful == {}


def test_a_done_delivery_does_all_again_and_looks_first(store: DatabaseStore, clock: SetClock) -> None:
    accept(store, event("7"))
    delivery = end(store)

    store.replay([Replay(1, "orders", delivery)], now=NOON)

    (claimed,) = claim(store, now=NOON + timedelta(hours=1))
    assert claimed.finished == ()
    assert set(claimed.doubtful) == {"order"}


def test_live_deliveries_go_first(store: DatabaseStore) -> None:
    accept(store, event("7"))
    delivery = end(store)
    store.replay([Replay(1, "orders", delivery)], now=NOON)
    accept(store, event("8", received_at=NOON + timedelta(minutes=1)))

    taken = claim(store, limit=1, now=NOON + timedelta(hours=1))

    assert [claimed.object_key for claimed in taken] == ["8"]


def test_an_event_goes_through_a_bundle_that_it_never_went_through(store: DatabaseStore) -> None:
    accept(store, event("7", bundles=()))

    refused = [store.replay([Replay(1, "orders", None)], now=NOON) for _ in range(2)]

    (claimed,) = claim(store)
    assert refused == [[], [Replay(1, "orders", None)]]
    assert (claimed.event_id, claimed.object_key, claimed.bulk) == (1, "7", True)


def test_an_event_that_nothing_recognised_becomes_what_it_is_now_known_as(store: DatabaseStore) -> None:
    accept(store, event(None, event=None, status="unmatched", bundles=(), reason="nobody knows it"))

    store.replay([Replay(1, "orders", None, "utmstat.new_lead", "7")], now=NOON)

    row = store.event(1)
    (claimed,) = claim(store)
    assert row
    assert (row.event, row.status, row.object_key, row.reason) == ("utmstat.new_lead", "accepted", "7", None)
    assert (claimed.event, claimed.object_key) == ("utmstat.new_lead", "7")


def test_what_is_on_its_way_is_left_alone(store: DatabaseStore) -> None:
    accept(store, event("7"), event("8"))
    claim(store, limit=1)
    items = [Replay(1, "orders", 1), Replay(2, "orders", 2)]

    refused = store.replay(items, now=NOON)

    assert refused == items
    assert store.counts().deliveries == {"running": 1, "waiting": 1}


def test_nothing_is_put_beside_an_event_of_the_same_object_that_is_under_way(store: DatabaseStore) -> None:
    accept(store, event("7"))
    delivery = end(store)
    accept(store, event("7"))
    claim(store)

    refused = store.replay([Replay(1, "orders", delivery)], now=NOON)

    assert refused == [Replay(1, "orders", delivery)]
    assert store.counts().deliveries == {"done": 1, "running": 1}


def test_events_of_one_object_still_go_one_after_the_other(store: DatabaseStore) -> None:
    accept(store, event("7"), event("7"))
    first, second = end(store), end(store)
    accept(store, event("7"))
    store.replay([Replay(2, "orders", second), Replay(1, "orders", first)], now=NOON)
    accept(store, event("7"))

    order = []
    while taken := claim(store, now=NOON + timedelta(hours=1)):
        assert len(taken) == 1
        order.append(taken[0].event_id)
        store.close(taken[0].lease, "done")

    assert order == [1, 2, 3, 4]


def test_lists_what_can_be_delivered_again(store: DatabaseStore) -> None:
    accept(store, event("7"), event("8", connection="shop"), event("9", bundles=()))
    fail(store)
    accept(store, event(None, event=None, status="rejected", payload=None, body=b"{", bundles=()))
    accept(store, event("5", received_at=NOON + timedelta(days=1)))

    everything = store.past(PastFilter())
    failed = store.past(PastFilter(failed=True))

    assert [past.id for past in everything] == [1, 2, 3, 5]
    assert [(past.id, past.deliveries[0].state, past.deliveries[0].error) for past in failed] == [
        (1, "failed", "step last: no")
    ]
    assert [past.id for past in store.past(PastFilter(failed=True, bundle="others"))] == []
    assert [past.id for past in store.past(PastFilter(event_ids=(4, 2, 77)))] == [2, 4]
    assert [past.id for past in store.past(PastFilter(connection="shop"))] == [2]
    assert [past.id for past in store.past(PastFilter(since=NOON + timedelta(hours=1)))] == [5]


def test_tells_of_a_newer_event_that_was_delivered(store: DatabaseStore) -> None:
    accept(store, event("7"), event("7"), event("8"))
    end(store)
    end(store)

    found = [store.later(number, "orders", ["utmstat.new_lead"]) for number in (1, 2, 3, 99)]

    assert found == [2, None, None, None]
    assert store.later(1, "orders", ["utmstat.lead_status_changed"]) is None


def test_a_daemon_is_seen_by_its_lock(tmp_path: Path) -> None:
    file = tmp_path / "apimonster.db"
    before = is_taken(file)
    daemon = opened(tmp_path)
    beside = opened(tmp_path, daemon=False)

    during = is_taken(file)

    daemon.close_store()
    assert (before, during, is_taken(file)) == (False, True, False)
    assert len(beside.store_id()) == 8
    beside.close_store()
