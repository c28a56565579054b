"""GET /orders: pages and filters."""

from typing import Any

import pytest

from apimonster_cli.sandbox.server import Running
from tests.sandbox.conftest import Http

ORDERS = [
    {
        "externalId": "e1",
        "number": "N1",
        "lastName": "Иванов",
        "firstName": "Иван",
        "phone": "+7 (900) 111-22-33",
        "email": "Ivan@example.com",
        "createdAt": "2026-01-10 10:00:00",
        "status": "new",
        "orderType": "eshop-individual",
        "managerId": 1,
        "customFields": {"city": "Omsk", "visits": 3, "flag": True},
        "source": {"source": "yandex", "campaign": "spring"},
        "items": [{"offer": {"id": 1001}, "quantity": 1}],
        "payments": [{"type": "cash", "amount": 624, "status": "paid", "paidAt": "2026-01-11 10:00:00"}],
        "call": True,
    },
    {
        "externalId": "e2",
        "number": "N2",
        "firstName": "Пётр",
        "phone": "89002223344",
        "createdAt": "2026-02-10 23:59:59",
        "status": "client-confirmed",
        "orderType": "eshop-legal",
        "orderMethod": "phone",
        "customFields": {"visits": 30, "first_visit": "2026-02-01"},
        "delivery": {"code": "courier", "cost": 10, "date": "2026-02-12"},
        "shipmentStore": "shop",
    },
    {"externalId": "e3", "number": "N2", "createdAt": "2026-03-01 00:00:00", "status": "cancel-other", "shipped": True},
]


@pytest.fixture
def filled(running: Running, client: Any) -> Http:
    assert client.orders_upload(ORDERS).is_successful()
    return Http(running.url)


def found(http: Http, query: str) -> list[str]:
    with http:
        answer = http.get(f"/api/v5/orders?{query}")
    assert answer.status_code == 200, answer.text
    return sorted(order["externalId"] for order in answer.json()["orders"])


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", "e1 e2 e3"),
        ("filter=None", "e1 e2 e3"),
        ("filter[ids][]=1&filter[ids][]=3", "e1 e3"),
        ("filter[ids][0]=2", "e2"),
        ("filter[externalIds][]=e3&filter[externalIds][]=none", "e3"),
        ("filter[externalIds][]=e3&filter[ids][]=1", ""),
        ("filter[numbers][]=N2", "e2 e3"),
        ("filter[email]=ivan@EXAMPLE.com", "e1"),
        ("filter[customer]=иван", "e1"),
        ("filter[customer]=9001112233", "e1"),
        ("filter[customer]=%2B7900111", "e1"),
        ("filter[customerId]=2", "e2"),
        ("filter[customerType]=customer", "e1 e2 e3"),
        ("filter[extendedStatus][]=new&filter[extendedStatus][]=cancel-group", "e1 e3"),
        ("filter[extendedStatus][]=approval-group", "e2"),
        ("filter[sites][]=other", ""),
        ("filter[orderTypes][]=eshop-legal", "e2"),
        ("filter[orderMethods][]=shopping-cart", "e1 e3"),
        ("filter[managers][]=1", "e1"),
        ("filter[shipmentStores][]=shop", "e2"),
        ("filter[paymentTypes][]=cash", "e1"),
        ("filter[paymentStatuses][]=not-paid", ""),
        ("filter[deliveryTypes][]=courier", "e2"),
        ("filter[createdAtFrom]=2026-02-10", "e2 e3"),
        ("filter[createdAtTo]=2026-02-10", "e1 e2"),
        ("filter[fullPaidAtFrom]=2026-01-11", "e1"),
        ("filter[deliveryDateTo]=2026-02-12", "e2"),
        ("filter[minPrice]=600", "e1"),
        ("filter[maxPrice]=10", "e2 e3"),
        ("filter[minPrepaySumm]=1", "e1"),
        ("filter[product]=mug", "e1"),
        ("filter[product]=круж", "e1"),
        ("filter[call]=1", "e1"),
        ("filter[shipped]=0", "e1 e2"),
        ("filter[vip]=1", ""),
        ("filter[customFields][city]=Omsk", "e1"),
        ("filter[customFields][flag]=1", "e1"),
        ("filter[customFields][visits][min]=5", "e2"),
        ("filter[customFields][visits][min]=2&filter[customFields][visits][max]=9", "e1"),
        ("filter[customFields][first_visit][max]=2026-03-01", "e2"),
        ("filter[sourceName]=Yandex&filter[campaignName]=spring", "e1"),
        ("filter[attachments]=1", "e1 e2 e3"),
        ("filter[somethingNew]=1", "e1 e2 e3"),
    ],
)
def test_filters(filled: Http, query: str, expected: str) -> None:
    assert found(filled, query) == expected.split()


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("filter[attachments]=7", "attachments"),
        ("filter[call]=yes", "call"),
        ("filter[ids][]=a", "ids"),
        ("filter[createdAtFrom]=2026-13-12", "createdAtFrom"),
        ("filter[createdAtFrom]=01.02.2026", "createdAtFrom"),
        ("filter[minPrice]=much", "minPrice"),
        (f"filter[email]={'a' * 256}", "email"),
        ("filter[customFields]=1", "customFields"),
        ("&".join(f"filter[numbers][]={number}" for number in range(101)), "numbers"),
        ("limit=30", "limit"),
        ("limit=x", "limit"),
        ("page=0", "page"),
        ("site=nowhere", "site"),
    ],
)
def test_refuses_wrong_filters(http: Http, query: str, name: str) -> None:
    answer = http.get(f"/api/v5/orders?{query}")

    assert answer.status_code == 400
    assert answer.json()["errorMsg"] == "Errors in the input parameters"
    assert answer.json()["errors"] == {f"children[{name}]": "This value is not valid."}


def test_answers_page_by_page(client: Any) -> None:
    for _ in range(2):
        client.orders_upload([{"firstName": "Ivan"} for _ in range(26)])

    pages = [client.orders({"createdAtFrom": "2020-01-01"}, limit=50, page=page).get_response() for page in (1, 2, 3)]

    assert pages[1]["pagination"] == {"limit": 50, "totalCount": 52, "currentPage": 2, "totalPageCount": 2}
    assert [len(page["orders"]) for page in pages] == [50, 2, 0]
    assert [order["id"] for order in pages[1]["orders"]] == [2, 1]


def test_the_official_client_asks_for_statuses(client: Any) -> None:
    client.order_create({"externalId": "7", "status": "complete"})
    client.order_create({"externalId": "8"})

    answer = client.orders_statuses([2], ["7", "unknown"])

    assert answer.get_response()["orders"] == [
        {"id": 2, "externalId": "8", "status": "new", "group": "new"},
        {"id": 1, "externalId": "7", "status": "complete", "group": "complete"},
    ]
