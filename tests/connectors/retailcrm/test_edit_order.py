"""An edit changes what it names, and no line of an order goes by oversight."""

from decimal import Decimal
from typing import Any

import pytest

from apimonster_cli.connectors.retailcrm.answers import NotFoundError
from apimonster_cli.core.errors import PermanentError
from tests.connectors.fakes import json_answer
from tests.connectors.retailcrm.orders import NOT_FOUND, ORDER, call, sent, shown


def test_an_order_is_edited_by_its_id() -> None:
    step = call("edit_order", {"id": 6722, "externalId": "new-id", "managerComment": "Звонил"}, shown(), shown())

    outputs = step.run()

    assert outputs == {"success": True, **ORDER}
    look, request = step.requests
    assert (look.method, look.path, look.writes) == ("GET", "/api/v5/orders/6722", False)
    assert (request.method, request.path, request.writes) == ("POST", "/api/v5/orders/6722/edit", True)
    assert request.form is not None
    assert request.form[:2] == (("by", "id"), ("site", "main"))
    assert sent(request) == {"externalId": "new-id", "managerComment": "Звонил"}


@pytest.mark.parametrize("order_id", [None, ""])
def test_without_an_id_the_external_id_names_the_order(order_id: Any) -> None:
    step = call("edit_order", {"id": order_id, "externalId": "ct-1/7 а", "call": True}, shown(), shown())

    step.run()

    assert step.requests[1].path == "/api/v5/orders/ct-1%2F7%20%D0%B0/edit"
    assert dict(step.requests[1].form or ())["by"] == "externalId"
    assert sent(step.requests[1]) == {"call": True}


@pytest.mark.parametrize(("external_id", "part"), [(".", "%2E"), ("..", "%2E%2E"), ("../customers", "..%2Fcustomers")])
def test_an_external_id_never_leads_out_of_its_path(external_id: str, part: str) -> None:
    step = call("edit_order", {"externalId": external_id, "call": True}, shown(), shown())

    step.run()

    assert [request.path for request in step.requests] == [f"/api/v5/orders/{part}", f"/api/v5/orders/{part}/edit"]


THERE: dict[str, Any] = {
    "id": 6722,
    "status": "new",
    "firstName": "Иван",
    "totalSumm": 1500,
    "number": "6722A",
    "weight": 10.5,
    "call": True,
    "source": {"source": "yandex", "medium": "cpc"},
    "customFields": {"city": "Москва", "utm": "1"},
    "customer": {"id": 5, "externalId": "c5"},
    "company": {"id": 3, "externalId": "f1"},
    "items": [{"id": 11, "offer": {"displayName": "Окно"}, "quantity": 2, "initialPrice": 100}],
}


@pytest.mark.parametrize(
    ("fields", "changes"),
    [
        ({"firstName": "Иван", "call": True, "weight": Decimal("10.50")}, None),
        ({"firstName": "иван"}, {"firstName": "иван"}),
        ({"firstName": "Иван", "lastName": "Петров"}, {"lastName": "Петров"}),
        ({"lastName": None}, None),
        ({"firstName": None}, {"firstName": None}),
        ({"call": False}, {"call": False}),
        ({"call": 1}, {"call": 1}),
        ({"number": "06722A"}, {"number": "06722A"}),
        ({"source": {"source": "yandex"}}, None),
        ({"source": {"source": "yandex", "medium": "organic"}}, {"source": {"source": "yandex", "medium": "organic"}}),
        ({"customFields": {"city": "Москва", "utm": "2"}}, {"customFields": {"utm": "2"}}),
        ({"status": "new", "statusComment": "ещё раз"}, {"status": "new", "statusComment": "ещё раз"}),
        ({"items": [{"productName": "Окно", "quantity": 2}]}, None),
        ({"items": [{"offer": {"externalId": "not-there"}, "productName": "Окно", "quantity": 2}]}, None),
        ({"customer": {"id": 5, "externalId": "c5", "type": "customer"}, "company": {"externalId": "f1"}}, None),
        ({"customer": {"id": 6, "externalId": "c5"}}, {"customer": {"id": 6, "externalId": "c5"}}),
        ({"customer": {"browserId": "b"}}, {"customer": {"browserId": "b"}}),
        (
            {"items": [{"productName": "Окно", "quantity": 3}]},
            {"items": [{"id": 11, "productName": "Окно", "quantity": 3}]},
        ),
    ],
)
def test_only_what_differs_from_the_order_is_sent(fields: dict[str, Any], changes: dict[str, Any] | None) -> None:
    step = call("edit_order", {"id": 6722, **fields}, json_answer({"success": True, "order": THERE}), shown())

    outputs = step.run()

    assert outputs["id"] == 6722
    assert [sent(request) for request in step.requests[1:]] == ([] if changes is None else [changes])


@pytest.mark.parametrize("fields", [{}, {"id": None, "externalId": ""}])
def test_an_edit_of_nothing_in_particular_fails(fields: dict[str, Any]) -> None:
    step = call("edit_order", fields)

    with pytest.raises(PermanentError, match="Neither id nor externalId"):
        step.run()


@pytest.mark.parametrize("items", [None, [{"productName": "Доставка"}]])
def test_an_order_that_is_not_there_says_what_to_check(items: Any) -> None:
    step = call("edit_order", {"externalId": "ct-1", **({"items": items} if items else {})}, NOT_FOUND)

    with pytest.raises(NotFoundError, match="no order with externalId ct-1: check the value, and site"):
        step.run()


