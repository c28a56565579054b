"""What is taken up next: what has waited longest, and after a long time without the CRM also what came last."""

import itertools
from datetime import timedelta

import pytest

from apimonster_cli.store.database import DatabaseStore
from apimonster_cli.store.due import LATELY
from apimonster_cli.store.rows import Claimed
from tests.store.build import LEASE, NOON, accept, event

HOURS = timedelta(hours=3)


def claim(store: DatabaseStore, limit: int, *bundles: str, late: timedelta = HOURS) -> list[Claimed]:
    return store.claim("w", bundles or ("orders",), limit=limit, lease=LEASE, now=NOON + late)


def ids(claimed: list[Claimed]) -> list[int]:
    return [each.event_id for each in claimed]


def test_takes_in_turn_what_is_not_late(store: DatabaseStore) -> None:
    accept(store, *(event(str(number)) for number in range(10)))

    claimed = claim(store, 4, late=timedelta(seconds=1))

    assert ids(claimed) == [1, 2, 3, 4]


def test_lets_half_of_what_came_last_pass_what_is_late(store: DatabaseStore) -> None:
    accept(store, *(event(str(number)) for number in range(10)))

    claimed = claim(store, 4)

    assert sorted(ids(claimed)) == [1, 2, 9, 10]


def test_takes_all_that_is_late_when_it_has_room_for_it(store: DatabaseStore) -> None:
    accept(store, *(event(str(number)) for number in range(3)))

    claimed = claim(store, 3)

    assert sorted(ids(claimed)) == [1, 2, 3]


def test_takes_one_by_one_from_both_ends(store: DatabaseStore) -> None:
    accept(store, *(event(str(number)) for number in range(6)))

    claimed = [claim(store, 1) for _ in range(4)]

    assert sorted(ids(claimed[0] + claimed[1])) == [1, 6]
    assert sorted(ids(claimed[2] + claimed[3])) == [2, 5]


def test_keeps_the_order_of_one_object(store: DatabaseStore) -> None:
    accept(store, *(event(str(number)) for number in range(4)), event("7", repeat_key="a"), event("7", repeat_key="b"))

    claimed = claim(store, 4)

    assert sorted(ids(claimed)) == [1, 2, 4, 5]


def test_takes_what_came_last_of_each_bundle_in_turn(store: DatabaseStore) -> None:
    accept(store, *(event(str(number)) for number in range(10)))
    accept(store, *(event(f"other-{number}", bundles=("other",)) for number in range(3)))
    accept(store, *(event(f"late-{number}") for number in range(20)))

    claimed = claim(store, 8, "orders", "other")

    assert sorted(ids(claimed)) == [1, 2, 3, 4, 12, 13, 32, 33]


def test_looks_only_at_what_came_last(store: DatabaseStore) -> None:
    accept(store, *(event(str(number)) for number in range(6)))
    accept(store, *(event(f"other-{number}", bundles=("other",)) for number in range(LATELY)))

    claimed = claim(store, 4)

    assert ids(claimed) == [1, 2, 3, 4]


@pytest.mark.parametrize("limit", [1, 2, 5])
def test_leaves_nothing_behind(store: DatabaseStore, limit: int) -> None:
    accept(store, *(event(str(number)) for number in range(11)))

    taken: list[int] = []
    while claimed := claim(store, limit):
        taken += ids(claimed)

    assert sorted(taken) == list(range(1, 12))


def test_a_few_are_not_held_up_by_very_many_of_another_bundle(store: DatabaseStore) -> None:
    accept(store, *(event(f"flood-{number}", bundles=("flood",)) for number in range(LATELY + 20)))
    accept(store, *(event(str(number)) for number in range(10)))

    claimed = [claim(store, 16, "flood", "orders") for _ in range(3)]

    taken = [each.bundle for each in itertools.chain(*claimed)]
    assert taken.count("orders") == 10
    assert taken.count("flood") == 38
    assert min(ids(claimed[0])) == 1
