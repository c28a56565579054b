"""Late events: those that show an older version of a thing than was there before."""

from datetime import timedelta
from typing import Any

import pytest

from apimonster_cli.store.database import DatabaseStore
from apimonster_cli.store.rows import EventRow, HistoryFilter, NewEvent
from tests.store.build import NOON, accept, event

NEW, CHANGED = "salesdrive.new_order", "salesdrive.status_change"
DAY = timedelta(days=1)
HIGHEST = 2**63 - 1


def order(version: int | None, kind: str = CHANGED, **changes: Any) -> NewEvent:
    """Return order 7 in a version, through a bundle that takes both events."""
    given: dict[str, Any] = {"takes": {"orders": (NEW, CHANGED)}, "event": kind, "version": version}
    return event(**({"object_key": "7", "repeat_key": f"{kind}:{version}"} | given | changes))


def kept(store: DatabaseStore) -> list[EventRow]:
    return store.events(HistoryFilter())[::-1]


def test_a_lower_version_is_kept_and_goes_nowhere(store: DatabaseStore) -> None:
    accept(store, order(6), order(3))

    _, late = kept(store)
    assert (late.status, late.reason, late.version) == ("stale", "late: version 3 came after version 6", 3)
    assert late.deliveries == {}


def test_the_setting_lets_it_go_everywhere(store: DatabaseStore) -> None:
    accept(store, order(6), order(3, stale="deliver"))

    _, late = kept(store)
    assert (late.status, late.reason) == ("accepted", "late: version 3 came after version 6")
    assert late.deliveries == {"orders": "waiting"}


@pytest.mark.parametrize("kind", [NEW, CHANGED])
@pytest.mark.parametrize(("first", "second"), [(1, 1), (1, 2), (0, 0), (HIGHEST - 1, HIGHEST), (None, 1), (6, None)])
def test_an_equal_a_higher_and_an_unknown_version_are_not_late(
    store: DatabaseStore, kind: str, first: int | None, second: int | None
) -> None:
    accept(store, order(first, NEW), order(second, kind, repeat_key="another"))

    assert [(row.status, row.reason, list(row.deliveries)) for row in kept(store)] == [
        ("accepted", None, ["orders"])
    ] * 2


@pytest.mark.parametrize(
    "other",
    [order(3, object_key="8"), order(3, object_key=None), order(3, connection="other")],
    ids=["object", "no object", "connection"],
)
def test_another_thing_has_versions_of_its_own(store: DatabaseStore, other: NewEvent) -> None:
    accept(store, order(6), other)

    assert [row.status for row in kept(store)] == ["accepted", "accepted"]


def test_the_highest_version_counts_and_not_the_last(store: DatabaseStore) -> None:
    accept(store, order(6), order(3), order(4))

    assert [row.reason for row in kept(store)][1:] == [
        "late: version 3 came after version 6",
        "late: version 4 came after version 6",
    ]


def test_events_that_are_kept_at_once_are_told_apart_as_well(store: DatabaseStore) -> None:
    versions = [2, 6, 4, 6, 5, 7, 1]
    futures = [store.accept(order(version, repeat_key=str(place))) for place, version in enumerate(versions)]

    ids = [future.result().event_id for future in futures]

    assert ids == [1, 2, 3, 4, 5, 6, 7]
    assert [row.version for row in kept(store) if row.status == "stale"] == [4, 5, 1]
    assert accept(store, order(6, repeat_key="again"))
    assert kept(store)[-1].reason == "late: version 6 came after version 7"


def test_a_late_event_sent_again_is_a_repeat(store: DatabaseStore) -> None:
    accept(store, order(6), order(3))

    again = store.accept(order(3)).result()

    assert (again.event_id, again.duplicate, kept(store)[1].repeats) == (2, True, 1)


def test_a_bundle_that_a_newer_version_never_went_through_takes_it(store: DatabaseStore) -> None:
    takes = {"create": (NEW,), "both": (NEW, CHANGED)}
    accept(store, order(2, bundles=("both",), takes=takes), order(1, NEW, bundles=("create", "both"), takes=takes))

    _, late = kept(store)
    assert (late.status, late.reason) == ("accepted", "late: version 1 came after version 2")
    assert list(late.deliveries) == ["create"]


def test_a_late_event_is_not_the_one_before(store: DatabaseStore) -> None:
    accept(store, order(6, payload='{"v":6}'), order(3, payload='{"v":3}'), order(7, payload='{"v":7}'))

    assert store.previous(3, "orders", [NEW, CHANGED]) == '{"v":6}'


def test_a_version_is_known_when_its_event_is_gone(store: DatabaseStore) -> None:
    accept(store, order(6, bundles=(), received_at=NOON - 399 * DAY))

    gone = store.prune(events_before=NOON, transactions_before=NOON)

    accept(store, order(3))
    assert gone.rows == 1
    assert [row.reason for row in kept(store)] == ["late: version 3 came after version 6"]


def test_a_version_is_forgotten_after_400_days(store: DatabaseStore) -> None:
    accept(store, order(5, received_at=NOON - 500 * DAY), order(6, received_at=NOON - 401 * DAY))

    gone = store.prune(events_before=NOON - 600 * DAY, transactions_before=NOON - 600 * DAY)

    accept(store, order(3))
    assert gone.rows == 3  # two repeat keys and the version
    assert kept(store)[-1].status == "accepted"


def test_late_events_can_be_listed(store: DatabaseStore) -> None:
    accept(store, order(6), order(3))

    assert [row.id for row in store.events(HistoryFilter(status="stale"))] == [2]