@pytest.mark.parametrize(
    ("line", "number"),
    [
        ({"id": 12, "quantity": 5}, 1),
        ({"externalIds": [{"code": "default", "value": "d-1"}], "quantity": 5}, 1),
        ({"externalId": "d-1", "quantity": 5}, 1),
        ({"offer": {"id": 5}, "quantity": 5}, 0),
        ({"offer": {"xmlId": "w-1"}, "quantity": 5}, 0),
        ({"productName": "Доставка", "quantity": 5}, 1),
        ({"productName": "Окно", "quantity": 5}, 0),
        ({"offer": {"externalId": "not-there"}, "productName": "Доставка", "quantity": 5}, 1),
    ],
)
def test_a_line_is_changed_where_it_stands_and_the_others_stay(line: dict[str, Any], number: int) -> None:
    expected: list[dict[str, Any]] = [{"id": 11}, {"id": 12}]
    expected[number] = {**line, "id": expected[number]["id"]}
    step = call("edit_order", {"id": 6722, "items": [line]}, shown(), shown())

    step.run()

    assert step.requests[0].method == "GET"
    assert step.requests[0].query == (("by", "id"), ("site", "main"))
    assert sent(step.requests[1])["items"] == expected


@pytest.mark.parametrize(
    "line",
    [
        {"productName": "Монтаж"},
        {"offer": {"id": 6}, "productName": "Окно"},
        {"id": 99},
    ],
)
def test_a_line_that_matches_none_is_added(line: dict[str, Any]) -> None:
    step = call("edit_order", {"id": 6722, "items": [line]}, shown(), shown())

    step.run()

    assert sent(step.requests[1])["items"] == [{"id": 11}, {"id": 12}, line]


def test_two_equal_lines_change_one_and_add_one() -> None:
    lines = [{"offer": {"id": 5}, "quantity": 1}, {"offer": {"id": 5}, "quantity": 2}]
    step = call("edit_order", {"id": 6722, "items": lines}, shown(), shown())

    step.run()

    assert sent(step.requests[1])["items"] == [{**lines[0], "id": 11}, {"id": 12}, lines[1]]


@pytest.mark.parametrize(
    ("items", "edits"),
    [
        ([{"productName": "Окно"}], [[{"productName": "Окно", "id": 11}]]),
        (
            [{"productName": "Монтаж"}, {"productName": "Доставка", "quantity": 1}],
            [[{"productName": "Монтаж"}, {"productName": "Доставка", "quantity": 1, "id": 12}]],
        ),
        ([{"offer": {"id": 5}, "quantity": 1}, {"productName": "Доставка", "quantity": 3}], []),
        (None, [None]),
    ],
)
def test_replaced_lines_keep_their_ids_and_the_others_go(items: Any, edits: list[Any]) -> None:
    step = call("edit_order", {"id": 6722, "items": items}, shown(), shown(), options={"replace_items": True})

    step.run()

    assert [sent(request)["items"] for request in step.requests[1:]] == edits


def test_an_answer_without_the_order_still_gives_its_id() -> None:
    step = call("edit_order", {"id": 6722, "call": True}, shown(), json_answer({"success": True, "id": 6722}))

    outputs = step.run()

    assert outputs == {"success": True, **ORDER, "id": 6722}


CASH: dict[str, Any] = {"id": 71, "type": "cash", "amount": 100, "externalId": "p1"}
CARD: dict[str, Any] = {"id": 72, "type": "bank-card", "amount": 50}


@pytest.mark.parametrize(
    ("payments", "calls"),
    [
        ([{"externalId": "p1", "type": "cash", "amount": 100}], []),
        ([{"type": "cash", "amount": 100}], []),
        ([{"type": "cash", "amount": 120}], [("71/edit", {"type": "cash", "amount": 120})]),
        ([{"externalId": "p1", "type": "credit"}], [("71/edit", {"externalId": "p1", "type": "credit"})]),
        ([{"amount": 100}, {"status": "paid"}], [("72/edit", {"status": "paid"})]),
        ([{"type": "e-money", "amount": 1}], [("create", {"type": "e-money", "amount": 1, "order": {"id": 6722}})]),
        (
            [{"externalId": "p2", "type": "cash"}],
            [("create", {"externalId": "p2", "type": "cash", "order": {"id": 6722}})],
        ),
    ],
)
def test_payments_go_by_their_own_calls(payments: list[dict[str, Any]], calls: list[tuple[str, Any]]) -> None:
    there = shown(payments={"71": CASH, "72": CARD})
    done = [json_answer({"success": True, "id": 1}) for _ in calls]
    step = call("edit_order", {"id": 6722, "payments": payments}, there, *done, shown(summ=7))

    outputs = step.run()

    writes = [request for request in step.requests if request.writes]
    assert [(request.path.partition("/payments/")[2], sent(request, "payment")) for request in writes] == calls
    assert outputs["summ"] == (7 if calls else 1)


def test_an_edit_changes_the_order_before_its_payments() -> None:
    made = json_answer({"success": True, "id": 73}, 201)
    fields = {"externalId": "ct-1", "call": True, "payments": [{"type": "cash"}]}
    step = call("edit_order", fields, shown(), shown(call=True), made, shown(call=True))

    outputs = step.run()

    assert [request.path for request in step.requests[1:]] == [
        "/api/v5/orders/ct-1/edit",
        "/api/v5/orders/payments/create",
        "/api/v5/orders/6722",
    ]
    assert sent(step.requests[1]) == {"call": True}
    assert outputs["call"] is True
