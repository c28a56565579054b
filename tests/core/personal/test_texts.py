"""Phones and e-mails in the middle of a text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apimonster_cli.core.personal import in_key, in_text

ANY_TEXT = st.text("0178 +()-@.%4б'\":a•{}=,&?/\\\n", max_size=80) | st.text(max_size=40)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("call +7 (495) 000-00-12 today", "call +7 (495) •••-••-12 today"),
        ("8 (495) 000-00-12, 8-495-000-00-13", "8 (495) •••-••-12, 8-495-•••-••-13"),
        ("(044) 000 00 13", "(044) ••• •• 13"),
        ("495 000-00-12", "495 •••-••-12"),
        ("tel:+74950000012", "tel:+7495•••••12"),
        ("?to=%2B74950000012&n=1", "?to=%2B7495•••••12&n=1"),
        ("Phone 74950000012 is not valid", "Phone 7495•••••12 is not valid"),
        ('"phone":["74950000012"]', '"phone":["7495•••••12"]'),
        ("телефона: 89160000012", "телефона: 8916•••••12"),
        ("write to ivan@example.com.", "write to i•••@example.com."),
        ("<ivan.p+1@example.com>;имя@пример.рф", "<i•••@example.com>;и•••@пример.рф"),
        ("to=ivan%40example.com", "to=i•••%40example.com"),
        (r"{\"to\": \"ivan\u0040example.com", r"{\"to\": \"i•••\u0040example.com"),
    ],
)
def test_a_phone_and_an_email_are_known_by_their_form(text: str, shown: str) -> None:
    assert in_text(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "order 74950000012",
        "1760000001900000017",
        "+1760000001900000017",
        "1200000001.1760000001",
        "fb.1.1760774620000.1000000001",
        "0199f000-0000-7000-8000-000000000012",
        "2025-10-14 19:52:11",
        "2026-03-01T12:00:00.123456+03:00",
        "0123456789-0001-1",
        "1234567:812345678902",
        "SKU 12345-67-89",
        "51300.00",
        "user@host",
        "@example",
    ],
)
def test_numbers_of_things_stay(text: str) -> None:
    assert in_text(text) == text
    assert in_text(text.replace("order 74950000012", ""), free=True) == text.replace("order 74950000012", "")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("перезвоните 89160000012", "перезвоните 8916•••••12"),
        ("380440000012", "3804••••••12"),
        ('field contact.name: "Иван" is not a whole number', 'field contact.name: "И•••" is not a whole number'),
        ('item 2.contact.name: "Иван"', 'item 2.contact.name: "И•••"'),
        pytest.param(f'{"a" * 1_000_000}"', f'{"a" * 1_000_000}"', id="a word that does not end"),
        ('contact.email is "ivan@example.com", not "x"', 'contact.email is "i•••@example.com", not "x"'),
        ('product.name is "Чашка"', 'product.name is "Чашка"'),
        ('{"name": "Иван", "phone": "000-12-34", broken', '{"name": "И•••", "phone": "•••-••-34", broken'),
        ("{'customer': 'Иван \\'И\\'', 'id': 7}", "{'customer': 'И••• •••', 'id': 7}"),
    ],
)
def test_free_words_are_looked_at_more_closely(text: str, shown: str) -> None:
    assert in_text(text, free=True) == shown


@given(text=ANY_TEXT, free=st.booleans())
def test_a_masked_text_is_masked_no_further(text: str, *, free: bool) -> None:
    shown = in_text(text, free=free)

    assert in_text(shown, free=free) == shown


@given(ANY_TEXT, st.sampled_from(["+7 495 000-00-12", "ivan@example.com", "8 (495) 000-00-12"]), ANY_TEXT)
def test_it_does_not_matter_what_stands_around(before: str, planted: str, after: str) -> None:
    shown = in_text(f"{before}, {planted}; {after}", free=True)

    assert planted not in shown


@pytest.mark.parametrize(
    ("key", "shown"),
    [
        ("order-17", "order-17"),
        ("17", "17"),
        ("1700000000123456789", "1700000000123456789"),
        ("+74950000012", "•••"),
        ("74950000012", "•••"),
        ("8 (495) 000-00-12", "•••"),
        ("anna@example.com", "•••"),
        ("lead 17 of anna@example.com", "•••"),
    ],
)
def test_an_object_key_is_shown_where_it_is_nobodys(key: str, shown: str) -> None:
    assert in_key(key) == shown
