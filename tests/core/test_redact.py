import base64
import json
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apimonster_cli.core.redact import MASK, Redactor

SECRET = 'k3y/with+odd "chars"=é'


@pytest.mark.parametrize(
    "form",
    [
        SECRET,
        quote(SECRET),
        quote(SECRET, safe=""),
        quote_plus(SECRET),
        "k3y%2fwith%2bodd+%22chars%22%3d%c3%a9",
        json.dumps(SECRET)[1:-1],
        base64.b64encode(SECRET.encode()).decode(),
    ],
    ids=["plain", "url", "url without slash", "form", "lower-case form", "json", "base64"],
)
def test_masks_a_secret_in_each_encoding(form: str) -> None:
    assert Redactor([SECRET]).text(f"before {form} after") == f"before {MASK} after"


@given(st.text(min_size=4, max_size=30), st.text(), st.text())
def test_never_lets_a_secret_through(secret: str, before: str, after: str) -> None:
    redacted = Redactor([secret]).text(before + secret + after)

    assert secret not in redacted or secret in MASK


def test_reaches_into_nested_values_and_keys() -> None:
    value = {"a": ["x-secret1", {"secret1": 1}], "b": 2, "c": None}

    assert Redactor(["secret1"]).value(value) == {"a": [f"x-{MASK}", {MASK: 1}], "b": 2, "c": None}


def test_masks_the_longer_of_two_overlapping_secrets_whole() -> None:
    assert Redactor(["abcd", "abcdefgh"]).text("abcdefgh abcd") == f"{MASK} {MASK}"


def test_ignores_values_too_short_to_be_secrets() -> None:
    assert Redactor(["abc", ""]).text("abc") == "abc"
