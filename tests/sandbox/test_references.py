"""Reference lists and the catalogue."""

from typing import Any

import pytest

from apimonster_cli.sandbox.references import REFERENCES
from apimonster_cli.sandbox.server import Sandbox
from tests.sandbox.conftest import Http, Serve

LISTS = {"stores", "price-types", "countries", "couriers", "legal-entities", "currencies"}


@pytest.mark.parametrize("name", sorted(REFERENCES))
def test_answers_every_reference_list(http: Http, name: str) -> None:
    answer = http.get(f"/api/v5/reference/{name}").json()

    rows = answer[REFERENCES[name][0]]
    assert rows
    assert isinstance(rows, list) == (name in LISTS)
    if isinstance(rows, dict):
        assert all(row["code"] == code for code, row in rows.items())


OF_THE_CLIENT = sorted(set(REFERENCES) - {"currencies"})  # which it has no method for


@pytest.mark.parametrize("name", OF_THE_CLIENT)
def test_the_official_client_reads_every_reference_it_knows(client: Any, name: str) -> None:
    answer = getattr(client, name.replace("-", "_"))()

    assert answer.get_status_code() == 200
    assert answer.get_response()[REFERENCES[name][0]]


def test_has_the_codes_that_orders_take(client: Any) -> None:
    statuses = client.statuses().get_response()["statuses"]

    assert {"new", "client-confirmed", "complete", "cancel-other"} <= set(statuses)
    assert set(client.order_types().get_response()["orderTypes"]) == {"eshop-individual", "eshop-legal"}
    assert "shopping-cart" in client.order_methods().get_response()["orderMethods"]
    assert client.stores().get_response()["stores"][0]["code"] == "main"
    assert {client.order_create({"status": code}).get_status_code() for code in statuses} == {201}


def test_names_the_shops_of_the_account(serve: Serve) -> None:
    with Http(serve(Sandbox(sites=("main", "second"))).url) as http:
        sites = http.get("/api/v5/reference/sites").json()["sites"]

    assert list(sites) == ["main", "second"]
    assert [site["defaultForCrm"] for site in sites.values()] == [True, False]


def test_lists_users_and_custom_fields(client: Any) -> None:
    users = client.users().get_response()["users"]
    of_orders = client.custom_fields({"entity": "order"}).get_response()
    dates = client.custom_fields({"entity": "order", "type": "date"}).get_response()["customFields"]
    dictionaries = client.custom_dictionaries().get_response()["customDictionaries"]

    assert [user["id"] for user in users] == [1, 2]
    assert {"city", "utm_source"} <= {field["code"] for field in of_orders["customFields"]}
    assert [field["code"] for field in dates] == ["first_visit"]
    assert dictionaries[0]["code"] == "segments"


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", [1, 2, 3, 4]),
        ("filter[name]=tee-2-m", [2]),
        ("filter[name]=00042", [3]),
        ("filter[active]=1", [1, 2, 3]),
        ("filter[ids][]=4", [4]),
        ("filter[offerExternalId]=off-3", [2]),
        ("filter[minPrice]=1250", [2, 3]),
        ("filter[maxPrice]=100", [4]),
        ("filter[minQuantity]=11", [3]),
        ("filter[groups][]=1&filter[sinceId]=2", [3, 4]),
    ],
)
def test_finds_products(http: Http, query: str, expected: list[int]) -> None:
    answer = http.get(f"/api/v5/store/products?{query}").json()

    assert [product["id"] for product in answer["products"]] == expected


def test_the_official_client_finds_products(client: Any) -> None:
    products = client.products({"name": "tee-2-m", "active": 1}).get_response()["products"]

    assert [(product["id"], [offer["article"] for offer in product["offers"]]) for product in products] == [
        (2, ["TEE-2-S", "TEE-2-M"])
    ]


def test_finds_offers_with_their_product(http: Http) -> None:
    offers = http.get("/api/v5/store/offers?filter[xmlIds][]=off-3&filter[active]=1").json()["offers"]

    assert [offer["id"] for offer in offers] == [1003]
    assert offers[0]["product"]["id"] == 2
    assert offers[0]["properties"] == {"size": "M"}
    assert "offers" not in offers[0]["product"]


def test_tells_what_is_in_stock(client: Any) -> None:
    short = client.inventories({"offerArticle": ["TEE-2-S"]}).get_response()["offers"]
    whole = client.inventories({"productArticle": ["TEE-2"], "details": 1}).get_response()["offers"]

    assert short == [
        {"id": 1002, "externalId": "off-2", "xmlId": "off-2", "site": "main", "purchasePrice": 720, "quantity": 3}
    ]
    assert [offer["stores"][0]["quantity"] for offer in whole] == [3, 0]


@pytest.mark.parametrize("filter_", ["active]=3", "maxPrice]=much"])
def test_refuses_wrong_filters_of_the_catalogue(http: Http, filter_: str) -> None:
    answer = http.get(f"/api/v5/store/products?filter[{filter_}")

    assert (answer.status_code, answer.json()["errorMsg"]) == (400, "Errors in the input parameters")
