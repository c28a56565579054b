"""Columns that people can read, and that give back what was put in."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.dialects import sqlite

from apimonster_cli.store.kinds import JsonText, Moment

DIALECT = sqlite.dialect()


def test_writes_moments_in_utc_with_one_width() -> None:
    moscow = datetime(2026, 11, 21, 21, 3, 11, tzinfo=timezone(timedelta(hours=3)))

    assert Moment().process_bind_param(moscow, DIALECT) == "2026-11-21T18:03:11.000000Z"


def test_refuses_a_moment_without_a_zone() -> None:
    with pytest.raises(ValueError, match="does not say its time zone"):
        Moment().process_bind_param(datetime(2026, 11, 21, 18, 3, 11), DIALECT)  # noqa: DTZ001  # that is the point


_MOMENTS = st.datetimes(min_value=datetime(2000, 1, 1), max_value=datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001  # zones come after


@given(one=_MOMENTS, other=_MOMENTS)
def test_moments_sort_as_their_text(one: datetime, other: datetime) -> None:
    texts = [str(Moment().process_bind_param(moment, DIALECT)) for moment in (one, other)]

    assert (one < other) == (texts[0] < texts[1])
    assert [Moment().process_result_value(text, DIALECT) for text in texts] == [one, other]


def test_keeps_every_digit_in_json() -> None:
    value = {"id": 9223372036854775808, "client": Decimal("1200000001.1760000001"), "имя": "Иван"}

    text = JsonText().process_bind_param(value, DIALECT)

    assert text == '{"id":9223372036854775808,"client":1200000001.1760000001,"имя":"Иван"}'
    assert JsonText().process_result_value(text, DIALECT) == value
