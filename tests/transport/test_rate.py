"""The calls of a connection are spaced, over all threads, and nothing is saved up."""

import math
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from apimonster_cli.transport.rate import Rate
from tests.transport.clocks import FakeClock

RATES = st.floats(min_value=0.1, max_value=500)


def test_the_first_call_may_go_at_once_and_the_next_ones_wait_in_turn() -> None:
    rate = Rate(10, FakeClock())

    waits = [rate.reserve() for _ in range(3)]

    assert waits == pytest.approx([0, 0.104, 0.208])


@given(RATES, st.lists(st.floats(min_value=0, max_value=3), min_size=1, max_size=60))
def test_no_second_ever_has_more_calls_than_the_rate(per_second: float, pauses: list[float]) -> None:
    clock = FakeClock()
    rate = Rate(per_second, clock)

    moments = []
    for pause in pauses:
        clock.seconds += pause
        moments.append(clock.seconds + rate.reserve())

    for first in moments:
        assert sum(first <= moment < first + 1 for moment in moments) <= math.ceil(per_second)


@given(RATES)
def test_idle_time_is_not_saved_up(per_second: float) -> None:
    clock = FakeClock()
    rate = Rate(per_second, clock)
    rate.reserve()
    clock.seconds += 3600

    waits = [rate.reserve(), rate.reserve()]

    assert waits[0] == 0
    assert waits[1] >= 1 / per_second


def test_asking_for_the_wait_takes_nothing() -> None:
    rate = Rate(10, FakeClock())
    rate.reserve()

    asked = [rate.wait_time(), rate.wait_time()]

    assert asked == pytest.approx([0.104, 0.104])
    assert rate.reserve() == pytest.approx(0.104)


def test_a_fresh_or_rested_rate_has_no_wait() -> None:
    clock = FakeClock()
    rate = Rate(10, clock)

    fresh = rate.wait_time()
    rate.reserve()
    clock.seconds += 5

    assert (fresh, rate.wait_time()) == (0, 0)


def test_a_wait_that_is_too_long_takes_nothing() -> None:
    rate = Rate(1, FakeClock())
    rate.reserve()

    refused = [rate.reserve(longest=0.5), rate.reserve(longest=0.5)]

    assert refused == pytest.approx([1.04, 1.04])
    assert rate.reserve(longest=2) == pytest.approx(1.04)


def test_threads_share_one_row_of_moments() -> None:
    rate = Rate(100, FakeClock())

    with ThreadPoolExecutor(8) as pool:
        waits = sorted(pool.map(lambda _: rate.reserve(), range(200)))

    assert waits == pytest.approx([number * 0.0104 for number in range(200)])


@given(RATES, st.lists(st.floats(min_value=0, max_value=0.5), min_size=1, max_size=60))
@example(2.5, [0.0] * 4)
@example(600 / 60.0000001, [0.0] * 12)
def test_calls_that_were_held_up_do_not_leave_all_at_once(per_second: float, pauses: list[float]) -> None:
    clock = FakeClock()
    rate = Rate(per_second, clock)

    departures = []
    for held_up in pauses:
        clock.seconds += held_up  # the disk was busy, and then several have had their moment
        rate.depart()
        departures.append(clock.seconds)

    for first in departures:
        assert sum(first <= moment < first + 1 for moment in departures) <= math.ceil(per_second)


def test_calls_in_time_are_not_held_up_once_more() -> None:
    clock = FakeClock()
    rate = Rate(10, clock)

    for _ in range(30):
        clock.seconds += rate.reserve()
        rate.depart()

    assert clock.slept == []
