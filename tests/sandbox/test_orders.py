"""Orders, driven by the official client: create, get, list, edit, upload."""

import json
from typing import Any

import pytest

from tests.sandbox.conftest import Http


def test_creates_an_order_with_the_customer_it_needs(client: Any) -> None:
    answer = client.order_create(
        {"externalId": "7", "firstName": "Иван", "phone": "+7 900 111-22-33", "email": "ivan@example.com"}, "main"
    )

    order = answer.get_response()["order"]
    assert answer.get_status_code() == 201
    assert (order["id"], order["number"], order["externalId"]) == (1, "1A", "7")
    assert (order["status"], order["orderMethod"], order["site"]) == ("new", "shopping-cart", "main")
    assert order["customer"]["phones"] == [{"number": "+7 900 111-22-33"}]
    assert order["contact"]["id"] == order["customer"]["id"]
    assert (order["payments"], order["customFields"]) == ([], [])


def test_refuses_a_second_order_with_the_same_external_id(client: Any) -> None:
    client.order_create({"externalId": "7"})

    answer = client.order_create({"externalId": "7", "firstName": "Another"})

    assert answer.get_status_code() == 400
    assert answer.get_error_msg() == "Order already exists."
    assert client.orders().get_response()["pagination"]["totalCount"] == 1


def test_makes_two_orders_when_there_is_no_external_id(client: Any) -> None:
    ids = [client.order_create({"firstName": "Ivan"}).get_response()["id"] for _ in range(2)]

    assert ids == [1, 2]


@pytest.mark.parametrize(
    ("sent", "errors"),
    [
        ({"status": "x"}, {"status": '"Status" with "code"="x" does not exist.'}),
        ({"orderType": "x"}, {"orderType": '"OrderType" with "code"="x" does not exist.'}),
        ({"delivery": {"code": "x"}}, {"delivery.code": '"DeliveryType" with "code"="x" does not exist.'}),
        ({"payments": [{"type": "x"}]}, {"payments[0].type": '"PaymentType" with "code"="x" does not exist.'}),
        ({"items": [{"offer": {"id": 123123}}]}, {"items[0].offer.id": "Offer with id 123123 not found."}),
        ({"customer": {"externalId": "2106"}}, {"customer.externalId": "Customer with externalId=2106 not found."}),
        ({"customer": {"id": 9}}, {"customer.id": "Customer with id=9 not found."}),
    ],
)
def test_does_not_load_an_order_that_names_what_is_not_there(
    client: Any, sent: dict[str, Any], errors: dict[str, str]
) -> None:
    answer = client.order_create({"externalId": "7", "firstName": "Ivan", **sent})

    assert answer.get_status_code() == 400
    assert answer.get_error_msg() == "Order is not loaded"
    assert answer.get_errors() == errors
    assert client.customers().get_response()["customers"] == []


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"createdAt": "2026-13-01 10:00:00"}, "createdAt"),
        ({"createdAt": "2026-12-01"}, "createdAt"),
        ({"managerId": "anna"}, "managerId"),
        ({"privilegeType": "vip"}, "privilegeType"),
        ({"delivery": {"address": {"floor": "three"}}}, "delivery.address.floor"),
        ({"items": [{"quantity": "many"}]}, "items[0].quantity"),
        ({"items": "one"}, "items"),
        ({"firstName": ["Ivan"]}, "firstName"),
        ({"shipmentDate": "01.12.2026"}, "shipmentDate"),
    ],
)
def test_refuses_values_of_the_wrong_type(client: Any, sent: dict[str, Any], field: str) -> None:
    answer = client.order_create(sent)

    assert answer.get_status_code() == 400
    assert answer.get_error_msg() == "Errors in the entity format"
    assert answer.get_errors() == {field: "This value is not valid."}


def test_keeps_every_digit_and_drops_unknown_fields(client: Any) -> None:
    answer = client.order_create(
        {
            "externalId": "0042",
            "number": "1200000001.1760000001",
            "customFields": {"visits": 9007199254740993, "city": "Omsk", "flag": False},
            "colour": "red",
            "items": [],
        }
    )

    order = answer.get_response()["order"]
    assert (order["externalId"], order["number"]) == ("0042", "1200000001.1760000001")
    assert order["customFields"] == {"visits": 9007199254740993, "city": "Omsk", "flag": False}
    assert "colour" not in order


def test_computes_sums_of_lines_discounts_delivery_and_payments(client: Any) -> None:
    answer = client.order_create(
        {
            "items": [
                {"productName": "Own", "initialPrice": "10.10", "quantity": 3, "purchasePrice": 4},
                {"offer": {"id": 1001}, "quantity": 2, "discountManualAmount": 24},
            ],
            "discountManualPercent": 10,
            "delivery": {"code": "courier", "cost": 250},
            "payments": [
                {"type": "cash", "amount": 100, "status": "paid", "paidAt": "2026-01-02 10:00:00"},
                {"type": "cash", "amount": 50},
            ],
        }
    )

    order = answer.get_response()["order"]
    assert order["summ"] == 1107.27
    assert order["totalSumm"] == 1357.27
    assert order["prepaySum"] == 100
    assert order["purchaseSumm"] == 760.8
    assert [line["prices"] for line in order["items"]] == [
        [{"price": 10.1, "quantity": 3}],
        [{"price": 600, "quantity": 2}],
    ]
    assert [line["offer"].get("article") for line in order["items"]] == [None, "MUG-1"]
    assert [payment["status"] for payment in order["payments"]] == ["paid", "not-paid"]


