"""Events in: kept once, each repeat counted on the event it repeats."""

import threading
from concurrent.futures import wait
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apimonster_cli.store.database import DatabaseStore
from apimonster_cli.store.rows import Accepted, HistoryFilter, NewEvent
from tests.store.build import NOON, accept, claim, event


def test_keeps_an_event_as_it_came(store: DatabaseStore) -> None:
    given = event(
        "lead-7",
        payload='{"id": 1200000001.1760000001, "имя": "Иван"}',
        body=b"\x00\xff",
        content_type="text/plain",
        query={"a": ["1", "2"]},
        headers={"user-agent": "sender"},
        remote="203.0.113.7",
        reason="because",
        bundles=("orders", "notes"),
    )

    (event_id,) = accept(store, given)

    kept = store.event(event_id)
    assert kept is not None
    for name in ("connection", "event", "status", "received_at", "payload", "body", "content_type", "query", "headers"):
        assert getattr(kept, name) == getattr(given, name)
    assert (kept.object_key, kept.remote, kept.reason, kept.repeats) == ("lead-7", "203.0.113.7", "because", 0)
    assert kept.deliveries == {"orders": "waiting", "notes": "waiting"}


def test_counts_ids_upwards_from_one(store: DatabaseStore) -> None:
    assert accept(store, event(), event(), event()) == [1, 2, 3]


def test_never_uses_an_id_twice(store: DatabaseStore) -> None:
    accept(store, event(bundles=()), event(bundles=()))
    store.prune(events_before=NOON + timedelta(1), transactions_before=NOON)

    assert accept(store, event()) == [3]


def test_counts_a_repeat_on_the_original(store: DatabaseStore) -> None:
    accept(store, event("7", "a"))

    again = [store.accept(event("7", "a")).result() for _ in range(2)]

    assert again == [Accepted(1, duplicate=True)] * 2
    assert [(row.id, row.repeats) for row in store.events(HistoryFilter())] == [(1, 2)]
    assert len(store.deliveries(1)) == 1


@pytest.mark.parametrize(
    "other",
    [
        event("7", "b"),
        event("8", "a"),
        event(None, "a"),
        event("7", "a", connection="other"),
        event("7", "a", event="utmstat.lead_status"),
        event("7", None),
    ],
    ids=["repeat key", "object", "no object", "connection", "event", "no repeat key"],
)
@pytest.mark.parametrize("repeat", ["ever", "latest"])
def test_takes_another_event_for_new(store: DatabaseStore, other: NewEvent, repeat: str) -> None:
    accept(store, event("7", "a", repeat=repeat))

    accepted = store.accept(other).result()

    assert accepted == Accepted(2, duplicate=False)


def test_repeats_nothing_without_a_repeat_key(store: DatabaseStore) -> None:
    assert accept(store, event("7"), event("7")) == [1, 2]


def test_finds_repeats_of_any_earlier_event(store: DatabaseStore) -> None:
    assert accept(store, event("7", "a"), event("7", "b"), event("7", "a")) == [1, 2, 1]


def test_finds_repeats_of_only_the_latest_event_of_an_object(store: DatabaseStore) -> None:
    states = [event("7", state, repeat="latest") for state in "abaab"]

    assert accept(store, *states) == [1, 2, 3, 3, 4]


def test_takes_the_latest_event_of_each_object_for_itself(store: DatabaseStore) -> None:
    events = [event(thing, "a", repeat="latest") for thing in ("7", "8", "7", None, None)]

    assert accept(store, *events) == [1, 2, 1, 3, 3]


def test_an_event_without_a_key_is_the_latest_all_the_same(store: DatabaseStore) -> None:
    assert accept(store, event("7", "a", repeat="latest"), event("7"), event("7", "a", repeat="latest")) == [1, 2, 3]


def test_knows_a_repeat_after_its_event_was_pruned(store: DatabaseStore) -> None:
    accept(store, event("7", "a", bundles=()))
    store.prune(events_before=NOON + timedelta(1), transactions_before=NOON)

    accepted = store.accept(event("7", "a")).result()

    assert accepted == Accepted(1, duplicate=True)
    assert store.event(1) is None


def test_forgets_repeat_keys_in_the_end(store: DatabaseStore) -> None:
    accept(store, event("7", "a", bundles=()))
    gone = store.prune(
        events_before=NOON + timedelta(1), transactions_before=NOON, keys_before=NOON + timedelta(seconds=1)
    )

    accepted = store.accept(event("7", "a")).result()

    assert gone.rows == 2
    assert accepted == Accepted(2, duplicate=False)


@pytest.mark.parametrize("repeat", ["ever", "latest"])
def test_keeps_one_of_many_that_come_at_once(store: DatabaseStore, repeat: str) -> None:
    start = threading.Barrier(8)
    futures = []

    def send() -> None:
        start.wait()
        futures.extend([store.accept(event("7", "a", repeat=repeat)) for _ in range(25)])

    threads = [threading.Thread(target=send) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    wait(futures)

    assert [future.result().duplicate for future in futures].count(False) == 1
    assert [(row.id, row.repeats) for row in store.events(HistoryFilter())] == [(1, 199)]


def test_keeps_text_that_is_half_a_character(store: DatabaseStore) -> None:
    (event_id,) = accept(store, event("lead \ud83d", "\ud83d", query={"a": "\ud83d"}))

    kept = store.event(event_id)
    assert kept is not None
    assert (kept.object_key, kept.query) == ("lead ?", {"a": "?"})


def test_keeps_events_that_make_no_delivery(store: DatabaseStore) -> None:
    accept(store, event(event=None, status="rejected", payload=None, body=b"{", reason="no JSON", bundles=()))

    assert claim(store) == []
    assert [row.status for row in store.events(HistoryFilter())] == ["rejected"]


_EVENTS = st.lists(
    st.tuples(
        st.sampled_from(["7", "8", None]), st.sampled_from(["a", "b", None]), st.sampled_from(["ever", "latest"])
    ),
    max_size=12,
)


@given(first=_EVENTS, then=_EVENTS)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_tells_repeats_in_one_batch_and_over_several_alike(
    store: DatabaseStore, first: list[tuple[str, str, str]], then: list[tuple[str, str, str]]
) -> None:
    one, other = f"one-{store.counts().events}", f"other-{store.counts().events}"
    sent = [event(thing, key, repeat=repeat) for thing, key, repeat in (*first, *then)]

    together = [future.result() for future in [store.accept(_by(one, each)) for each in sent]]
    apart = [store.accept(_by(other, each)).result() for each in sent]

    assert _shape(together) == _shape(apart)


def _by(connection: str, sent: NewEvent) -> NewEvent:
    return replace(sent, connection=connection)


def _shape(accepted: list[Accepted]) -> list[tuple[int, bool]]:
    ids: dict[int, int] = {}
    return [(ids.setdefault(each.event_id, len(ids)), each.duplicate) for each in accepted]
