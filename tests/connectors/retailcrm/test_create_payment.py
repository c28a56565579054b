"""A payment is added once: its externalId is looked for in the order before another is sent."""

from typing import Any

import pytest

from apimonster_cli.connectors.retailcrm.answers import NotFoundError
from apimonster_cli.core.errors import PermanentError
from tests.connectors.fakes import json_answer
from tests.connectors.retailcrm.orders import NOT_FOUND, ORDER, call, listed, sent, shown

CREATED = json_answer({"success": True, "id": 4562}, 201)
FIELDS: dict[str, Any] = {"order": {"id": 6722}, "type": "bank-card", "amount": 500, "externalId": "p-1"}
PAYMENT = {"id": 17, "externalId": "p-1", "type": "bank-card", "amount": 500.0, "status": "not-paid"}
THERE = shown(payments={"16": {"id": 16}, "17": PAYMENT})
TAKEN = json_answer(
    {
        "success": False,
        "errorMsg": "Errors in the entity format",
        "errors": {"externalId": "This external id is already set for another payment"},
    },
    400,
)
TAKEN_IN_RUSSIAN = json_answer(
    {"success": False, "errorMsg": "Errors in the entity format", "errors": {"externalId": "Значение уже занято."}}, 400
)


def test_a_payment_is_added() -> None:
    step = call("create_payment", FIELDS, CREATED)

    outputs = step.run()

    assert outputs == {"success": True, "created": True, "id": 4562, "externalId": "p-1"}
    (request,) = step.requests
    assert (request.method, request.path, request.writes) == ("POST", "/api/v5/orders/payments/create", True)
    assert dict(request.form or ())["site"] == "main"
    assert sent(request, "payment") == FIELDS


def test_without_an_external_id_one_is_derived() -> None:
    step = call("create_payment", {**FIELDS, "externalId": ""}, CREATED)

    assert step.run()["externalId"] == "leads-order-700101"
    assert sent(step.requests[0], "payment")["externalId"] == "leads-order-700101"


@pytest.mark.parametrize(
    ("order", "named"),
    [
        ({"id": 6722, "externalId": "o-1", "number": "17A"}, {"id": 6722}),
        ({"id": None, "externalId": "o-1", "number": "17A"}, {"externalId": "o-1"}),
        ({"id": "", "number": "17A"}, {"number": "17A"}),
    ],
)
def test_the_strongest_name_of_the_order_counts(order: dict[str, Any], named: dict[str, Any]) -> None:
    step = call("create_payment", {**FIELDS, "order": order}, CREATED)

    step.run()

    assert sent(step.requests[0], "payment")["order"] == named


@pytest.mark.parametrize("order", [{}, None, {"id": None, "externalId": ""}])
def test_a_payment_of_no_order_fails(order: Any) -> None:
    step = call("create_payment", {**FIELDS, "order": order})

    with pytest.raises(PermanentError, match="whose payment"):
        step.run()


@pytest.mark.parametrize(
    ("order", "path"),
    [({"id": 6722}, "/api/v5/orders/6722"), ({"externalId": "o-1"}, "/api/v5/orders/o-1")],
)
def test_after_a_doubtful_try_the_payment_is_looked_for_in_the_order(order: dict[str, Any], path: str) -> None:
    step = call("create_payment", {**FIELDS, "order": order}, THERE, doubtful=True, options={"on_duplicate": "fail"})

    outputs = step.run()

    assert outputs == {"success": True, "created": True, "id": 17, "externalId": "p-1"}
    (request,) = step.requests
    assert (request.method, request.path) == ("GET", path)


def test_all_orders_of_a_number_are_looked_through() -> None:
    orders = listed("orders", ORDER, {**ORDER, "id": 2, "payments": [PAYMENT]})
    step = call("create_payment", {**FIELDS, "order": {"number": "17A"}}, orders, doubtful=True)

    assert step.run()["id"] == 17
    assert step.requests[0].query[0] == ("filter[numbers][]", "17A")


def test_a_number_without_orders_leaves_nothing_to_find() -> None:
    step = call("create_payment", {**FIELDS, "order": {"number": "17A"}}, listed("orders"), CREATED, doubtful=True)

    assert step.run()["created"] is True


@pytest.mark.parametrize("looked", [shown(), shown(payments=[None]), shown(payments=None), NOT_FOUND])
def test_after_a_doubtful_try_that_left_nothing_the_payment_is_added(looked: Any) -> None:
    step = call("create_payment", FIELDS, looked, CREATED, doubtful=True)

    assert step.run()["created"] is True
    assert [request.method for request in step.requests] == ["GET", "POST"]


@pytest.mark.parametrize("refused", [TAKEN, TAKEN_IN_RUSSIAN])
def test_an_external_id_in_use_is_looked_up_and_the_payment_left(refused: Any) -> None:
    step = call("create_payment", {**FIELDS, "amount": 700}, refused, THERE)

    assert step.run() == {"success": True, "created": False, "id": 17, "externalId": "p-1"}
    assert [request.method for request in step.requests] == ["POST", "GET"]


def test_edit_changes_the_payment_that_is_there() -> None:
    edited = json_answer({"success": True, "id": 17})
    step = call("create_payment", {**FIELDS, "status": "paid"}, TAKEN, THERE, edited, options={"on_duplicate": "edit"})

    outputs = step.run()

    assert (outputs["id"], outputs["created"]) == (17, False)
    assert step.requests[2].path == "/api/v5/orders/payments/17/edit"
    assert dict(step.requests[2].form or ())["by"] == "id"
    assert sent(step.requests[2], "payment") == {"type": "bank-card", "amount": 500, "status": "paid"}


def test_a_payment_that_lacks_what_was_sent_is_edited_after_a_doubtful_try() -> None:
    fields = {**FIELDS, "comment": "аванс"}
    edited = json_answer({"success": True, "id": 17})
    step = call("create_payment", fields, THERE, edited, doubtful=True, options={"on_duplicate": "edit"})

    step.run()

    assert [request.method for request in step.requests] == ["GET", "POST"]
    assert sent(step.requests[1], "payment")["comment"] == "аванс"


def test_fail_gives_up_on_a_payment_that_is_there() -> None:
    step = call("create_payment", FIELDS, TAKEN, THERE, options={"on_duplicate": "fail"})

    with pytest.raises(PermanentError, match="has a payment with externalId p-1 already: the one with the id 17"):
        step.run()


def test_an_external_id_that_another_order_has_says_what_to_do() -> None:
    step = call("create_payment", FIELDS, TAKEN, shown())

    with pytest.raises(PermanentError, match="another order may have it, so map externalId to something"):
        step.run()


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (NOT_FOUND, NotFoundError, "did not find it"),
        (
            json_answer({"success": False, "errorMsg": "Errors", "errors": {"type": "Значение недопустимо."}}, 400),
            PermanentError,
            "type: Значение недопустимо.",
        ),
    ],
)
def test_another_refusal_fails_with_the_services_words(answer: Any, kind: type[Exception], words: str) -> None:
    step = call("create_payment", FIELDS, answer)

    with pytest.raises(kind, match=words):
        step.run()

    assert len(step.requests) == 1
