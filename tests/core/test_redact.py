import base64
import html
import json
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apimonster_cli.core.redact import MASK, Redactor

SECRET = 'k3y/with+odd "characters" \\&%=é'


@pytest.mark.parametrize(
    "form",
    [
        SECRET,
        quote(SECRET),
        quote(SECRET, safe=""),
        quote_plus(SECRET),
        "k3y%2fwith%2bodd+%22characters%22+%5c%26%25%3d%c3%a9",
        json.dumps(SECRET)[1:-1],
        json.dumps(json.dumps(SECRET)[1:-1])[1:-1],
        json.dumps(SECRET, ensure_ascii=False)[1:-1].replace("/", "\\/"),
        html.escape(SECRET),
        html.escape(html.escape(SECRET)),
        quote(quote(SECRET)),
        quote(json.dumps(SECRET)[1:-1]),
        quote(SECRET, safe="+/="),
        quote(SECRET, encoding="latin-1"),
        repr(SECRET.encode("latin-1"))[2:-1],
        base64.b64encode(SECRET.encode()).decode(),
        base64.urlsafe_b64encode(SECRET.encode()).decode(),
        base64.b64encode(f"user:{SECRET}".encode()).decode(),
        base64.b64encode(f"{quote(SECRET)} and more".encode()).decode(),
    ],
    ids=[
        "plain",
        "url",
        "url without slash",
        "form",
        "lower-case form",
        "json",
        "json in json",
        "json of php",
        "page",
        "page in page",
        "url in url",
        "json in url",
        "some signs of it",
        "url in latin-1",
        "bytes in python",
        "base64",
        "base64 for addresses",
        "within base64",
        "url within base64",
    ],
)
def test_masks_a_secret_in_each_encoding(form: str) -> None:
    assert Redactor([SECRET]).text(f"before {form} after") == f"before {MASK} after"


@given(st.text(min_size=4, max_size=30), st.text(), st.text())
def test_never_lets_a_secret_through(secret: str, before: str, after: str) -> None:
    redacted = Redactor([secret]).text(before + secret + after)

    assert secret not in redacted or secret in MASK


@pytest.mark.timeout(60)  # where time grew with the square it would be minutes
@pytest.mark.parametrize("sign", ["\\", "%25", "%5c", "&amp;", "YWJj/", 'k3y/with+odd "'])
def test_is_not_held_up_by_what_looks_like_the_beginning(sign: str) -> None:
    text = f"{sign * 20_000} {SECRET} {base64.b64encode(SECRET.encode()).decode()} {sign * 20_000}"

    redacted = Redactor([SECRET]).text(text)

    assert redacted == f"{sign * 20_000} {MASK} {MASK} {sign * 20_000}"


@pytest.mark.parametrize("left", range(6, len(SECRET)))
def test_masks_what_is_left_of_a_secret_in_a_shortened_text(left: int) -> None:
    assert Redactor([SECRET]).text(f'this is no number: "{SECRET[:left]}…"') == f'this is no number: "{MASK}…"'


def test_masks_in_place_what_then_is_as_long_as_before() -> None:
    text = f"  api_key: {SECRET}  # the key"

    assert Redactor([SECRET]).in_place(text) == f"  api_key: {'•' * len(SECRET)}  # the key"


def test_reaches_into_nested_values_and_keys() -> None:
    value = {"a": ["x-secret1", {"secret1": 1}], "b": 2, "c": None}

    assert Redactor(["secret1"]).value(value) == {"a": [f"x-{MASK}", {MASK: 1}], "b": 2, "c": None}


def test_masks_the_longer_of_two_overlapping_secrets_whole() -> None:
    assert Redactor(["abcd", "abcdefgh"]).text("abcdefgh abcd") == f"{MASK} {MASK}"


def test_ignores_values_too_short_to_be_secrets() -> None:
    assert Redactor(["abc", ""]).text("abc") == "abc"
