"""Numbers as people write them: no digit lost, no thousandfold guessed."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apimonster_cli.values.errors import ConversionError
from apimonster_cli.values.numbers import looks_like_number, read_integer, read_number


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("1 200,50", "1200.50"),
        ("1\u00a0200,50", "1200.50"),
        ("1\u202f200\u2009300,5", "1200300.5"),
        ("1,200.50", "1200.50"),
        ("1.200,50", "1200.50"),
        ("1,200,300", "1200300"),
        ("1.200.300", "1200300"),
        ("1,200,300.5", "1200300.5"),
        ("1.200.300,5", "1200300.5"),
        ("1'200.50", "1200.50"),
        ("1’200", "1200"),
        ("1 200", "1200"),
        ("1 200.5", "1200.5"),
        ("1200", "1200"),
        ("1530.0000", "1530.0000"),
        ("1.200", "1.200"),
        ("0,125", "0.125"),
        ("1200,5", "1200.5"),
        ("1234,567", "1234.567"),
        (" -12,5 ", "-12.5"),
        ("\u221212", "-12"),
        ("+7", "7"),
        (".5", "0.5"),
        ("5.", "5"),
        ("1.5e3", "1.5E+3"),
        ("00042", "42"),
        ("9007199254740993018", "9007199254740993018"),
        ("1200000001.1760000001", "1200000001.1760000001"),
    ],
)
def test_reads_numbers(written: str, number: str) -> None:
    found = read_number(written)

    assert found == Decimal(number)
    assert not isinstance(found, float)


def test_keeps_whole_numbers_whole() -> None:
    assert isinstance(read_number("1 200"), int)
    assert str(read_number("1 200,50")) == "1200.50"
    assert read_number(0.1) == Decimal("0.1")
    assert read_number(Decimal("1.50")) == Decimal("1.50")


@pytest.mark.parametrize("written", ["1,200", "-12,500", "+1,000"])
def test_does_not_guess_a_thousandfold(written: str) -> None:
    with pytest.raises(ConversionError, match="is not guessed"):
        read_number(written)


@pytest.mark.parametrize(
    "written",
    [
        "",
        "abc",
        "12 34",
        "1,2,3",
        "12,34,567",
        "1.2.3",
        "1 200 ₽",
        "--1",
        "1e9999",
        "٣",
        "NaN",
        "1" * 200,
        "1,200.300,5",
        "0x1",
    ],
)
def test_refuses_what_is_no_number(written: str) -> None:
    with pytest.raises(ConversionError):
        read_number(written)


@pytest.mark.parametrize(
    "value", [True, None, [], {}, ["1"], Decimal("NaN"), Decimal("Infinity"), Decimal("1e500"), Decimal("1e-500")]
)
def test_refuses_values_that_are_no_number(value: Any) -> None:
    with pytest.raises(ConversionError):
        read_number(value)


@pytest.mark.parametrize(
    ("value", "whole"), [("12.0", 12), ("12", 12), (Decimal("12.00"), 12), ("1 200,00", 1200), (5, 5)]
)
def test_reads_whole_numbers(value: Any, whole: int) -> None:
    assert read_integer(value) == whole


@pytest.mark.parametrize("value", ["12.5", Decimal("0.1"), "x", False])
def test_does_not_round_to_whole_numbers(value: Any) -> None:
    with pytest.raises(ConversionError):
        read_integer(value)


@pytest.mark.parametrize(
    ("value", "number"), [("1 200", 1200), (3, 3), ("x", None), (True, None), ([1], None), (None, None)]
)
def test_looks_for_a_number(value: Any, number: int | None) -> None:
    assert looks_like_number(value) == number


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**20), max_value=10**20, places=4))
def test_reads_back_what_it_can_write(number: Decimal) -> None:
    grouped = f"{number:,.4f}"

    assert read_number(f"{number:f}") == number
    assert read_number(grouped) == number
    assert read_number(grouped.replace(",", "\u00a0").replace(".", ",")) == number


@given(st.text(max_size=20))
def test_any_text_is_a_number_or_an_error(text: str) -> None:
    try:
        number = read_number(text)
    except ConversionError as error:
        assert str(error)  # noqa: PT017 - either outcome is right
    else:
        assert isinstance(number, int | Decimal)
