"""An order is created once, whatever became of earlier tries."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apimonster_cli.connectors.retailcrm.agreement import agrees
from apimonster_cli.core import exactjson
from apimonster_cli.core.call import Answer
from apimonster_cli.core.errors import PermanentError, TransientError
from tests.connectors.retailcrm.orders import DUPLICATE, NOT_FOUND, ORDER, call, created, sent, shown

FIELDS = {"firstName": "Иван", "phone": "+7 (495) 000-00-12"}
OTHER = {"firstName": "Пётр"}


def test_an_order_is_created_and_handed_on_whole() -> None:
    step = call("create_order", FIELDS, created())

    outputs = step.run()

    assert outputs == {"success": True, "created": True, **ORDER, "payments": []}
    (request,) = step.requests
    assert (request.method, request.path, request.writes) == ("POST", "/api/v5/orders/create", True)
    assert dict(request.form or ())["site"] == "main"
    assert sent(request) == {**FIELDS, "externalId": "leads-order-700101"}


def test_a_mapped_external_id_is_kept() -> None:
    step = call("create_order", {**FIELDS, "externalId": "utmstat-7/1"}, created())

    step.run()

    assert sent(step.requests[0])["externalId"] == "utmstat-7/1"


@pytest.mark.parametrize("fields", [{}, {"externalId": ""}, {"externalId": None}])
def test_an_order_without_fields_still_has_its_external_id(fields: dict[str, Any]) -> None:
    step = call("create_order", fields, created())

    step.run()

    assert sent(step.requests[0]) == {"externalId": "leads-order-700101"}


def test_without_a_site_none_is_sent() -> None:
    step = call("create_order", FIELDS, created(), settings={"site": None})

    step.run()

    assert [name for name, _ in step.requests[0].form or ()] == ["order"]


def test_numbers_travel_digit_by_digit() -> None:
    fields = exactjson.loads('{"customFields": {"cid": 9007199254740993018, "ga": 1200000001.1760000001}}')
    step = call("create_order", fields, created())

    step.run()

    assert '"cid":9007199254740993018,"ga":1200000001.1760000001' in dict(step.requests[0].form or ())["order"]


def test_after_a_doubtful_try_the_order_is_looked_for_before_anything_is_sent() -> None:
    step = call("create_order", FIELDS, shown(), doubtful=True)

    outputs = step.run()

    assert (outputs["id"], outputs["created"]) == (6722, True)
    (request,) = step.requests
    assert (request.method, request.path) == ("GET", "/api/v5/orders/leads-order-700101")
    assert request.query == (("by", "externalId"), ("site", "main"))


def test_after_a_doubtful_try_that_left_nothing_the_order_is_created() -> None:
    step = call("create_order", FIELDS, NOT_FOUND, created(), doubtful=True)

    outputs = step.run()

    assert outputs["created"] is True
    assert [request.method for request in step.requests] == ["GET", "POST"]


@pytest.mark.parametrize("choice", ["skip", "edit", "fail"])
def test_an_order_of_our_own_doubtful_try_is_done_whatever_on_duplicate_says(choice: str) -> None:
    step = call("create_order", FIELDS, shown(), doubtful=True, options={"on_duplicate": choice})

    outputs = step.run()

    assert (outputs["id"], outputs["created"]) == (6722, True)
    assert len(step.requests) == 1


def test_an_order_that_lacks_what_was_sent_is_edited_after_a_doubtful_try() -> None:
    fields = {**FIELDS, "email": "ivan@example.com"}
    step = call("create_order", fields, shown(), shown(**fields), doubtful=True, options={"on_duplicate": "edit"})

    outputs = step.run()

    assert outputs["email"] == "ivan@example.com"
    assert [(request.method, request.path) for request in step.requests] == [
        ("GET", "/api/v5/orders/leads-order-700101"),
        ("POST", "/api/v5/orders/6722/edit"),
    ]
    assert sent(step.requests[1]) == {name: fields[name] for name in ("phone", "email")}  # the rest is there as it is


def test_a_strangers_order_found_after_a_doubtful_try_fails_when_duplicates_do() -> None:
    step = call("create_order", OTHER, shown(), doubtful=True, options={"on_duplicate": "fail"})

    with pytest.raises(PermanentError, match="has an order with externalId leads-order-700101 already"):
        step.run()


def test_a_trouble_while_looking_is_not_taken_for_a_missing_order() -> None:
    step = call("create_order", FIELDS, Answer(502, {}, b""), doubtful=True)

    with pytest.raises(TransientError):
        step.run()

    assert len(step.requests) == 1


def test_skip_hands_on_the_order_that_is_there() -> None:
    step = call("create_order", OTHER, DUPLICATE, shown())

    outputs = step.run()

    assert (outputs["id"], outputs["firstName"], outputs["created"]) == (6722, "Иван", False)
    assert [request.method for request in step.requests] == ["POST", "GET"]


def test_edit_changes_the_order_that_is_there() -> None:
    step = call("create_order", OTHER, DUPLICATE, shown(), shown(firstName="Пётр"), options={"on_duplicate": "edit"})

    outputs = step.run()

    assert (outputs["firstName"], outputs["created"]) == ("Пётр", False)
    assert step.requests[2].path == "/api/v5/orders/6722/edit"
    assert dict(step.requests[2].form or ())["by"] == "id"
    assert sent(step.requests[2]) == OTHER


def test_edit_keeps_the_lines_that_are_there() -> None:
    fields = {"items": [{"offer": {"externalId": "w-1"}, "quantity": 9}]}
    step = call("create_order", fields, DUPLICATE, shown(), shown(), options={"on_duplicate": "edit"})

    step.run()

    assert sent(step.requests[2])["items"] == [{"offer": {"externalId": "w-1"}, "quantity": 9, "id": 11}, {"id": 12}]


def test_fail_gives_up_on_a_duplicate() -> None:
    step = call("create_order", FIELDS, DUPLICATE, shown(), options={"on_duplicate": "fail"})

    with pytest.raises(PermanentError, match="already: number 8123522898559160"):
        step.run()


def test_an_order_that_exists_and_cannot_be_found_says_what_to_check() -> None:
    step = call("create_order", FIELDS, DUPLICATE, NOT_FOUND)

    with pytest.raises(PermanentError, match="already exists, but does not show it: check site"):
        step.run()


@pytest.mark.parametrize(
    ("sent_fields", "found"),
    [
        ({"phone": "+7 (495) 000-00-12"}, {"phone": "+74950000012"}),
        ({"email": "Ivan@Example.com"}, {"email": "ivan@example.com"}),
        ({"summ": 10}, {"summ": 10.0}),
        ({"firstName": "Иван", "call": None}, {"firstName": "Иван", "id": 1}),
        ({"customFields": {}}, {"customFields": []}),
        ({"payments": [{"amount": 5}]}, {"payments": {"17": {"id": 17, "amount": 5}}}),
        ({"items": [{"quantity": 1}]}, {"items": [{"id": 1, "quantity": 1}]}),
    ],
)
def test_what_the_crm_tidied_or_added_still_agrees(sent_fields: Any, found: Any) -> None:
    assert agrees(exactjson.loads(exactjson.dumps(sent_fields)), exactjson.loads(exactjson.dumps(found)))


@pytest.mark.parametrize(
    ("sent_fields", "found"),
    [
        ({"firstName": "Пётр"}, {"firstName": "Иван"}),
        ({"phone": "+74950000013"}, {"phone": "+74950000012"}),
        ({"items": [{"quantity": 1}]}, {"items": []}),
        ({"items": [{"quantity": 1}]}, {"items": [{"quantity": 2}]}),
        ({"customer": {"id": 1}}, {"customer": 1}),
        ({"call": True}, {"call": False}),
    ],
)
def test_a_different_value_contradicts(sent_fields: Any, found: Any) -> None:
    assert not agrees(sent_fields, found)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    )
)
def test_everything_agrees_with_itself(value: Any) -> None:
    assert agrees(value, value)