def test_an_unknown_offer_by_external_id_makes_a_line_tied_to_no_product(client: Any) -> None:
    answer = client.order_create({"items": [{"offer": {"externalId": "nowhere"}, "productName": "Tea"}]})

    assert answer.get_response()["order"]["items"][0]["offer"] == {"displayName": "Tea"}


def test_reads_an_order_by_external_id_and_by_id(client: Any) -> None:
    client.order_create({"externalId": "a-7", "payments": [{"type": "cash", "amount": 5}]})

    by_external_id = client.order("a-7").get_response()["order"]
    by_id = client.order(1, "id").get_response()["order"]

    assert by_external_id == by_id
    assert by_id["payments"] == {"1": {"id": 1, "status": "not-paid", "amount": 5, "type": "cash"}}
    assert client.order("1").get_status_code() == 404
    assert client.order("1").get_error_msg() == "Not found"


def test_decodes_an_external_id_in_the_path(client: Any, http: Http) -> None:
    client.order_create({"externalId": "заказ 7/а"})

    answer = http.get("/api/v5/orders/%D0%B7%D0%B0%D0%BA%D0%B0%D0%B7%207%2F%D0%B0")

    assert answer.json()["order"]["externalId"] == "заказ 7/а"


def test_edit_leaves_alone_what_is_not_sent(client: Any) -> None:
    client.order_create(
        {
            "externalId": "7",
            "firstName": "Ivan",
            "customFields": {"city": "Omsk", "visits": 1},
            "delivery": {"address": {"city": "Omsk", "street": "Lenina", "building": "1"}},
            "items": [{"productName": "Tea", "initialPrice": 5}],
        }
    )

    answer = client.order_edit(
        {"externalId": "7", "managerComment": "Call", "customFields": {"visits": 2}, "delivery": {"cost": 30}}
    )

    order = answer.get_response()["order"]
    assert answer.get_status_code() == 200
    assert (order["firstName"], order["managerComment"]) == ("Ivan", "Call")
    assert order["customFields"] == {"city": "Omsk", "visits": 2}
    assert order["delivery"]["address"]["text"] == "Lenina, д. 1"
    assert order["totalSumm"] == 35
    assert order["payments"] == {}


def test_edit_deletes_lines_that_are_not_sent(client: Any) -> None:
    made = client.order_create(
        {"externalId": "7", "items": [{"productName": name, "initialPrice": 5} for name in ("Tea", "Milk")]}
    )
    kept = made.get_response()["order"]["items"][1]["id"]

    answer = client.order_edit({"externalId": "7", "items": [{"id": kept, "quantity": 3}, {"productName": "Rum"}]})

    lines = answer.get_response()["order"]["items"]
    assert [(line["offer"]["displayName"], line["quantity"]) for line in lines] == [("Milk", 3), ("Rum", 1)]
    assert lines[0]["id"] == kept
    assert lines[0]["initialPrice"] == 5


def test_edit_clears_a_field_that_is_sent_empty(client: Any) -> None:
    client.order_create({"externalId": "7", "firstName": "Ivan", "customFields": {"city": "Omsk"}})

    order = client.order_edit(
        {"externalId": "7", "firstName": "", "customFields": {"city": None}, "status": None}
    ).get_response()["order"]

    assert "firstName" not in order
    assert order["customFields"] == []
    assert order["status"] == "new"


def test_a_status_comment_changes_only_with_the_status(client: Any) -> None:
    client.order_create({"externalId": "7"})

    alone = client.order_edit({"externalId": "7", "statusComment": "why"}).get_response()["order"]
    together = client.order_edit(
        {"externalId": "7", "status": "complete", "statusComment": "paid", "statusUpdatedAt": "2026-01-01 00:00:00"}
    ).get_response()["order"]

    assert "statusComment" not in alone
    assert (together["status"], together["statusComment"]) == ("complete", "paid")
    assert together["statusUpdatedAt"] == "2026-01-01 00:00:00"


def test_edit_cannot_take_the_external_id_of_another_order(client: Any) -> None:
    client.orders_upload([{"externalId": "1"}, {"externalId": "2"}])

    answer = client.order_edit({"id": 2, "externalId": "1"}, "id")

    assert answer.get_error_msg() == "Order already exists."
    assert client.order_edit({"id": 9, "externalId": "9"}, "id").get_status_code() == 404


