from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apimonster_cli.connectors.keys import key_text


@pytest.mark.parametrize(
    ("value", "key"),
    [
        (7, "7"),
        ("7", "7"),
        (" 7 ", "7"),
        ("00042", "00042"),
        (9007199254740993018, "9007199254740993018"),
        (Decimal("1200000001.1760000001"), "1200000001.1760000001"),
        (0, "0"),
        ("", None),
        ("  ", None),
        (None, None),
        (True, None),
        ({"id": 1}, None),
        ([1], None),
    ],
)
def test_an_id_becomes_text_digit_by_digit(value: Any, key: str | None) -> None:
    assert key_text(value) == key


@given(st.text() | st.integers() | st.just(10**5000) | st.text(min_size=150, max_size=400))
def test_a_key_is_short_and_fits_every_database(value: Any) -> None:
    key = key_text(value)

    if key is not None:
        assert key == key.encode().decode()
        assert "\0" not in key
        assert isinstance(value, int) or len(key) <= 200


def test_two_long_ids_keep_two_keys() -> None:
    assert key_text("a" * 500) != key_text("a" * 500 + "b")
