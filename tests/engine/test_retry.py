"""What follows from an error that may pass."""

from datetime import timedelta

import pytest

from apimonster_cli.bundles.model import Retry
from apimonster_cli.core.errors import RefusedError, TransientError
from apimonster_cli.engine.circuit import PAUSE_REST
from apimonster_cli.engine.retry import Again, GiveUp, decide, next_pull
from tests.engine.support import DOWN, START

HOUR = timedelta(hours=1)


@pytest.mark.parametrize(("tries", "seconds"), [(0, 5), (1, 10), (2, 20), (6, 320), (20, 3600), (10_000, 3600)])
def test_waits_twice_as_long_each_time_up_to_an_hour(tries: int, seconds: float) -> None:
    again = decide(DOWN, Retry(), tries=tries, first_tried_at=START, now=START)

    assert isinstance(again, Again)
    assert again.counts
    assert timedelta(seconds=seconds * 0.8) <= again.at - START <= timedelta(seconds=seconds * 1.2)


def test_deliveries_do_not_come_back_in_one_wave() -> None:
    moments = {decide(DOWN, Retry(), tries=3, first_tried_at=START, now=START) for _ in range(20)}

    assert len(moments) > 10


def test_waits_as_long_as_the_service_asks() -> None:
    busy = TransientError("busy", may_have_happened=False, retry_after=7200)

    again = decide(busy, Retry(), tries=0, first_tried_at=START, now=START)

    assert again == Again(START + 2 * HOUR, counts=True)


@pytest.mark.parametrize("turned_away", [True, False])
def test_waits_no_longer_than_a_day_however_long_the_service_asks(*, turned_away: bool) -> None:
    busy = TransientError("busy", may_have_happened=False, retry_after=1e40, turned_away=turned_away)

    again = decide(busy, Retry(), tries=0, first_tried_at=START, now=START)

    assert isinstance(again, Again)
    assert timedelta(days=1) <= again.at - START <= timedelta(days=1.2)
    assert timedelta(days=1) <= next_pull(busy, 0, START) - START <= timedelta(days=1.2)


def test_a_long_first_wait_is_an_hour_after_many_tries() -> None:
    again = decide(
        DOWN,
        Retry(lasts=timedelta(days=900), backoff=timedelta(days=1)),
        tries=40,
        first_tried_at=START,
        now=START,
    )

    assert isinstance(again, Again)
    assert again.at - START <= 1.2 * HOUR


def test_gives_up_after_the_last_attempt() -> None:
    decision = decide(DOWN, Retry(attempts=3), tries=2, first_tried_at=START, now=START + HOUR)

    assert decision == GiveUp("given up after 3 tries in 1h: nobody answers")


def test_one_attempt_means_no_other() -> None:
    assert decide(DOWN, Retry(attempts=1), tries=0, first_tried_at=START, now=START) == GiveUp("nobody answers")


def test_gives_up_when_the_time_is_over() -> None:
    decision = decide(DOWN, Retry(), tries=30, first_tried_at=START, now=START + 24 * HOUR)

    assert decision == GiveUp("given up after 31 tries in 1d: nobody answers")


def test_the_last_try_comes_when_the_time_is_up() -> None:
    almost = START + 24 * HOUR - timedelta(minutes=5)

    again = decide(DOWN, Retry(), tries=30, first_tried_at=START, now=almost)

    assert again == Again(START + 24 * HOUR, counts=True)


def test_a_delivery_that_only_waited_gets_a_second_try_however_late_its_first() -> None:
    again = decide(DOWN, Retry(), tries=0, first_tried_at=START, now=START + 48 * HOUR)

    assert isinstance(again, Again)


@pytest.mark.parametrize("tries", [0, 5, 1000])
def test_what_was_turned_away_never_counts(tries: int) -> None:
    limit = TransientError("over the rate", may_have_happened=False, retry_after=3, turned_away=True)

    again = decide(limit, Retry(attempts=1), tries=tries, first_tried_at=START, now=START + 1000 * HOUR)

    assert isinstance(again, Again)
    assert not again.counts
    assert timedelta(seconds=3) <= again.at - (START + 1000 * HOUR) <= timedelta(seconds=3.6)


@pytest.mark.parametrize(
    ("failures", "least", "most"),
    [(0, 4, 6), (1, 8, 12), (5, 128, 192), (50, 720, 1080)],
)
def test_pulls_that_fail_wait_longer_each_time_up_to_a_quarter_of_an_hour(
    failures: int, least: float, most: float
) -> None:
    again = next_pull(TransientError("trouble", may_have_happened=False), failures, START)

    assert timedelta(seconds=least) <= again - START <= timedelta(seconds=most)


def test_a_pull_waits_as_long_as_the_service_asks() -> None:
    error = TransientError("overload", may_have_happened=False, retry_after=3600)

    assert next_pull(error, 0, START) == START + timedelta(hours=1)


def test_a_pull_that_was_turned_away_comes_again_when_there_is_room() -> None:
    error = TransientError("rate", may_have_happened=False, retry_after=20, turned_away=True)

    assert timedelta(seconds=20) <= next_pull(error, 9, START) - START <= timedelta(seconds=24)


def test_a_pull_with_a_refused_key_looks_again_every_minute() -> None:
    assert next_pull(RefusedError("no rights"), 9, START) == START + timedelta(seconds=PAUSE_REST)
