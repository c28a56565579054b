"""Pulls: who has them, what is new on a page, and how far they have come; each in one commit."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from apimonster_cli.store.api import LostLeaseError
from apimonster_cli.store.database import DatabaseStore
from apimonster_cli.store.rows import (
    ClaimedPull,
    HistoryFilter,
    PageTaken,
    Position,
    PulledItem,
    PulledPage,
    PullState,
    Unseen,
)
from tests.store.build import LEASE, NOON, SetClock, accept, call, claim, ended, event, opened

DAY = timedelta(days=1)
UNTIL = NOON + LEASE


def claim_pull(store: DatabaseStore, reading: str = "schedule", **changes: Any) -> ClaimedPull:
    given: dict[str, Any] = {"holder": "h1", "lease": LEASE, "now": NOON}
    claimed = store.claim_pull("deals", reading, **(given | changes))
    assert claimed
    return claimed


def item(key: str, content: str = "c1", **changes: Any) -> PulledItem:
    given: dict[str, Any] = {"payload": f'{{"id":"{key}","content":"{content}"}}', "moment": NOON - DAY}
    return PulledItem(key, content, **(given | changes))


def page(claimed: ClaimedPull, *items: PulledItem, number: int = 1, **changes: Any) -> PulledPage:
    position = Position(claimed.read, NOON - 3 * DAY, NOON + DAY, NOON, page=number, pages=2)
    given: dict[str, Any] = {"position": position, "at": NOON}
    return PulledPage("calls", "calls.deal", items, **(given | changes))


def pull(store: DatabaseStore, *items: PulledItem, at: datetime = NOON) -> PageTaken:
    """Do a whole pull of one page."""
    claimed = claim_pull(store, now=at)
    taken = store.accept_page(claimed.lease, page(claimed, *items, at=at), until=at + LEASE)
    store.finish_pull(claimed.lease, complete=at)
    return taken


def state(store: DatabaseStore) -> PullState:
    (found,) = store.pull_states()
    return found


def changes(store: DatabaseStore) -> Sequence[tuple[str | None, str | None]]:
    """Return object and change of all events, the oldest first."""
    return [(row.object_key, row.change) for row in store.events(HistoryFilter())[::-1]]


def unseen(read: int, **given: Any) -> Unseen:
    wanted: dict[str, Any] = {"since": NOON - 3 * DAY, "until": NOON, "asked_before": NOON - DAY, "most": 10}
    return Unseen("deals", read, **(wanted | given))


def test_a_page_becomes_events_through_the_bundle_that_pulled(store: DatabaseStore) -> None:
    taken = pull(store, item("1"), item("2", gone=True))

    assert taken == PageTaken(created=1, deleted=1)
    assert changes(store) == [("1", "created"), ("2", "deleted")]
    claimed = claim(store, bundles=("deals", "orders"))
    assert [(each.bundle, each.object_key, each.change) for each in claimed] == [
        ("deals", "1", "created"),
        ("deals", "2", "deleted"),
    ]
    assert claimed[0].payload == '{"id":"1","content":"c1"}'


def test_an_event_that_was_sent_has_no_change(store: DatabaseStore) -> None:
    accept(store, event("7"))

    assert claim(store)[0].change is None
    assert changes(store) == [("7", None)]


@pytest.mark.parametrize(
    ("before", "after", "change"),
    [
        (item("1"), item("1"), None),
        (item("1"), item("1", moment=NOON), None),
        (item("1"), item("1", "c2"), "updated"),
        (item("1"), item("1", gone=True), "deleted"),
        (item("1"), item("1", "c2", gone=True), "deleted"),
        (item("1", gone=True), item("1", gone=True), None),
        (item("1", gone=True), item("1", "c2", gone=True), "deleted"),
        (item("1", gone=True), item("1"), "updated"),
    ],
    ids=["same", "dated anew", "edited", "deleted", "edited, deleted", "still gone", "gone, edited", "back"],
)
def test_only_a_change_makes_another_event(
    store: DatabaseStore, before: PulledItem, after: PulledItem, change: str | None
) -> None:
    pull(store, before)

    taken = pull(store, after)

    assert [found for _, found in changes(store)[1:]] == ([change] if change else [])
    assert taken.unchanged == (change is None)


def test_an_older_copy_changes_nothing_however_often_it_is_shown(store: DatabaseStore) -> None:
    newer, older = item("1", "new", updated=NOON), item("1", "old", updated=NOON - DAY)
    pull(store, newer)

    taken = [pull(store, older), pull(store, newer)]

    assert taken == [PageTaken(unchanged=1)] * 2


@pytest.mark.parametrize("updated", [NOON - timedelta(hours=1), NOON + DAY, None])
def test_an_edit_counts_unless_it_is_surely_older(store: DatabaseStore, updated: datetime | None) -> None:
    pull(store, item("1", updated=NOON))

    assert pull(store, item("1", "c2", updated=updated)) == PageTaken(updated=1)


def test_bundles_that_pull_the_same_know_objects_on_their_own(store: DatabaseStore) -> None:
    pull(store, item("1"))
    other = store.claim_pull("copies", holder="h1", lease=LEASE, now=NOON)
    assert other

    taken = store.accept_page(other.lease, page(other, item("1")), until=UNTIL)

    assert taken == PageTaken(created=1)


def test_a_kill_between_pages_loses_and_doubles_nothing(tmp_path: Path) -> None:
    before = opened(tmp_path)
    claimed = claim_pull(before)
    before.accept_page(claimed.lease, page(claimed, item("1")), until=UNTIL)
    before.close_store()

    after = opened(tmp_path)
    after.release_all()
    again = claim_pull(after, holder="h2")
    taken = after.accept_page(again.lease, page(again, item("1"), item("2")), until=UNTIL)

    assert taken == PageTaken(created=1, unchanged=1)
    assert again.complete is None
    assert again.position
    assert (again.position.read, again.position.page, again.position.pages) == (claimed.read, 1, 2)
    assert again.read > claimed.read
    after.close_store()


def test_the_cursor_moves_only_with_a_complete_read(store: DatabaseStore) -> None:
    pull(store, item("1"))
    claimed = claim_pull(store, now=NOON + DAY)
    store.accept_page(claimed.lease, page(claimed, item("2")), until=UNTIL)

    store.release_pull(claimed.lease, error="page 2 fails", again=NOON + 2 * DAY)

    found = state(store)
    assert (found.complete, found.tried_at) == (NOON, NOON + DAY)
    assert (found.failures, found.error, found.retry_at, found.held) == (1, "page 2 fails", NOON + 2 * DAY, False)
    assert found.position
    assert found.position.page == 1


def test_a_complete_read_forgets_the_failures_before(store: DatabaseStore) -> None:
    failed = claim_pull(store)
    store.release_pull(failed.lease, error="overload", again=NOON)
    claimed = claim_pull(store)
    assert claimed.failures == 1

    store.finish_pull(claimed.lease, complete=NOON)

    found = state(store)
    assert (found.failures, found.error, found.retry_at, found.position, found.complete) == (0, None, None, None, NOON)


def test_a_pull_that_was_only_stopped_has_not_failed(store: DatabaseStore) -> None:
    claimed = claim_pull(store)

    store.release_pull(claimed.lease, error=None, again=NOON)

    assert (state(store).failures, state(store).error) == (0, None)


def test_a_backfill_leaves_the_cursor_where_it_is(store: DatabaseStore) -> None:
    pull(store, item("1"))
    backfill = claim_pull(store, "2026-01-01…2026-02-01")

    store.finish_pull(backfill.lease, complete=None)

    assert [(found.reading, found.complete) for found in store.pull_states()] == [
        ("2026-01-01…2026-02-01", None),
        ("schedule", NOON),
    ]


@pytest.mark.parametrize("reading", ["schedule", "2026-01-01…2026-02-01"])
def test_two_pulls_of_a_bundle_never_overlap(store: DatabaseStore, reading: str) -> None:
    claim_pull(store)

    assert store.claim_pull("deals", reading, holder="h2", lease=LEASE, now=NOON) is None
    assert store.claim_pull("others", reading, holder="h2", lease=LEASE, now=NOON)


def test_a_pull_whose_holder_is_gone_is_taken_over_and_fenced(store: DatabaseStore) -> None:
    lost = claim_pull(store)
    claim_pull(store, holder="h2", now=UNTIL)

    with pytest.raises(LostLeaseError):
        store.accept_page(lost.lease, page(lost, item("1")), until=UNTIL)
    with pytest.raises(LostLeaseError):
        store.begin_pull_call(lost.lease, call("pull"), until=UNTIL)
    with pytest.raises(LostLeaseError):
        store.finish_pull(lost.lease, complete=NOON)
    with pytest.raises(LostLeaseError):
        store.release_pull(lost.lease, error="late", again=NOON)
    assert changes(store) == []


def test_a_start_after_a_kill_takes_the_scheduled_pull_back_but_no_backfill(tmp_path: Path) -> None:
    store = opened(tmp_path)
    claim_pull(store)
    other = store.claim_pull("copies", "2026-01-01…2026-02-01", holder="h9", lease=LEASE, now=NOON)

    store.release_all()

    assert other
    assert [(found.bundle, found.held) for found in store.pull_states()] == [("copies", True), ("deals", False)]
    store.close_store()


def test_the_pulls_of_a_program_that_ended_are_given_back(store: DatabaseStore) -> None:
    claim_pull(store, "2026-03", holder="ended")
    kept = store.claim_pull("others", "2026-03", holder="alive", lease=LEASE, now=NOON)

    given_back = store.hand_back_pulls("ended")

    assert given_back == 1
    assert [(each.bundle, each.holder) for each in store.pull_states()] == [("deals", None), ("others", "alive")]
    assert kept
    claim_pull(store, "2026-03", holder="h2")


def test_a_call_holds_the_pull_longer(store: DatabaseStore) -> None:
    claimed = claim_pull(store)

    store.begin_pull_call(claimed.lease, call("pull"), until=UNTIL + DAY)

    assert state(store).held_until == UNTIL + DAY


def test_the_calls_of_a_pull_are_on_record(store: DatabaseStore) -> None:
    claimed = claim_pull(store)
    first = store.begin_pull_call(claimed.lease, call("pull", writes=False), until=UNTIL)
    second = store.begin_pull_call(claimed.lease, call("pull"), [ended(first, status=200)], until=UNTIL)
    third = store.begin_pull_call(claimed.lease, call("pull"), until=UNTIL)
    store.accept_page(claimed.lease, page(claimed), [ended(second, status=500)], until=UNTIL)
    store.finish_pull(claimed.lease, complete=NOON, ended=[ended(third, status=204)])

    rows = store.transactions(HistoryFilter(bundle="deals"))

    assert [row.status for row in rows] == [204, 500, 200]
    assert {(row.delivery_id, row.event_id, row.bundle, row.step, row.state) for row in rows} == {
        (None, None, "deals", "pull", "answered")
    }


def test_new_deals_wake_the_workers_and_known_ones_do_not(store: DatabaseStore) -> None:
    woken: list[bool] = []
    store.on_work(lambda: woken.append(True))
    pull(store, item("1"))
    after_new = len(woken)

    pull(store, item("1"))

    assert (after_new, len(woken)) == (1, 1)


def test_what_a_read_should_have_shown_is_missing(store: DatabaseStore) -> None:
    pull(
        store,
        item("there"),
        item("vanished"),
        item("earlier", moment=NOON - 4 * DAY),
        item("later", moment=NOON),
        item("undated", moment=None),
        item("gone", gone=True),
    )
    claimed = claim_pull(store)
    store.accept_page(claimed.lease, page(claimed, item("there")), until=UNTIL)

    found = store.missing(unseen(claimed.read))

    assert found == [item("vanished")]


def test_what_was_asked_for_alone_is_left_in_peace_for_a_while(store: DatabaseStore) -> None:
    pull(store, item("hidden"), item("other"))
    claimed = claim_pull(store)
    alone = replace(page(claimed, item("hidden", alone=True)), position=Position(0, NOON, NOON, NOON))
    store.accept_page(claimed.lease, alone, until=UNTIL)

    now, tomorrow = (store.missing(unseen(claimed.read, asked_before=NOON + wait)) for wait in (-DAY, DAY))

    assert [each.object_key for each in now] == ["other"]
    assert [each.object_key for each in tomorrow] == ["other", "hidden"]


def test_no_more_are_missing_than_wanted(store: DatabaseStore) -> None:
    pull(store, *(item(str(number)) for number in range(5)))

    assert len(store.missing(unseen(99, most=3))) == 3


def test_a_deal_that_vanished_is_deleted_as_it_was(store: DatabaseStore) -> None:
    pull(store, item("1"))
    (vanished,) = store.missing(unseen(99))

    taken = pull(store, replace(vanished, gone=True))

    assert taken == PageTaken(deleted=1)
    assert store.events(HistoryFilter())[0].payload == item("1").payload


def test_objects_not_seen_for_a_long_time_are_forgotten(store: DatabaseStore) -> None:
    pull(store, item("old"))
    pull(store, item("new"), at=NOON + DAY)

    gone = store.prune(
        events_before=NOON - DAY, transactions_before=NOON - DAY, keys_before=NOON + timedelta(seconds=1)
    )

    assert gone.rows == 1
    assert [each.object_key for each in store.missing(unseen(99))] == ["new"]


def test_old_calls_of_pulls_are_pruned(store: DatabaseStore) -> None:
    claimed = claim_pull(store)
    store.begin_pull_call(claimed.lease, call("pull"), until=UNTIL)

    gone = store.prune(events_before=NOON - DAY, transactions_before=NOON + DAY)

    assert gone.rows == 1
    assert store.transactions(HistoryFilter()) == []


def test_the_previous_event_is_the_last_of_the_same_object(store: DatabaseStore) -> None:
    accept(store, event("7", payload='{"n":1}'), event("8", payload='{"n":2}'), event("7", payload='{"n":3}'))
    accept(store, event("7", payload='{"n":4}'), event("7", payload='{"n":5}', connection="others"))
    names = ("utmstat.new_lead",)

    assert [store.previous(number, "orders", names) for number in (1, 2, 3, 4, 5, 99)] == [
        None,
        None,
        '{"n":1}',
        '{"n":3}',
        None,
        None,
    ]
    assert store.previous(4, "orders", ("utmstat.contact_scored",)) is None


def test_an_event_without_an_object_has_no_previous_one(store: DatabaseStore) -> None:
    accept(store, event(None), event(None))

    assert store.previous(2, "orders", ("utmstat.new_lead",)) is None


def test_the_previous_one_of_a_pulled_event_is_of_the_same_bundle(store: DatabaseStore) -> None:
    pull(store, item("1"))
    other = store.claim_pull("copies", holder="h1", lease=LEASE, now=NOON)
    assert other
    store.accept_page(other.lease, page(other, item("1")), until=UNTIL)
    pull(store, item("1", "c2"))

    assert store.previous(2, "copies", ("calls.deal",)) is None
    assert store.previous(3, "deals", ("calls.deal",)) == item("1").payload


def test_deals_of_a_backfill_give_way_to_others(store: DatabaseStore, clock: SetClock) -> None:
    claimed = claim_pull(store, "2026-01-01…2026-02-01")
    store.accept_page(claimed.lease, page(claimed, item("1"), bulk=True), until=UNTIL)

    (found,) = claim(store, bundles=("deals",))

    assert found.bulk
