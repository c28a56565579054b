"""Things are found by exact comparison, as RetailCRM's own filters match parts of texts."""

from typing import Any

import pytest

from apimonster_cli.connectors.retailcrm.answers import NotFoundError
from apimonster_cli.connectors.retailcrm.pages import MOST_PAGES
from apimonster_cli.core.errors import PermanentError
from tests.connectors.fakes import json_answer
from tests.connectors.retailcrm.orders import ORDER, call, listed


def order(number: int, **fields: Any) -> dict[str, Any]:
    return {"id": number, "createdAt": "2025-10-18 11:09:27", **fields}


def test_the_newest_order_of_a_phone_is_found_however_it_is_written() -> None:
    orders = [
        order(1, phone="8 (495) 000-00-12"),
        order(3, additionalPhone="+74950000012", createdAt="2025-10-19 00:00:00"),
        order(2, customer={"phones": [{"number": "74950000012"}]}, createdAt="2025-10-19 00:00:00"),
        order(4, phone="+74950000013", createdAt="2025-10-20 00:00:00"),
        order(5, createdAt="2025-10-21 00:00:00"),
    ]
    step = call("find_order", {"phone": "+7 495 000-00-12"}, listed("orders", *orders))

    outputs = step.run()

    assert outputs == {"success": True, **orders[1]}
    assert step.requests[0].query == (("filter[customer]", "4950000012"), ("limit", "100"), ("page", "1"))
    assert step.requests[0].writes is False


def test_all_given_inputs_filter() -> None:
    step = call(
        "find_order", {"email": "a@example.com", "phone": "4950000012", "status": "new-group"}, listed("orders")
    )

    outputs = step.run()

    assert outputs == {}
    assert step.requests[0].query[:3] == (
        ("filter[email]", "a@example.com"),
        ("filter[customer]", "4950000012"),
        ("filter[extendedStatus][]", "new-group"),
    )


def test_an_e_mail_that_only_looks_alike_is_passed_over() -> None:
    orders = [
        order(3, email="aa@example.com"),
        order(2, customer={"email": "A@example.com"}),
        order(1),
    ]
    step = call("find_order", {"email": "a@example.com"}, listed("orders", *orders))

    assert step.run()["id"] == 2


@pytest.mark.parametrize(
    "fields", [{}, {"email": "", "phone": None}, {"phone": "нет"}, {"phone": "нет", "status": "new"}]
)
def test_nothing_to_search_by_finds_nothing_without_a_call(fields: dict[str, Any]) -> None:
    step = call("find_order", fields)

    assert step.run() == {}
    assert step.requests == []


def test_every_page_is_read() -> None:
    step = call(
        "find_order",
        {"status": "new"},
        listed("orders", order(1), pages=2),
        listed("orders", order(2), page=2, pages=2),
    )

    outputs = step.run()

    assert outputs["id"] == 2
    assert [dict(request.query)["page"] for request in step.requests] == ["1", "2"]


def test_pages_have_an_end() -> None:
    pages = [listed("orders", order(number), page=number, pages=500) for number in range(1, MOST_PAGES + 1)]
    step = call("find_order", {"status": "new"}, *pages)

    outputs = step.run()

    assert outputs["id"] == MOST_PAGES
    assert len(step.requests) == MOST_PAGES


def test_an_answer_without_pagination_is_one_page() -> None:
    step = call("find_order", {"status": "new"}, json_answer({"success": True, "orders": [ORDER]}))

    assert step.run()["id"] == 6722


def product(number: int, article: str | None = None, *offers: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"id": number, "offers": list(offers), **({"article": article} if article else {}), **fields}


def test_a_product_is_found_by_its_exact_article() -> None:
    products = [product(1, "00042-L"), product(2, "00042", {"id": 21, "article": "S"}), product(3, "42")]
    step = call("find_product", {"article": "00042"}, listed("products", *products))

    outputs = step.run()

    assert outputs == {**products[1], "offer": {"id": 21, "article": "S"}}
    assert step.requests[0].path == "/api/v5/store/products"
    assert step.requests[0].query[0] == ("filter[name]", "00042")


def test_the_offer_with_the_article_is_the_one_to_order() -> None:
    found = product(1, "W", {"id": 10, "article": "W-S"}, {"id": 11, "article": "W-L"})
    step = call("find_product", {"article": "W-L"}, listed("products", found))

    assert step.run()["offer"] == {"id": 11, "article": "W-L"}


def test_a_product_on_sale_goes_before_one_that_is_not() -> None:
    step = call(
        "find_product",
        {"article": "W"},
        listed("products", product(1, "W", active=False), product(2, "W", active=True)),
    )

    assert step.run()["id"] == 2


@pytest.mark.parametrize("article", ["", None, "unknown"])
def test_no_product_is_no_output(article: Any) -> None:
    step = call("find_product", {"article": article}, listed("products", product(1, "W")))

    assert step.run() == {}


def test_an_article_that_a_thousand_others_contain_is_not_called_missing() -> None:
    others = [listed("products", product(number, "W-1"), page=number, pages=11) for number in range(1, 11)]
    step = call("find_product", {"article": "W"}, *others)

    with pytest.raises(PermanentError, match="more than 1000 products of RetailCRM fit W,"):
        step.run()


def test_an_article_found_before_a_thousand_others_is_taken() -> None:
    others = [listed("products", product(number, "W-1"), page=number, pages=11) for number in range(2, 11)]
    step = call("find_product", {"article": "W"}, listed("products", product(1, "W"), page=1, pages=11), *others)

    assert step.run()["id"] == 1


STORES = json_answer(
    {"success": True, "stores": [{"code": "main12", "name": "Основной", "phone": {}}, {"code": "t", "name": "Тверь"}]}
)


def test_a_warehouse_is_chosen_by_its_code() -> None:
    step = call("get_store", {"code": "main12"}, STORES)

    outputs = step.run()

    assert outputs == {"code": "main12", "name": "Основной", "phone": {}}
    assert step.requests[0].path == "/api/v5/reference/stores"


def test_an_unknown_warehouse_names_the_known_ones() -> None:
    step = call("get_store", {"code": "main"}, STORES)

    with pytest.raises(NotFoundError, match="no warehouse with the code main; there are: main12, t"):
        step.run()


def test_all_packs_of_an_order_are_read() -> None:
    step = call(
        "get_order_packs",
        {"id": 7088},
        listed("packs", {"id": 143}, pages=2),
        listed("packs", {"id": 144}, page=2, pages=2),
    )

    outputs = step.run()

    assert outputs == {"packs": [{"id": 143}, {"id": 144}]}
    assert step.requests[0].query[0] == ("filter[orderId]", "7088")


def test_packs_of_no_order_fail() -> None:
    step = call("get_order_packs", {"id": None})

    with pytest.raises(PermanentError, match="id got no value"):
        step.run()
