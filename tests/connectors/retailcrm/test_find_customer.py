"""A customer is found by exact comparison, as RetailCRM's own filters match parts of names and phones."""

from typing import Any

import pytest

from apimonster_cli.core.call import Answer
from apimonster_cli.core.errors import TransientError
from tests.connectors.fakes import json_answer
from tests.connectors.retailcrm.orders import NOT_FOUND, call, listed


def customer(number: int, phone: str = "", **fields: Any) -> dict[str, Any]:
    phones = [{"number": phone}] if phone else []
    return {"id": number, "createdAt": "2025-10-18 11:09:27", "email": "", "phones": phones, **fields}


KNOWN = customer(7, "+74950000012", externalId="c-7", email="Ivan@example.com")


def found(one: dict[str, Any]) -> Answer:
    return json_answer({"success": True, "customer": one})


def test_the_newest_customer_of_a_phone_is_found_however_it_is_written() -> None:
    customers = [
        customer(1, "8 (495) 000-00-12"),
        customer(3, "74950000012", createdAt="2025-10-19 00:00:00"),
        customer(2, "+7 495 000 00 12", createdAt="2025-10-19 00:00:00"),
        customer(4, "+74950000013", createdAt="2025-10-20 00:00:00"),
        customer(5, createdAt="2025-10-21 00:00:00"),
    ]
    step = call("find_customer", {"phone": "+7 495 000-00-12"}, listed("customers", *customers))

    outputs = step.run()

    assert outputs == {"success": True, **customers[1]}
    assert step.requests[0].path == "/api/v5/customers"
    assert step.requests[0].query == (("filter[name]", "4950000012"), ("limit", "100"), ("page", "1"))
    assert step.requests[0].writes is False


def test_an_e_mail_is_compared_as_a_whole_and_all_given_inputs_filter() -> None:
    customers = [customer(3, email="aivan@example.com"), customer(2), KNOWN]
    step = call("find_customer", {"email": "IVAN@example.com", "phone": "4950000012"}, listed("customers", *customers))

    outputs = step.run()

    assert outputs["id"] == 7
    assert step.requests[0].query[:2] == (("filter[email]", "IVAN@example.com"), ("filter[name]", "4950000012"))


@pytest.mark.parametrize("phones", [None, [], ["+74950000012"], [{}], [{"number": None}]])
def test_a_customer_without_a_readable_phone_is_passed_over(phones: Any) -> None:
    step = call("find_customer", {"phone": "4950000012"}, listed("customers", {"id": 1, "phones": phones}))

    assert step.run() == {}


def test_every_page_is_read() -> None:
    step = call(
        "find_customer",
        {"phone": "4950000012"},
        listed("customers", customer(1, "4950000013"), pages=2),
        listed("customers", KNOWN, page=2, pages=2),
    )

    assert step.run()["id"] == 7
    assert [dict(request.query)["page"] for request in step.requests] == ["1", "2"]


def test_an_external_id_is_asked_for_directly() -> None:
    step = call("find_customer", {"externalId": "c 7/1"}, found(KNOWN))

    outputs = step.run()

    assert outputs == {"success": True, **KNOWN}
    assert step.requests[0].path == "/api/v5/customers/c%207%2F1"
    assert step.requests[0].query == (("by", "externalId"), ("site", "main"))


@pytest.mark.parametrize("other", [{"email": "petr@example.com"}, {"phone": "+74950000013"}])
def test_a_customer_of_an_external_id_has_to_fit_the_other_inputs(other: dict[str, str]) -> None:
    step = call("find_customer", {"externalId": "c-7", **other}, found(KNOWN))

    assert step.run() == {}


@pytest.mark.parametrize("answer", [NOT_FOUND, json_answer({"success": True})])
def test_an_unknown_external_id_finds_nothing(answer: Answer) -> None:
    step = call("find_customer", {"externalId": "c-8"}, answer)

    assert step.run() == {}


def test_a_trouble_is_not_taken_for_a_missing_customer() -> None:
    step = call("find_customer", {"externalId": "c-7"}, Answer(502, {}, b""))

    with pytest.raises(TransientError):
        step.run()


@pytest.mark.parametrize(
    "fields", [{}, {"email": "", "phone": None}, {"phone": "нет"}, {"phone": "нет", "email": "a@b"}]
)
def test_nothing_to_search_by_finds_nothing_without_a_call(fields: dict[str, Any]) -> None:
    step = call("find_customer", fields)

    assert step.run() == {}
    assert step.requests == []


def test_a_customer_that_was_merged_is_not_found_by_its_old_id() -> None:
    merged = json_answer({"success": False, "errorMsg": "Not found", "combinedTo": {"id": 9}}, 404)
    step = call("find_customer", {"externalId": "c-7"}, merged)

    assert step.run() == {}
