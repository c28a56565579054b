"""A clock that is set is noticed; one that runs is not."""

from datetime import UTC, datetime, timedelta

import pytest

from apimonster_cli.core.clock import LEAP, Leaps

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


class SetClock:
    """Shows what it is told to, whatever time has passed."""

    def __init__(self) -> None:
        self.shown = NOON
        self.passed = 0.0

    def now(self) -> datetime:
        return self.shown

    def monotonic(self) -> float:
        return self.passed

    def sleep(self, seconds: float) -> None:
        self.passed += seconds
        self.shown += timedelta(seconds=seconds)


@pytest.mark.parametrize("leap", [HOUR, -HOUR, LEAP, -LEAP], ids=str)
def test_a_clock_that_is_set_has_leapt(leap: timedelta) -> None:
    clock = SetClock()
    leaps = Leaps(clock)
    clock.sleep(500)
    clock.shown += leap

    assert leaps.look() == (clock.shown, leap)


@pytest.mark.parametrize("slip", [timedelta(), timedelta(seconds=59), timedelta(seconds=-59)], ids=str)
def test_a_clock_that_runs_has_not(slip: timedelta) -> None:
    clock = SetClock()
    leaps = Leaps(clock)
    clock.sleep(86_400)
    clock.shown += slip

    assert leaps.look() == (clock.shown, timedelta())


def test_a_leap_is_told_until_it_is_seen_to() -> None:
    clock = SetClock()
    leaps = Leaps(clock)
    clock.shown += HOUR

    told = [leaps.look()[1], leaps.look()[1]]
    leaps.settle(HOUR)
    told.append(leaps.look()[1])

    assert told == [HOUR, HOUR, timedelta()]
