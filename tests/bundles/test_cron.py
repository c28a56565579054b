"""Cron expressions: days as cron counts them, in a time zone, over the changes of its clock."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
    ("zone", "text", "start", "fires"),
    [
        # from the morning on, Berlin's clock goes from 02:00 to 03:00
        ("Europe/Berlin", "30 2 * * *", "2026-03-28T12:00", ["2026-03-29T01:30", "2026-03-30T00:30", "2026-03-31T00:30"]),
        ("Europe/Berlin", "0 0 * * *", "2026-03-28T12:00", ["2026-03-28T23:00", "2026-03-29T22:00", "2026-03-30T22:00"]),
        ("Europe/Berlin", "15 */2 * * *", "2026-03-28T23:00", ["2026-03-28T23:15", "2026-03-29T01:15", "2026-03-29T02:15"]),
        ("Europe/Berlin", "0 * * * *", "2026-03-28T23:30", ["2026-03-29T00:00", "2026-03-29T01:00", "2026-03-29T02:00"]),
        # and from 03:00 back to 02:00
        ("Europe/Berlin", "30 2 * * *", "2026-10-24T12:00", ["2026-10-25T00:30", "2026-10-26T01:30", "2026-10-27T01:30"]),
        ("Europe/Berlin", "0 3 * * *", "2026-10-25T00:45", ["2026-10-25T02:00", "2026-10-26T02:00"]),
        ("Europe/Berlin", "0 * * * *", "2026-10-24T23:30", ["2026-10-25T00:00", "2026-10-25T01:00", "2026-10-25T02:00"]),
        ("Europe/Berlin", "30 2 25 * 6", "2026-10-24T12:00", ["2026-10-25T00:30", "2026-10-31T01:30"]),
        # half an hour there, and at midnight here
        ("Australia/Lord_Howe", "0 * * * *", "2026-10-03T14:10", ["2026-10-03T14:30", "2026-10-03T15:30", "2026-10-03T16:00"]),
        ("America/Santiago", "0 0 * * *", "2026-09-05T12:00", ["2026-09-06T04:00", "2026-09-07T03:00"]),
    ],
)  # fmt: skip
def test_no_run_is_left_out_or_doubled_when_the_clock_changes(
    zone: str, text: str, start: str, fires: list[str]
) -> None:
    cron = Cron(text, ZoneInfo(zone))
    moments = [datetime.fromisoformat(start).replace(tzinfo=UTC)]

    for _ in fires:
        moments.append(cron.after(moments[-1]) or SATURDAY)

    assert [f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M}" for moment in moments[1:]] == fires


@given(
    seconds=st.integers(0, 48 * 3600),
    day=st.sampled_from([datetime(2026, 3, 28, 2, tzinfo=UTC), datetime(2026, 10, 24, 2, tzinfo=UTC)]),
    minute=st.integers(0, 59),
)
def test_every_hour_is_every_hour_when_the_clock_changes(seconds: int, day: datetime, minute: int) -> None:
    moment = day + timedelta(seconds=seconds)

    found = Cron(f"{minute} * * * *", BERLIN).after(moment)

    assert found
    assert moment < found.astimezone(UTC) <= moment + timedelta(hours=1)
    assert found.minute == minute


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
