from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apimonster_cli.core import exactjson

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(min_value=-(10**40), max_value=10**40)
    | st.decimals(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(VALUES)
def test_writes_and_reads_back_the_same_value(value: object) -> None:
    assert exactjson.loads(exactjson.dumps(value)) == value


@pytest.mark.parametrize(
    "digits",
    ["9007199254740993017", "1200000001.1760000001", "51300.00", "0.1", "-7", "12345678901234567890.123456789"],
)
def test_keeps_every_digit_of_a_number(digits: str) -> None:
    read = exactjson.loads(digits)

    assert exactjson.number_text(read) == digits
    assert exactjson.dumps(read) == digits


def test_writes_a_huge_exponent_shortly() -> None:
    assert exactjson.number_text(Decimal("1e999999")) == "1E+999999"


@pytest.mark.parametrize(
    "text", ["NaN", "[Infinity]", "-Infinity", "{", "", "[" * 100_000, "1e99999999999999999999", "9" * 5000, "\x00"]
)
def test_refuses_what_is_not_json_with_a_value_error(text: str) -> None:
    with pytest.raises(ValueError, match="."):
        exactjson.loads(text)
