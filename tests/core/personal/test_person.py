"""Somebody is found however the phone or e-mail is written."""

import json
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apimonster_cli.core.personal.person import person

SPELLINGS = (
    "74950000012",
    "+7 (495) 000-00-12",
    "8 (495) 000-00-12",
    "84950000012",
    "8-495-000-00-12",
    "4950000012",
    "+7.495.000.00.12",
    "007 495 0000012",
    "+7\u00a0495\u00a0000\u201100\u201112",
)
REGIONS = ("RU", "UA")


@pytest.mark.parametrize("asked", SPELLINGS)
def test_a_phone_is_the_same_in_any_spelling(asked: str) -> None:
    who = person(asked, REGIONS)

    assert who.shown == "+7 495 •••-••-12"
    for written in SPELLINGS:
        for text in (
            written,
            f'{{"phone":"{written}"}}',
            json.dumps({"p": f"tel\n{written}"}),
            f"?a=%20{quote(written)}&b=1",
        ):
            assert who.is_in(text), text


@pytest.mark.parametrize(
    "text",
    [
        "749500000123",
        "174950000012",
        "24950000012",
        "9007494950000012017",
        "4950000013",
        "495000001",
        "1760000001.4950000012345",
        "",
    ],
)
def test_another_number_is_not(text: str) -> None:
    assert not person("+7 495 000-00-12", REGIONS).is_in(text)


def test_a_short_number_is_known_only_with_what_stands_before_it() -> None:
    who = person("0440000012", REGIONS)

    assert who.shown == "+380 4• ••• ••12"
    assert all(who.is_in(text) for text in ("380440000012", "+38 (044) 000-00-12", "0440000012"))
    assert not who.is_in("order 440000012")


def test_a_number_of_no_country_is_compared_as_it_is() -> None:
    who = person("000-12-34", REGIONS)

    assert who.is_in('"0001234"')
    assert not who.is_in("70001234")


@pytest.mark.parametrize(
    "text",
    [
        "ivan.p@example.com",
        "To: Ivan.P@Example.COM.",
        "<ivan.p@example.com>",
        "email=ivan.p%40example.com&a=1",
        "a=%20ivan%2Ep%40example%2ecom",
        r'"\nivan.p\u0040example.com"',
    ],
)
def test_an_email_is_the_same_in_any_spelling(text: str) -> None:
    assert person("Ivan.P@example.com").is_in(text)


@pytest.mark.parametrize(
    "text",
    ["aivan.p@example.com", "o-ivan.p@example.com", "ivan.p@example.com.ua", "ivan-p@example.com", "ivan.p@example.co"],
)
def test_another_email_is_not(text: str) -> None:
    assert not person("ivan.p@example.com").is_in(text)


def test_an_email_in_other_letters() -> None:
    who = person("имя@пример.рф")

    assert who.shown == "и•••@пример.рф"
    assert all(who.is_in(text) for text in ("Имя@пример.рф", json.dumps("имя@пример.рф"), quote("имя@пример.рф")))


@given(
    st.lists(st.sampled_from(["", "-", " ", "(", ") ", "."]), min_size=9, max_size=9),
    st.sampled_from(["+7", "8", "7", "", "8 "]),
)
def test_any_signs_may_stand_between_the_digits(between: list[str], start: str) -> None:
    written = start + "".join(digit + sign for digit, sign in zip("4950000012", [*between, ""], strict=True))

    assert person("+7 495 000-00-12").is_in(f'"phone": "{written}"')


@given(st.text(max_size=60))
def test_nobody_is_found_in_any_text(text: str) -> None:
    assert not person("+7 495 000-00-12").is_in(text)
    assert not person("ivan@example.com").is_in(text)


@pytest.mark.parametrize("written", ["", "12", "ivan", "ivan@", "a b@example.com", "@example.com", "+7 495 x00-00-12"])
def test_what_is_neither_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match=r"write (it|one) whole"):
        person(written)
