from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apimonster_cli.core.duration import format_duration, parse_duration, parse_rate


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("30s", 30), ("10m", 600), ("24h", 86400), ("3d", 259200), ("500ms", 0.5), ("1.5h", 5400), (" 2w ", 1209600)],
)
def test_reads_a_duration(text: str, seconds: float) -> None:
    assert parse_duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "10", "m", "10 minutes", "-3d", "1h30m", "٣d d"])
def test_refuses_other_texts_and_shows_how_to_write_one(text: str) -> None:
    with pytest.raises(ValueError, match="such as 30s"):
        parse_duration(text)


@pytest.mark.parametrize(("text", "per_second"), [("10/s", 10), ("90/m", 1.5), ("3600/h", 1), ("0.5/s", 0.5)])
def test_reads_a_rate(text: str, per_second: float) -> None:
    assert parse_rate(text) == per_second


@pytest.mark.parametrize("text", ["", "10", "0/s", "10/d", "fast"])
def test_refuses_other_rates(text: str) -> None:
    with pytest.raises(ValueError, match="not a rate"):
        parse_rate(text)


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.35, "350ms"), (59, "59s"), (125, "2m 5s"), (90061, "1d 1h"), (86400, "1d")]
)
def test_shows_the_two_largest_units(seconds: float, text: str) -> None:
    assert format_duration(timedelta(seconds=seconds)) == text


@given(st.integers(min_value=1, max_value=10**6))
def test_reads_back_what_it_shows_of_whole_units(days: int) -> None:
    assert parse_duration(format_duration(timedelta(days=days))) == timedelta(days=days)
