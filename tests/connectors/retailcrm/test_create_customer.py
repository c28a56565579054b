"""A customer is created once, whatever became of earlier tries."""

from typing import Any

import pytest

from apimonster_cli.core.errors import PermanentError
from tests.connectors.fakes import json_answer
from tests.connectors.retailcrm.orders import NOT_FOUND, call, sent

CREATED = json_answer({"success": True, "id": 4770}, 201)
DUPLICATE = json_answer({"success": False, "errorMsg": "Customer with externalId=c-7 already exists."}, 400)
KNOWN = json_answer(
    {
        "success": True,
        "customer": {"id": 7, "externalId": "c-7", "firstName": "Иван", "phones": [{"number": "+74950000012"}]},
    }
)
FIELDS = {"externalId": "c-7", "firstName": "Иван", "phones": ["+7 (495) 000-00-12"]}


def test_a_customer_is_created() -> None:
    step = call("create_customer", {**FIELDS, "tags": ["vip", {"name": "shop", "color": "#fff"}]}, CREATED)

    outputs = step.run()

    assert outputs == {"success": True, "created": True, "id": 4770, "externalId": "c-7"}
    (request,) = step.requests
    assert (request.method, request.path, request.writes) == ("POST", "/api/v5/customers/create", True)
    assert dict(request.form or ())["site"] == "main"
    assert sent(request, "customer") == {
        "externalId": "c-7",
        "firstName": "Иван",
        "phones": [{"number": "+7 (495) 000-00-12"}],
        "tags": [{"name": "vip"}, {"name": "shop", "color": "#fff"}],
    }


def test_without_an_external_id_one_is_derived() -> None:
    step = call("create_customer", {"firstName": "Иван", "externalId": None}, CREATED)

    outputs = step.run()

    assert outputs["externalId"] == "leads-order-700101"
    assert sent(step.requests[0], "customer") == {"firstName": "Иван", "externalId": "leads-order-700101"}


@pytest.mark.parametrize(
    ("phones", "expected"),
    [
        ([{"number": "1"}], [{"number": "1"}]),
        (["1", "", None, "2"], [{"number": "1"}, {"number": "2"}]),
    ],
)
def test_phones_are_texts_or_objects(phones: Any, expected: Any) -> None:
    step = call("create_customer", {"phones": phones}, CREATED)

    step.run()

    assert sent(step.requests[0], "customer")["phones"] == expected


def test_after_a_doubtful_try_the_customer_is_looked_for_before_anything_is_sent() -> None:
    step = call("create_customer", FIELDS, KNOWN, doubtful=True, options={"on_duplicate": "fail"})

    outputs = step.run()

    assert outputs == {"success": True, "created": True, "id": 7, "externalId": "c-7"}
    (request,) = step.requests
    assert (request.method, request.path) == ("GET", "/api/v5/customers/c-7")


def test_after_a_doubtful_try_that_left_nothing_the_customer_is_created() -> None:
    step = call("create_customer", FIELDS, NOT_FOUND, CREATED, doubtful=True)

    assert step.run()["created"] is True
    assert [request.method for request in step.requests] == ["GET", "POST"]


def test_skip_hands_on_the_customer_that_is_there() -> None:
    step = call("create_customer", {**FIELDS, "firstName": "Пётр"}, DUPLICATE, KNOWN)

    assert step.run() == {"success": True, "created": False, "id": 7, "externalId": "c-7"}


def test_fail_gives_up_on_a_duplicate() -> None:
    step = call("create_customer", FIELDS, DUPLICATE, KNOWN, options={"on_duplicate": "fail"})

    with pytest.raises(PermanentError, match="has a customer with externalId c-7 already: the one with the id 7"):
        step.run()


def test_a_customer_that_exists_and_cannot_be_found_says_what_to_check() -> None:
    step = call("create_customer", FIELDS, DUPLICATE, NOT_FOUND)

    with pytest.raises(
        PermanentError, match="a customer with externalId c-7 already exists, but does not show it: check site"
    ):
        step.run()


def test_a_refused_customer_fails_with_the_services_words() -> None:
    refused = {"success": False, "errorMsg": "Errors in the entity format", "errors": {"birthday": "Wrong."}}
    step = call("create_customer", FIELDS, json_answer(refused, 400))

    with pytest.raises(PermanentError, match="Errors in the entity format; birthday: Wrong."):
        step.run()
