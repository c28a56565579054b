"""Each row of an Ozon posting becomes a line with the offer of its article, or the order is not made at all."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apimonster_cli.core import exactjson
from apimonster_cli.core.errors import PermanentError
from tests.connectors.fakes import FakeCall
from tests.connectors.retailcrm.orders import DUPLICATE, ORDER, call, created, listed, sent, shown

# Rows as Ozon's posting has them, shortened: the price is text with four to six decimals.
MUG = {
    "price": "1530.0000",
    "offer_id": "ЧАШКА-350",
    "name": "Чашка «Пример», 350 мл",
    "sku": 1600000101,
    "quantity": 2,
}
NAPKINS = {"price": "249.500000", "offer_id": "00417", "name": "Салфетки", "sku": 1600000102, "quantity": 1}
TOWELS = {"price": "5990", "offer_id": "towel-3/grey", "name": "Полотенца", "sku": 4100000103, "quantity": 1}


def product(number: int, *offers: tuple[int, str], article: str = "", **more: Any) -> dict[str, Any]:
    rows = [{"id": offer_id, "article": offer_article} for offer_id, offer_article in offers]
    return {"id": number, "article": article, "active": True, "offers": rows, **more}


MUG_FOUND = listed("products", product(1, (10, "ЧАШКА-350-XL")), product(2, (21, "ЧАШКА-350")))
NAPKINS_FOUND = listed("products", product(3, (31, "00417")))
NOTHING = listed("products")


def step(products: Any, *answers: Any, article_field: str = "offer_id", **more: Any) -> FakeCall:
    fields = {"article_field": article_field, "products": products, **more.pop("fields", {})}
    return call("create_order_from_ozon", fields, *answers, **more)


def test_each_row_becomes_a_line_with_the_offer_of_its_article() -> None:
    towels = listed("products", product(4, (41, "grey"), article="towel-3/grey"))
    made = step([MUG, NAPKINS, TOWELS], MUG_FOUND, NAPKINS_FOUND, towels, created(), fields={"firstName": "Ozon"})

    outputs = made.run()

    assert outputs == {"success": True, "created": True, **ORDER, "payments": []}
    assert [dict(request.query).get("filter[name]") for request in made.requests[:3]] == [
        "ЧАШКА-350",
        "00417",
        "towel-3/grey",
    ]
    assert sent(made.requests[3]) == exactjson.loads(
        """{"firstName": "Ozon", "externalId": "leads-order-700101", "items": [
            {"offer": {"id": 21}, "quantity": 2, "initialPrice": 1530},
            {"offer": {"id": 31}, "quantity": 1, "initialPrice": 249.5},
            {"offer": {"id": 41}, "quantity": 1, "initialPrice": 5990}]}"""
    )


def test_every_page_is_looked_through_and_an_article_asked_for_once() -> None:
    first = listed("products", product(1, (10, "004170")), page=1, pages=2)
    second = listed("products", product(2, (21, "00417")), page=2, pages=2)
    made = step([NAPKINS, {**NAPKINS, "price": 200}], first, second, created())

    made.run()

    assert [line["offer"]["id"] for line in sent(made.requests[2])["items"]] == [21, 21]
    assert len(made.requests) == 3


@pytest.mark.parametrize(
    ("price", "written"),
    [
        ("1530.0000", "1530"),
        ("249.500000", "249.5"),
        (5990, "5990"),
        (0, "0"),
        ({"amount": "1530.5000", "currency": "RUB"}, "1530.5"),
        ({"amount": 100, "currency_code": "KZT"}, "100"),
    ],
)
def test_a_price_is_text_a_number_or_an_object(price: Any, written: str) -> None:
    made = step([{**NAPKINS, "price": price}], NAPKINS_FOUND, created())

    made.run()

    assert f'"initialPrice":{written}}}' in dict(made.requests[1].form or ())["order"]


@pytest.mark.parametrize("price", [None, ""])
def test_a_row_without_a_price_has_the_catalogues(price: Any) -> None:
    made = step([{**NAPKINS, "price": price}], NAPKINS_FOUND, created())

    made.run()

    assert sent(made.requests[1])["items"] == [{"offer": {"id": 31}, "quantity": 1}]


def test_articles_that_are_missing_fail_with_their_names_and_nothing_is_made() -> None:
    made = step([MUG, NAPKINS, {**TOWELS, "offer_id": ""}], NOTHING, NAPKINS_FOUND)

    with pytest.raises(PermanentError) as raised:
        made.run()

    assert "ЧАШКА-350 (Чашка «Пример», 350 мл), no article (Полотенца)" in str(raised.value)
    assert "00417" not in str(raised.value)
    assert [request.method for request in made.requests] == ["GET", "GET"]


def test_a_missing_article_becomes_a_line_by_name_where_the_step_says_so() -> None:
    nameless = {"offer_id": "x-1", "quantity": 3}
    made = step(
        [MUG, NAPKINS, nameless], NOTHING, NAPKINS_FOUND, NOTHING, created(), options={"on_missing": "name_only"}
    )

    made.run()

    assert sent(made.requests[3])["items"] == [
        {"productName": "Чашка «Пример», 350 мл", "quantity": 2, "initialPrice": 1530},
        {"offer": {"id": 31}, "quantity": 1, "initialPrice": exactjson.loads("249.5")},
        {"productName": "x-1", "quantity": 3},
    ]


@pytest.mark.parametrize(
    "products",
    [
        [product(1, (10, "S"), (11, "M"), article="00417")],
        [product(1, (10, "00417")), product(2, (20, "00417"))],
        [product(1, article="00417")],
    ],
)
def test_an_article_that_no_single_offer_has_is_not_guessed(products: list[dict[str, Any]]) -> None:
    made = step([NAPKINS], listed("products", *products))

    with pytest.raises(PermanentError, match=r"no offer, or no single one, with the article of: 00417 \(Салфетки\)"):
        made.run()


def test_an_offer_on_sale_goes_before_one_that_is_not() -> None:
    found = listed("products", product(1, (10, "00417"), active=False), product(2, (20, "00417")))
    made = step([NAPKINS], found, created())

    made.run()

    assert sent(made.requests[1])["items"][0]["offer"] == {"id": 20}


def test_an_article_may_be_a_number_of_any_field() -> None:
    made = step([MUG], listed("products", product(1, (10, "1600000101"))), created(), article_field="sku")

    made.run()

    assert dict(made.requests[0].query)["filter[name]"] == "1600000101"


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"article_field": ""}, "article_field got no value"),
        ({"products": []}, "no list with a row"),
        ({"products": None}, "no list with a row"),
        ({"products": ["ЧАШКА-350"]}, "row 1 of products is no Ozon product: ЧАШКА-350"),
        (
            {"article_field": "article"},
            "row 1 of products has no text in article: check article_field, the row has price",
        ),
        ({"products": [MUG, {**MUG, "offer_id": {}}]}, "row 2 of products has no text in offer_id"),
        ({"products": [{**MUG, "price": "дорого"}]}, 'row 1 of products, Чашка .* its price: "дорого" is not a number'),
        ({"products": [{**MUG, "price": {"rub": 5}}]}, "its price: "),
        ({"products": [{**MUG, "quantity": None}]}, "its quantity: "),
        ({"products": [{**MUG, "quantity": "0"}]}, "its quantity is 0, which cannot be ordered"),
    ],
)
def test_a_posting_that_cannot_be_read_says_where(fields: dict[str, Any], words: str) -> None:
    made = step([MUG], fields=fields)

    with pytest.raises(PermanentError, match=words):
        made.run()

    assert made.requests == []


def test_a_mapped_shop_goes_before_the_connections_and_not_into_the_order() -> None:
    made = step([NAPKINS], NAPKINS_FOUND, created(), fields={"site": "ozon"})

    made.run()

    assert dict(made.requests[1].form or ())["site"] == "ozon"
    assert set(sent(made.requests[1])) == {"externalId", "items"}


def test_after_a_doubtful_try_the_order_is_looked_for_before_anything_is_sent() -> None:
    items = [{"id": 11, "initialPrice": 249.5, "quantity": 1, "offer": {"id": 31, "article": "00417"}}]
    made = step([NAPKINS], NAPKINS_FOUND, shown(items=items), doubtful=True, options={"on_duplicate": "fail"})

    outputs = made.run()

    assert (outputs["id"], outputs["created"]) == (6722, True)
    assert [request.method for request in made.requests] == ["GET", "GET"]


def test_a_duplicate_is_left_as_it_is() -> None:
    made = step([NAPKINS], NAPKINS_FOUND, DUPLICATE, shown(), fields={"externalId": "10000012-0101-1"})

    outputs = made.run()

    assert (outputs["id"], outputs["created"]) == (6722, False)
    assert made.requests[2].path == "/api/v5/orders/10000012-0101-1"


@given(st.decimals(min_value=0, max_value=10**9, places=6))
def test_a_price_keeps_its_value(price: Decimal) -> None:
    made = step([{**NAPKINS, "price": str(price)}], NAPKINS_FOUND, created())

    made.run()

    assert sent(made.requests[1])["items"][0]["initialPrice"] == price
