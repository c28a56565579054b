"""Cron expressions: days as cron counts them, in a time zone, over the changes of its clock."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from apimonster_cli.bundles.cron import Cron

MOSCOW = ZoneInfo("Europe/Moscow")
BERLIN = ZoneInfo("Europe/Berlin")
SATURDAY = datetime(2026, 11, 21, 12, 10, tzinfo=MOSCOW)


@pytest.mark.parametrize(
    ("text", "next_"),
    [
        ("*/10 * * * *", "2026-11-21T12:20"),
        ("0 3 * * *", "2026-11-22T03:00"),
        ("30 6 * * 1-5", "2026-11-23T06:30"),
        ("0 0 * * 0", "2026-11-22T00:00"),
        ("0 0 * * 7", "2026-11-22T00:00"),
        ("0 0 * * mon", "2026-11-23T00:00"),
        ("0 0 * * 1", "2026-11-23T00:00"),
        ("0 0 * * TUE,6", "2026-11-24T00:00"),
        ("0 0 * * fri-mon", "2026-11-22T00:00"),
        ("0 0 * * 5-7", "2026-11-22T00:00"),
        ("0 0 * * */2", "2026-11-22T00:00"),
        ("0 0 * * 1/2", "2026-11-23T00:00"),
        ("0 0 15 * *", "2026-12-15T00:00"),
        ("0 0 1 JAN *", "2027-01-01T00:00"),
        ("0 0 29 2 *", "2028-02-29T00:00"),
    ],
)
def test_fires_as_cron_does(text: str, next_: str) -> None:
    assert Cron(text, MOSCOW).after(SATURDAY) == datetime.fromisoformat(next_).replace(tzinfo=MOSCOW)


def test_of_two_restricted_days_either_is_enough() -> None:
    cron = Cron("0 0 1 * mon", MOSCOW)
    moments = [SATURDAY]

    for _ in range(4):
        moments.append(found := cron.after(moments[-1]) or SATURDAY)
        assert found.weekday() == 0 or found.day == 1

    assert [moment.day for moment in moments[1:]] == [23, 30, 1, 7]


def test_the_moment_of_firing_itself_is_past() -> None:
    cron = Cron("10 12 * * *", MOSCOW)

    assert cron.after(SATURDAY) == datetime(2026, 11, 22, 12, 10, tzinfo=MOSCOW)


def test_a_day_keeps_its_hour_when_the_clock_changes() -> None:
    cron = Cron("0 6 * * *", BERLIN)

    before = cron.after(datetime(2026, 3, 28, 12, tzinfo=BERLIN))

    assert before
    assert before.isoformat() == "2026-03-29T06:00:00+02:00"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("* * * *", "five fields"),
        ("", "five fields"),
        ("61 * * * *", "maximum value"),
        ("x * * * *", "not a cron expression"),
        ("0 0 * * 8", "not a weekday"),
        ("0 0 * * xyz", "there is no xyz"),
        ("0 0 * * 1-", "not a weekday"),
        ("0 0 * * */0", "not a weekday"),
        ("0 0 31 2 *", "never"),
    ],
)
def test_what_is_no_expression_is_told(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Cron(text, MOSCOW)