def test_edit_moves_an_order_to_another_customer_with_its_totals(client: Any) -> None:
    client.order_create({"externalId": "7", "firstName": "Ivan", "items": [{"productName": "Tea", "initialPrice": 5}]})
    other = client.customer_create({"externalId": "other"}).get_response()["id"]

    client.order_edit({"externalId": "7", "customer": {"id": other}})

    totals = {
        row["id"]: (row["ordersCount"], row["totalSumm"]) for row in client.customers().get_response()["customers"]
    }
    assert totals == {1: (0, 0), other: (1, 5)}


def test_uploads_several_orders(client: Any) -> None:
    answer = client.orders_upload([{"externalId": "1"}, {"firstName": "Ivan"}], "main")

    body = answer.get_response()
    assert answer.get_status_code() == 201
    assert body["uploadedOrders"] == [{"id": 1, "externalId": "1"}, {"id": 2}]
    assert [order["id"] for order in body["orders"]] == [1, 2]


def test_uploads_in_part(client: Any) -> None:
    client.order_create({"externalId": "1"})

    answer = client.orders_upload(
        [
            {"externalId": "1"},
            {"externalId": "2", "customer": {"externalId": "nobody"}},
            {"externalId": "3", "items": [{"offer": {"id": 5}}]},
            {"externalId": "4"},
        ]
    )

    body = answer.get_response()
    assert answer.get_status_code() == 460
    assert answer.get_error_msg() == "Orders are loaded with errors"
    assert body["uploadedOrders"] == [{"id": 2, "externalId": "4"}]
    assert body["failedOrders"] == [{"externalId": "1"}, {"externalId": "2"}, {"externalId": "3"}]
    assert answer.get_errors() == [
        "Order with externalId=1 already exists.",
        "Customer with externalId=nobody not found. Order externalId=2.",
        "items[0].offer.id: Offer with id 5 not found.",
    ]
    assert client.order("4").is_successful()


def test_refuses_more_orders_than_a_call_takes(client: Any) -> None:
    answer = client.orders_upload([{} for _ in range(51)])

    assert answer.get_status_code() == 400
    assert list(answer.get_errors()) == ["orders"]


def test_tells_the_statuses_of_orders(client: Any, http: Http) -> None:
    client.orders_upload([{"externalId": "1", "status": "delivering"}, {"externalId": "2"}])

    answer = http.get("/api/v5/orders/statuses?ids[]=2&externalIds[0]=1&externalIds[1]=none").json()

    assert answer["orders"] == [
        {"id": 2, "externalId": "2", "status": "new", "group": "new"},
        {"id": 1, "externalId": "1", "status": "delivering", "group": "delivery"},
    ]


def test_gives_orders_external_ids_afterwards(client: Any) -> None:
    client.orders_upload([{}, {"externalId": "2"}])

    answers = [
        client.orders_fix_external_ids([{"id": 1, "externalId": "1"}]),
        client.orders_fix_external_ids([{"id": 1, "externalId": "2"}]),
        client.orders_fix_external_ids([{"id": 9, "externalId": "9"}]),
        client.orders_fix_external_ids([{"externalId": "1"}]),
    ]

    assert [answer.get_status_code() for answer in answers] == [200, 400, 404, 400]
    assert client.order("1").get_response()["order"]["id"] == 1


@pytest.mark.parametrize("body", [{}, {"order": "not json"}, {"order": '"text"'}, {"order": "[1]"}])
def test_says_that_the_order_is_missing(http: Http, body: dict[str, str]) -> None:
    answer = http.post("/api/v5/orders/create", data=body)

    assert answer.status_code == 400
    assert answer.json() == {"success": False, "errorMsg": "Parameter 'order' is missing"}


def test_takes_an_order_in_brackets(http: Http) -> None:
    answer = http.post("/api/v5/orders/create", data={"order[externalId]": "7", "order[customFields][city]": "Omsk"})

    assert answer.json()["order"]["customFields"] == {"city": "Omsk"}


def test_binds_lines_to_external_ids_of_other_systems(client: Any) -> None:
    answer = client.order_create(
        {
            "items": [
                {
                    "productName": "Tea",
                    "externalId": "t",
                    "properties": [{"code": "size", "name": "Size", "value": "S"}],
                },
                {"productName": "Milk", "externalIds": [{"code": "shop", "value": "t"}]},
            ]
        }
    )
    twice = client.order_create({"items": [{"externalId": "t"}, {"externalId": "t"}]})

    lines = answer.get_response()["order"]["items"]
    assert [line["externalIds"] for line in lines] == [
        [{"code": "default", "value": "t"}],
        [{"code": "shop", "value": "t"}],
    ]
    assert lines[0]["properties"] == {"size": {"code": "size", "name": "Size", "value": "S"}}
    assert list(twice.get_errors()) == ["items[1].externalIds"]


def test_is_written_as_utf8_and_read_escaped_or_not(http: Http) -> None:
    order = {"externalId": "7", "firstName": "Иван"}

    answer = http.post("/api/v5/orders/create", data={"order": json.dumps(order, ensure_ascii=False)})

    assert answer.headers["content-type"] == "application/json"
    assert '"firstName":"Иван"' in answer.content.decode()
