"""Conversion: a value becomes what its target asks for, or says why not."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apimonster_cli.values.convert import KINDS, convert, text
from apimonster_cli.values.dates import WrittenDate
from apimonster_cli.values.errors import ConversionError, shown
from apimonster_cli.values.scope import MISSING, Locale

LOCALE = Locale(ZoneInfo("Europe/Moscow"), ZoneInfo("Asia/Yekaterinburg"))


def to(kind: str, value: Any, format_: str | None = None) -> Any:
    return convert(value, kind, format=format_, locale=LOCALE)


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("00042", "00042"),
        (9007199254740993018, "9007199254740993018"),
        (Decimal("1200000001.1760000001"), "1200000001.1760000001"),
        (Decimal("1.50"), "1.50"),
        (Decimal("1E+5"), "100000"),
        (0.1, "0.1"),
        (True, "true"),
        (False, "false"),
        (None, ""),
        (MISSING, ""),
        (["я", 1], '["я",1]'),
        ({"a": None}, '{"a":null}'),
        (date(2025, 10, 19), "2025-10-19"),
        (datetime(2025, 10, 19, tzinfo=UTC), "2025-10-19T00:00:00+00:00"),
    ],
)
def test_writes_values_as_text(value: Any, written: str) -> None:
    assert text(value) == written
    assert type(text(value)) is str


@pytest.mark.parametrize(
    ("kind", "value", "converted"),
    [
        ("string", "00042", "00042"),
        ("string", 42, "42"),
        ("string", True, "true"),
        ("string", Decimal("1200000001.1760000001"), "1200000001.1760000001"),
        ("string", ["+7495"], "+7495"),
        ("integer", "12.0", 12),
        ("integer", ["7"], 7),
        ("integer", "9007199254740993018", 9007199254740993018),
        ("number", "1 200,50", Decimal("1200.50")),
        ("number", 5, 5),
        ("boolean", "да", True),
        ("boolean", "Так", True),
        ("boolean", "yes", True),
        ("boolean", "on", True),
        ("boolean", 1, True),
        ("boolean", True, True),
        ("boolean", Decimal(1), True),
        ("boolean", "нет", False),
        ("boolean", "ні", False),
        ("boolean", "No", False),
        ("boolean", "off", False),
        ("boolean", 0, False),
        ("boolean", [False], False),
        ("array", [1, 2], [1, 2]),
        ("array", "74950000013", ["74950000013"]),
        ("array", {"0": "a", "1": "b"}, ["a", "b"]),
        ("array", "[1]", [1]),
        ("array", "[горячий]", ["[горячий]"]),
        ("object", {"a": 1}, {"a": 1}),
        ("object", [{"a": 1}], {"a": 1}),
        ("object", '{"a": 1.50}', {"a": Decimal("1.50")}),
    ],
)
def test_converts(kind: str, value: Any, converted: Any) -> None:
    found = to(kind, value)

    assert found == converted
    assert type(found) is type(converted)


@pytest.mark.parametrize(
    ("kind", "value", "reason"),
    [
        ("string", ["a", "b"], "a list of 2 does not become text"),
        ("string", {"a": 1}, "an object does not become text"),
        ("integer", "12.5", "not a whole number"),
        ("number", "дорого", "not a number"),
        ("number", ["1", "2"], "not a number"),
        ("boolean", "maybe", "neither yes nor no"),
        ("boolean", 2, "neither yes nor no"),
        ("boolean", {}, "neither yes nor no"),
        ("date", "soon", "not a date"),
        ("datetime", ["2025-01-01", "2025-01-02"], "not a date"),
        ("time", "99:99", "not a time of day"),
        ("array", {"a": 1}, "an object is not a list"),
        ("object", "x", "is not an object"),
        ("object", "{x", "is not an object"),
        ("object", [1, 2], "is not an object"),
    ],
)
def test_says_why_it_cannot_convert(kind: str, value: Any, reason: str) -> None:
    with pytest.raises(ConversionError, match=reason):
        to(kind, value)


@pytest.mark.parametrize(
    ("kind", "value", "format_", "written"),
    [
        ("datetime", "02/10/2025 09:16:02", None, "2025-10-02 11:16:02"),
        ("datetime", "2025-10-02T06:16:02Z", "d.m.Y H:i", "02.10.2025 11:16"),
        ("datetime", 1760821204, None, "2025-10-19 02:00:04"),
        ("datetime", "2025-10-19", None, "2025-10-19 00:00:00"),
        ("date", "2025-10-19 23:30:00", None, "2025-10-20"),
        ("date", "2025-10-19", None, "2025-10-19"),
        ("date", "19.10.2025", "d/m/Y", "19/10/2025"),
        ("time", "9:05", None, "09:05"),
        ("time", "2025-10-19 09:05:00", "H:i:s", "11:05:00"),
        ("datetime", ["2025-10-19 09:05:00"], None, "2025-10-19 11:05:00"),
    ],
)
def test_moves_dates_from_the_senders_zone_to_the_receivers(
    kind: str, value: Any, format_: str | None, written: str
) -> None:
    assert to(kind, value, format_) == written


@pytest.mark.parametrize("kind", ["date", "time", "datetime"])
def test_does_not_shift_a_date_that_a_template_wrote_already(kind: str) -> None:
    moment = datetime(2025, 10, 19, 9, tzinfo=UTC)
    written = WrittenDate("14:00", moment)

    assert to(kind, written) == to(kind, "2025-10-19T09:00:00Z")
    assert to("string", written) == "14:00"


def test_refuses_a_kind_that_does_not_exist() -> None:
    with pytest.raises(ValueError, match="colour is not a kind"):
        to("colour", 1)


JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=8)
    | st.decimals(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)


@given(st.sampled_from(KINDS), JSON_VALUES)
def test_converts_anything_or_says_why(kind: str, value: Any) -> None:
    try:
        converted = to(kind, value)
    except ConversionError as error:
        assert str(error)  # noqa: PT017 - either outcome is right
    else:
        assert converted is not None


@given(st.integers(0, 10**19).map(str) | st.from_regex(r"0{0,5}[0-9]{1,20}(\.[0-9]{1,20})?", fullmatch=True))
def test_text_of_digits_stays_as_it_came(written: str) -> None:
    assert to("string", written) == written


@given(st.decimals(allow_nan=False, allow_infinity=False, places=10, min_value=0, max_value=10**18))
def test_every_digit_of_a_number_becomes_text(number: Decimal) -> None:
    assert Decimal(to("string", number)).as_tuple() == number.as_tuple()


def test_shows_values_shortened_on_one_line() -> None:
    assert shown("a\n b") == '"a b"'
    assert shown("x" * 100) == '"' + "x" * 59 + '…"'
    assert shown(1) == "1"


def test_shows_that_a_value_is_nested_too_deeply() -> None:
    deep: list[Any] = []
    for _ in range(5000):
        deep = [deep, 1]

    with pytest.raises(ConversionError, match="something nested too deeply"):
        to("string", deep)
