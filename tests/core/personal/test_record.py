"""Payloads, calls and answers, masked."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apimonster_cli.core import exactjson
from apimonster_cli.core.personal import Kind, Masks, record
from apimonster_cli.core.personal.record import form_pairs

PHONE, EMAIL = "74950000012", "ivan.primerov@example.com"
KEYS = st.sampled_from(["id", "name", "phone", "phones", "contact", "comment", "items", "value", "email", "7"])
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.decimals(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20)
)
PLANTED = st.fixed_dictionaries({"phone": st.just(PHONE), "email": st.just(EMAIL), "comment": st.just(f"to {EMAIL}")})
RECORDS = st.recursive(
    LEAVES | PLANTED,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS | st.text(max_size=8), inner, max_size=4),
    max_leaves=10,
)


def shape(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: shape(item) for key, item in value.items()}
    return [shape(item) for item in value] if isinstance(value, list) else None


@given(RECORDS)
def test_a_record_keeps_its_shape_and_is_masked_once(record: Any) -> None:
    shown = Masks().value(record)

    assert shape(shown) == shape(record)
    assert Masks().value(shown) == shown


@given(st.lists(RECORDS | PLANTED, min_size=1, max_size=3), st.sampled_from(["JSON", "nested JSON"]))
def test_what_stands_under_a_known_key_does_not_survive(record: Any, written: str) -> None:
    text = exactjson.dumps(record)
    shown = Masks().body(text if written == "JSON" else exactjson.dumps({"payload": text})) or ""

    assert f'"{PHONE}"' not in shown
    assert EMAIL not in shown


def test_words_in_an_address_are_the_address() -> None:
    order = {"delivery": {"address": {"text": "ул. Ленина, д. 5", "notes": "код 12", "city": "Тверь", "regionId": 7}}}

    shown = Masks().value(order)

    assert shown == {"delivery": {"address": {"text": "у•••", "notes": "к•••", "city": "Тверь", "regionId": 7}}}


def test_remarks_on_an_order_stay_readable() -> None:
    order = {"customerComment": "до обеда", "contact": {"comment": "до обеда"}}

    assert Masks().value(order) == order


def test_ids_and_numbers_stay_digit_by_digit() -> None:
    text = (
        '{"id":9007199254740993017,"sum":51300.00,"orderNumber":"74950000012","customer":{"id":12345678901,"phone":7}}'
    )

    assert Masks().body(text) == text


@pytest.mark.parametrize(
    ("record", "shown"),
    [
        ({"name": "Чашка", "sku": "1"}, {"name": "Чашка", "sku": "1"}),
        ({"name": "Иван", "phone": None}, {"name": "И•••", "phone": None}),
        ({"customer": {"name": "Иван"}}, {"customer": {"name": "И•••"}}),
        ({"customer": "Иван", "manager": 7}, {"customer": "И•••", "manager": 7}),
        ({"phones": [{"number": PHONE, "id": 1234567}]}, {"phones": [{"number": "7495•••••12", "id": 1234567}]}),
        (
            {"email": [{"VALUE": EMAIL, "VALUE_TYPE": "WORK"}]},
            {"email": [{"VALUE": "i•••@example.com", "VALUE_TYPE": "WORK"}]},
        ),
        (
            {"address": {"city": "Тверь", "regionId": 7, "street": "Образцовая", "floor": 3, "text": ""}},
            {"address": {"city": "Тверь", "regionId": 7, "street": "О•••", "floor": "•••", "text": ""}},
        ),
        ({"comment": f"звоните {PHONE}", "f1": PHONE}, {"comment": "звоните 7495•••••12", "f1": PHONE}),
        (
            {"page": f"https://shop.example.com/?phone={PHONE}&a=1"},
            {"page": "https://shop.example.com/?phone=7495•••••12&a=1"},
        ),
    ],
)
def test_a_key_tells_what_its_value_is(record: Any, shown: Any) -> None:
    assert Masks().value(record) == shown


def test_the_catalogue_comes_before_the_name_of_a_key() -> None:
    kinds: dict[str, Kind] = {"f.0.a": "phone", "phone": "none", "meta": "none"}

    shown = Masks(kinds.get).value(
        {"f": [{"a": PHONE}, {"b": PHONE}], "phone": PHONE, "meta": {"contacts": {"name": "x"}}}
    )

    assert shown == {"f": [{"a": "7495•••••12"}, {"b": PHONE}], "phone": PHONE, "meta": {"contacts": {"name": "x"}}}


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://crm.example.com/orders/17/edit?by=id", "https://crm.example.com/orders/17/edit?by=id"),
        (
            "https://crm.example.com/orders?filter[customer]=4950000012&filter[phones][]=%2B74950000012&limit=20",
            "https://crm.example.com/orders?filter[customer]=495•••••12&filter[phones][]=+7495•••••12&limit=20",
        ),
        (
            "https://crm.example.com/customers?filter%5Bname%5D=4950000012&filter%5Bemail%5D=ivan%40example.com",
            "https://crm.example.com/customers?filter%5Bname%5D=495•••••12&filter%5Bemail%5D=i•••@example.com",
        ),
        (
            "https://crm.example.com/products?filter[name]=4950000012",
            "https://crm.example.com/products?filter[name]=4950000012",
        ),
        ("https://crm.example.com/contacts/ivan@example.com", "https://crm.example.com/contacts/i•••@example.com"),
    ],
)
def test_an_address_is_masked_parameter_by_parameter(url: str, shown: str) -> None:
    assert Masks().url(url) == shown


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        (
            'site=main&order={"phone":"74950000012","id":9007199254740993017,"sum":1.00}',
            'site=main&order={"phone":"7495•••••12","id":9007199254740993017,"sum":1.00}',
        ),
        ("name=Иван Примеров&phone=74950000012", "name=И••• П•••&phone=7495•••••12"),
        ("<html>+7 495 000-00-12</html>", "<html>+7 495 •••-••-12</html>"),
        ('{"phone": "74950000012", ', '{"phone": "7495•••••12", '),
        ('{"a": 1, "sum": 1.00}', '{"a": 1, "sum": 1.00}'),
        ("", ""),
        (None, None),
    ],
)
def test_a_body_is_masked_whatever_it_is(body: str | None, shown: str | None) -> None:
    assert Masks().body(body) == shown


def test_what_is_nested_too_deeply_is_masked_as_text() -> None:
    body = f'{"[" * 900}"{EMAIL}"{"]" * 900}'

    assert EMAIL not in (Masks().body(body) or "")


def test_a_form_with_json_in_it_is_read_to_the_end_of_the_json() -> None:
    assert form_pairs('order={"a": "x&y=1"}&site=main') == [("order", '{"a": "x&y=1"}'), ("site", "main")]


@pytest.mark.parametrize("opened", ["[", '{"a":'])
def test_a_form_with_a_value_that_opens_and_opens_is_shown(opened: str) -> None:
    text = f"phone={PHONE}&comment={opened * 100_000}"

    shown = Masks().body(text) or ""

    assert shown.startswith("phone=7495•••••12&comment=")


def test_a_form_is_read_as_json_only_so_often(monkeypatch: pytest.MonkeyPatch) -> None:
    looked = 0

    def look(_text: str, _start: int) -> None:
        nonlocal looked
        looked += 1

    monkeypatch.setattr(record, "_json_end", look)
    found = form_pairs("a={&" * 1000)

    assert (looked, len(found), found[-1]) == (20, 1000, ("a", "{"))
