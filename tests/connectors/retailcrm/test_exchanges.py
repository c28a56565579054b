"""Exchanges of the official clients' test suites, played to the actions: each sends what the suite does and takes its answer."""

from typing import Any

import pytest

from apimonster_cli.core import exactjson
from apimonster_cli.core.call import Answer
from apimonster_cli.core.errors import PermanentError
from tests.connectors.fakes import FakeCall, json_answer
from tests.connectors.retailcrm.orders import call, sent
from tests.sandbox.test_exchanges import EXCHANGES

RECORDED: dict[str, dict[str, Any]] = {exchange["id"]: exchange for exchange in EXCHANGES}
# What makes a thing once: ours always has it.
OWN_ID = {"externalId": "leads-order-700101"}


def recorded(name: str) -> Answer:
    return json_answer(RECORDED[name]["response"], RECORDED[name]["status"])


def step_of(action: str, name: str, thing: str) -> FakeCall:
    """Return a step with the fields that an exchange sends, and its answer."""
    return call(action, exactjson.loads(exactjson.dumps(RECORDED[name]["form"][thing])), recorded(name))


@pytest.mark.parametrize(
    ("action", "name", "thing", "own_id"),
    [
        ("create_order", "order-create-minimal", "order", OWN_ID),
        ("create_order", "order-create-full", "order", OWN_ID),
        ("create_customer", "customer-create", "customer", {}),
        ("create_payment", "payment-create", "payment", OWN_ID),
        ("create_customer_note", "note-create", "note", {}),
        ("create_customer_note", "note-create-by-external-id", "note", {}),
    ],
)
def test_what_is_created_travels_as_the_clients_send_it(
    action: str, name: str, thing: str, own_id: dict[str, str]
) -> None:
    step = step_of(action, name, thing)

    outputs = step.run()

    (request,) = step.requests
    assert (request.method, request.path) == (RECORDED[name]["method"], RECORDED[name]["path"])
    assert sent(request, thing) == {**own_id, **step.fields}
    assert (outputs["success"], outputs["id"]) == (True, RECORDED[name]["response"]["id"])


@pytest.mark.parametrize(
    ("action", "name", "thing", "words"),
    [
        ("create_order", "order-create-customer-unknown", "order", "Customer with externalId=2106 not found."),
        ("create_customer", "customer-create-bad", "customer", "Parameter 'externalId' in 'customer' is missing"),
    ],
)
def test_what_is_refused_fails_with_the_services_words(action: str, name: str, thing: str, words: str) -> None:
    step = step_of(action, name, thing)

    with pytest.raises(PermanentError, match=words):
        step.run()


def test_a_payment_for_no_order_is_refused_before_the_service_would() -> None:
    step = step_of("create_payment", "payment-create-no-order", "payment")

    with pytest.raises(PermanentError, match="None of order.id, order.externalId and order.number"):
        step.run()

    assert step.requests == []


@pytest.mark.parametrize(
    ("action", "fields", "name", "expected"),
    [
        ("find_customer", {"phone": "8 (000) 000-00-00"}, "customers-list", {"id": 1233, "externalId": "11"}),
        ("find_product", {"article": "38311"}, "products-list", {"id": 828272}),
        ("get_store", {"code": "main12"}, "stores", {"name": "Основной"}),
    ],
)
def test_what_is_listed_is_read(action: str, fields: dict[str, Any], name: str, expected: dict[str, Any]) -> None:
    step = call(action, fields, recorded(name))

    outputs = step.run()

    assert {key: outputs[key] for key in expected} == expected
    assert step.requests[0].path == RECORDED[name]["path"]


def test_packs_are_read() -> None:
    step = call("get_order_packs", {"id": 7088}, recorded("packs-list"))

    assert [pack["id"] for pack in step.run()["packs"]] == [143]


def test_an_ozon_row_finds_the_recorded_product() -> None:
    row = {"offer_id": "38311", "price": "624.0000", "quantity": 1}
    fields = {"article_field": "offer_id", "products": [row]}
    step = call("create_order_from_ozon", fields, recorded("products-list"), recorded("order-create-full"))

    step.run()

    assert sent(step.requests[1])["items"][0]["offer"] == {"id": 1941833}
