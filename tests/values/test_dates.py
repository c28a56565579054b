"""Dates: what is read, in whose zone, and how it is written."""

from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apimonster_cli.values.dates import WrittenDate, format_moment, in_zone, read_clock, read_moment
from apimonster_cli.values.errors import ConversionError

MOSCOW = ZoneInfo("Europe/Moscow")
NOON = datetime(2025, 10, 19, 12, 30, 5, tzinfo=MOSCOW)


@pytest.mark.parametrize(
    ("value", "moment"),
    [
        ("2025-10-19 12:30:05", NOON),
        ("2025-10-19T12:30:05", NOON),
        ("2025-10-19T12:30:05+03:00", NOON),
        ("2025-10-19T12:30:05+0300", NOON),
        ("2025-10-19T09:30:05Z", NOON),
        ("2025-10-19t09:30:05z", NOON),
        ("2025-10-19 12:30:05.000 +03", NOON),
        ("2025-10-19 12:30", NOON.replace(second=0)),
        ("19/10/2025 12:30:05", NOON),
        ("19.10.2025 12:30:05", NOON),
        ("19-10-2025 12:30:05", NOON),
        ("19.10.2025, 12:30", NOON.replace(second=0)),
        (" 2025-10-19 12:30:05 ", NOON),
        (1760866205, NOON),
        ("1760866205", NOON),
        (1760866205000, NOON),
        ("1760866205000", NOON),
        (Decimal("1760866205.5"), NOON.replace(microsecond=500_000)),
        ("1760866205.5", NOON.replace(microsecond=500_000)),
        (datetime(2025, 10, 19, 12, 30, 5), NOON),  # noqa: DTZ001 - a naive one is what is tested
        (NOON, NOON),
        (WrittenDate("x", NOON), NOON),
    ],
)
def test_reads_moments_in_the_senders_zone(value: Any, moment: datetime) -> None:
    found = read_moment(value, MOSCOW)

    assert found == moment
    assert isinstance(found, datetime)
    assert found.tzinfo is not None


@pytest.mark.parametrize("value", ["2025-10-19", "19/10/2025", "19.10.2025", "19-10-2025", date(2025, 10, 19)])
def test_reads_days_as_days(value: Any) -> None:
    found = read_moment(value, MOSCOW)

    assert found == date(2025, 10, 19)
    assert not isinstance(found, datetime)


@pytest.mark.parametrize(
    "value",
    [
        "", "soon", "0000-00-00 00:00:00", "2025-02-30", "31.02.2025", "2025-13-01", "19.10/2025", "2025-10-19 25:00", "20251019",
        "12:30", 7, 20251019, 10**15, True, None, [], {}, "99999999999999", "2025-10-19 12:30:05 +99:00", "19.10.2025 99:00",
    ],
)  # fmt: skip
def test_refuses_what_is_no_date(value: Any) -> None:
    with pytest.raises(ConversionError):
        read_moment(value, UTC)


def test_refuses_a_moment_that_the_other_zone_has_no_year_for() -> None:
    first = read_moment("0001-01-01T00:00:00+14:00", UTC)

    with pytest.raises(ConversionError, match="outside of the years 1 to 9999"):
        in_zone(first, UTC)


@pytest.mark.parametrize(
    ("value", "clock"), [("9:30", time(9, 30)), ("14:05:59", time(14, 5, 59)), ("x", None), (5, None)]
)
def test_reads_times_of_day(value: Any, clock: time | None) -> None:
    assert read_clock(value) == clock


def test_refuses_a_time_that_no_day_has() -> None:
    with pytest.raises(ConversionError, match="not a time of day"):
        read_clock("25:00")


@pytest.mark.parametrize(
    ("format_", "written"),
    [
        ("Y-m-d H:i:s", "2025-03-02 05:04:03"),
        ("d/m/y", "02/03/25"),
        ("j.n.Y G:i", "2.3.2025 5:04"),
        ("g:i a, h A", "5:04 am, 05 AM"),
        ("D l N w", "Sun Sunday 7 0"),
        ("M F", "Mar March"),
        ("v u U", "006 006007 1740881043"),
        ("P O T", "+03:00 +0300 MSK"),
        ("c", "2025-03-02T05:04:03+03:00"),
        (r"\Y: Y\\", r"Y: 2025" + "\\"),
        ("%d.%m", "02.03"),
        ("Y г", "2025 г"),
        ("Y\\", "2025"),
    ],
)
def test_writes_php_formats(format_: str, written: str) -> None:
    moment = datetime(2025, 3, 2, 5, 4, 3, 6007, tzinfo=MOSCOW)

    assert format_moment(moment, format_) == written


def test_writes_afternoons() -> None:
    assert format_moment(NOON.replace(hour=13), "g a A h") == "1 pm PM 01"


def test_refuses_a_format_that_no_text_can_have() -> None:
    with pytest.raises(ConversionError, match="no date can be written"):
        format_moment(NOON, "%d\ud800")


def test_refuses_letters_it_does_not_know() -> None:
    with pytest.raises(ConversionError, match="a letter that is not known: B"):
        format_moment(NOON, "B")


@given(
    st.datetimes(min_value=datetime(1990, 1, 1), max_value=datetime(2090, 1, 1)),  # noqa: DTZ001
    st.integers(-14 * 60, 14 * 60),
)
def test_reads_back_what_it_writes(naive: datetime, minutes: int) -> None:
    moment = naive.replace(microsecond=0, tzinfo=timezone(timedelta(minutes=minutes)))

    assert read_moment(format_moment(moment, "c"), UTC) == moment
    assert read_moment(format_moment(moment, "Y-m-d H:i:s"), moment.tzinfo or UTC) == moment
    assert read_moment(format_moment(moment, "d/m/Y H:i:s"), moment.tzinfo or UTC) == moment
