"""An edit changes what it names, and no line of an order goes by oversight."""

from typing import Any

import pytest

from apimonster_cli.connectors.retailcrm.answers import NotFoundError
from apimonster_cli.core.errors import PermanentError
from tests.connectors.fakes import json_answer
from tests.connectors.retailcrm.orders import NOT_FOUND, ORDER, call, sent, shown


def test_an_order_is_edited_by_its_id() -> None:
    step = call("edit_order", {"id": 6722, "externalId": "new-id", "managerComment": "Звонил"}, shown())

    outputs = step.run()

    assert outputs == {"success": True, **ORDER}
    (request,) = step.requests
    assert (request.method, request.path, request.writes) == ("POST", "/api/v5/orders/6722/edit", True)
    assert request.form is not None
    assert request.form[:2] == (("by", "id"), ("site", "main"))
    assert sent(request) == {"externalId": "new-id", "managerComment": "Звонил"}


@pytest.mark.parametrize("order_id", [None, ""])
def test_without_an_id_the_external_id_names_the_order(order_id: Any) -> None:
    step = call("edit_order", {"id": order_id, "externalId": "ct-1/7 а", "call": True}, shown())

    step.run()

    assert step.requests[0].path == "/api/v5/orders/ct-1%2F7%20%D0%B0/edit"
    assert dict(step.requests[0].form or ())["by"] == "externalId"
    assert sent(step.requests[0]) == {"call": True}


@pytest.mark.parametrize(("external_id", "part"), [(".", "%2E"), ("..", "%2E%2E"), ("../customers", "..%2Fcustomers")])
def test_an_external_id_never_leads_out_of_its_path(external_id: str, part: str) -> None:
    step = call("edit_order", {"externalId": external_id}, shown())

    step.run()

    assert step.requests[0].path == f"/api/v5/orders/{part}/edit"


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


def test_replaced_items_are_sent_as_they_are_mapped() -> None:
    step = call(
        "edit_order", {"id": 6722, "items": [{"productName": "Окно"}]}, shown(), options={"replace_items": True}
    )

    step.run()

    assert len(step.requests) == 1
    assert sent(step.requests[0])["items"] == [{"productName": "Окно"}]


def test_an_answer_without_the_order_still_gives_its_id() -> None:
    step = call("edit_order", {"id": 6722, "call": True}, json_answer({"success": True, "id": 6722}))

    outputs = step.run()

    assert outputs == {"success": True, "id": 6722}
