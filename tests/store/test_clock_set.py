"""What waits by the clock follows it when it is set, also while nothing runs."""

from datetime import timedelta

import pytest

from apimonster_cli.store.database import DatabaseStore
from apimonster_cli.store.past import Replay
from tests.store.build import LEASE, NOON, SetClock, accept, call, claim, ended, event, step

SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def wait_tried(store: DatabaseStore, until: timedelta) -> None:
    """Have one delivery wait that was tried at noon."""
    accept(store, event())
    (held,) = claim(store)
    store.put_off(held.lease, until=NOON + until, error="down", counts=True)


def test_set_back_what_waits_is_due_as_much_earlier(store: DatabaseStore, clock: SetClock) -> None:
    wait_tried(store, 90 * SECOND)
    clock.shown = NOON - HOUR

    moved = store.move(-HOUR)

    assert moved == 2
    assert store.next_due(["orders"]) == NOON - HOUR + 90 * SECOND
    (again,) = claim(store, now=NOON)
    assert again.first_tried_at == NOON - HOUR


def test_set_on_what_waits_has_not_been_tried_for_longer(store: DatabaseStore) -> None:
    wait_tried(store, HOUR)

    store.move(DAY)

    (again,) = claim(store, now=NOON + DAY)
    assert again.first_tried_at == NOON + DAY
    assert again.tries == 1


def test_what_is_held_stays_held_and_keeps_its_attempt(store: DatabaseStore) -> None:
    accept(store, event())
    (held,) = claim(store)

    store.move(-DAY)
    store.extend([held.lease], until=NOON + LEASE)

    assert claim(store) == []
    store.close(held.lease, "done")


@pytest.mark.parametrize("back", [timedelta(minutes=2), HOUR, 400 * DAY], ids=str)
def test_a_start_after_it_was_set_back_waits_no_longer_than_before(
    store: DatabaseStore, clock: SetClock, back: timedelta
) -> None:
    wait_tried(store, 90 * SECOND)
    clock.shown = NOON - back

    store.release_all()

    assert store.next_due(["orders"]) == NOON - back + 90 * SECOND


def test_days_in_which_nothing_ran_are_no_days_of_trying(store: DatabaseStore, clock: SetClock) -> None:
    wait_tried(store, HOUR)
    clock.shown = NOON + 30 * DAY

    store.release_all()

    (again,) = claim(store, now=clock.shown)
    assert again.first_tried_at == clock.shown


def test_a_short_stop_is_a_time_of_trying(store: DatabaseStore, clock: SetClock) -> None:
    wait_tried(store, HOUR)
    clock.shown = NOON + DAY

    store.release_all()

    (again,) = claim(store, now=clock.shown)
    assert again.first_tried_at == NOON


def test_the_next_start_knows_what_it_showed_last(store: DatabaseStore, clock: SetClock) -> None:
    wait_tried(store, HOUR)
    clock.shown = NOON + 30 * DAY
    store.extend([], until=clock.shown)
    clock.shown += HOUR

    store.release_all()

    (again,) = claim(store, now=clock.shown)
    assert again.first_tried_at == NOON


def test_set_back_what_is_replayed_still_looks_first(store: DatabaseStore, clock: SetClock) -> None:
    accept(store, event())
    (first,) = claim(store)
    call_id = store.begin_call(first.lease, call())
    store.end_step(first.lease, step(), [ended(call_id)], outcome="done")
    clock.shown = NOON + HOUR
    store.replay([Replay(1, "orders", first.lease.delivery_id)], now=clock.shown)
    (again,) = claim(store, now=clock.shown)
    store.put_off(again.lease, until=clock.shown, error="down", counts=True)

    store.move(-2 * HOUR)

    (later,) = claim(store, now=clock.shown)
    assert set(later.doubtful) == {"order"}
