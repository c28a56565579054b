"""Payments, packs and the history of orders."""

from typing import Any

import pytest

from apimonster_cli.sandbox.account import Key
from apimonster_cli.sandbox.server import Sandbox
from tests.sandbox.conftest import Http, Serve


@pytest.fixture
def order(client: Any) -> Any:
    """Return an order with one line and no payment."""
    answer = client.order_create({"externalId": "7", "items": [{"offer": {"id": 1001}, "quantity": 1}]})
    return answer.get_response()["order"]


@pytest.mark.parametrize("named", [{"id": 1}, {"externalId": "7"}, {"number": "1A"}])
def test_adds_a_payment_to_an_order(client: Any, order: Any, named: dict[str, Any]) -> None:
    answer = client.order_payment_create({"type": "cash", "status": "paid", "order": named, "externalId": "7-1"})

    payments = client.order("7").get_response()["order"]["payments"]
    assert answer.get_status_code() == 201
    assert answer.get_response()["id"] == 1
    assert payments == {"1": {"id": 1, "status": "paid", "amount": 624, "externalId": "7-1", "type": "cash"}}


@pytest.mark.parametrize(
    ("payment", "errors"),
    [
        ({"type": "cash", "order": {}}, {"order": "Set one of the following fields: id, externalId, number"}),
        ({"order": {"id": 1}}, {"type": "This value should not be blank."}),
        ({"order": {"id": 1}, "type": "gold"}, {"type": '"PaymentType" with "code"="gold" does not exist.'}),
        ({"order": {"id": 1}, "type": "cash", "amount": "x"}, {"amount": "This value is not valid."}),
    ],
)
def test_refuses_payments(client: Any, order: Any, payment: dict[str, Any], errors: dict[str, str]) -> None:
    answer = client.order_payment_create(payment)

    assert answer.get_error_msg() == "Errors in the entity format"
    assert answer.get_errors() == errors


def test_a_payment_external_id_is_unique_in_the_account(client: Any, order: Any) -> None:
    client.order_create({"externalId": "8", "payments": [{"type": "cash", "externalId": "p"}]})

    added = client.order_payment_create({"type": "cash", "order": {"id": 1}, "externalId": "p"})
    within = client.order_create({"payments": [{"externalId": "q"}, {"externalId": "q"}]})

    assert "already set" in added.get_errors()["externalId"]
    assert list(within.get_errors()) == ["payments[1].externalId"]


def test_edits_and_deletes_a_payment(client: Any, order: Any) -> None:
    client.order_payment_create({"type": "cash", "order": {"id": 1}, "externalId": "p", "amount": 5})

    edited = client.order_payment_edit({"externalId": "p", "amount": 6, "status": "paid"})
    changed = client.order("7").get_response()["order"]
    deleted = client.order_payment_delete(1)

    assert edited.get_response() == {"success": True, "id": 1}
    assert changed["payments"]["1"]["amount"] == 6
    assert changed["prepaySum"] == 6
    assert deleted.get_response() == {"success": True}
    assert client.order("7").get_response()["order"]["payments"] == {}
    assert client.order_payment_delete(1).get_error_msg() == "Payment not found"


def test_packs_an_order_line(client: Any, order: Any, http: Http) -> None:
    line = order["items"][0]["id"]

    made = client.pack_create({"itemId": line, "store": "main", "quantity": 1, "shipmentDate": "2026-02-10"})
    client.pack_edit({"id": 1, "quantity": 2})
    pack = client.pack(1).get_response()["pack"]
    found = client.packs({"stores": ["main"], "shipmentDateFrom": "2026-02-10"}).get_response()["packs"]
    other = client.packs({"orderExternalId": "8"}).get_response()["packs"]

    assert made.get_status_code() == 201
    assert (pack["quantity"], pack["store"], pack["shipmentDate"]) == (2, "main", "2026-02-10")
    assert pack["item"]["offer"] == {"externalId": "off-1", "xmlId": "off-1"}
    assert pack["item"]["order"] == {"id": 1, "externalId": "7"}
    assert (found, other) == ([pack], [])
    assert client.pack_delete(1).is_successful()
    assert client.pack(1).get_error_msg() == "Pack with id 1 not found"


def test_refuses_packs_of_nothing(client: Any, order: Any) -> None:
    unknown_line = client.pack_create({"itemId": 99, "store": "main"})
    unknown_store = client.pack_create({"itemId": order["items"][0]["id"], "store": "moon"})

    assert list(unknown_line.get_errors()) == ["itemId"]
    assert unknown_store.get_errors() == {"store": '"Store" with "code"="moon" does not exist.'}


def test_history_tells_what_was_made_and_changed(client: Any, order: Any, http: Http) -> None:
    client.order_edit({"externalId": "7", "status": "complete", "managerComment": "Done", "items": []})

    body = http.get("/api/v5/orders/history?filter[orderExternalId]=7").json()

    made, *changes = body["history"]
    assert (made["created"], made["newValue"], made["order"]["externalId"]) == (True, {"code": "new"}, "7")
    assert [(row["field"], row["oldValue"], row["newValue"]) for row in changes] == [
        ("status", {"code": "new"}, {"code": "complete"}),
        ("items", None, None),
        ("manager_comment", None, "Done"),
    ]
    assert changes[0]["order"] == {"id": 1, "externalId": "7", "site": "main", "status": "complete"}
    assert all(row["apiKey"] == {"current": True} and row["source"] == "api" for row in body["history"])
    assert "generatedAt" in body


def test_history_is_walked_by_since_id(client: Any, http: Http) -> None:
    client.orders_upload([{"externalId": str(number)} for number in range(3)])

    rows = http.get("/api/v5/orders/history?filter[sinceId]=1").json()["history"]
    with_page = client.orders_history({"sinceId": 1})

    assert [row["id"] for row in rows] == [2, 3]
    assert with_page.get_status_code() == 400


def test_history_may_be_lenient_about_pages(serve: Serve) -> None:
    with Http(serve(Sandbox(lenient_history=True)).url) as http:
        answer = http.get("/api/v5/orders/history?filter[sinceId]=1&page=1")

    assert answer.status_code == 200


def test_history_knows_whose_key_it_was(serve: Serve) -> None:
    url = serve(Sandbox(keys=(Key("one"), Key("two")))).url
    with Http(url, "one") as one, Http(url, "two") as two:
        one.post("/api/v5/orders/create", data={"order": "{}"})
        current = [http.get("/api/v5/orders/history").json()["history"][0]["apiKey"] for http in (one, two)]

    assert current == [{"current": True}, {"current": False}]
