"""Customers and their notes, driven by the official client."""

from typing import Any

import pytest

from apimonster_cli.sandbox.server import Sandbox
from tests.sandbox.conftest import Http, Serve


def test_creates_and_reads_a_customer(client: Any) -> None:
    made = client.customer_create(
        {"externalId": "c1", "firstName": "Иван", "phones": [{"number": "+79001112233"}], "address": {"text": "Omsk"}}
    )

    customer = client.customer("c1").get_response()["customer"]
    assert made.get_status_code() == 201
    assert made.get_response() == {"success": True, "id": 1}
    assert (customer["id"], customer["firstName"], customer["email"]) == (1, "Иван", "")
    assert customer["address"] == {"id": 1, "text": "Omsk"}
    assert customer["customFields"] == []
    assert client.customer(1, "id").get_response()["customer"] == customer


def test_refuses_a_second_customer_with_the_same_external_id(client: Any) -> None:
    client.customer_create({"externalId": "c1"})

    answer = client.customer_create({"externalId": "c1"})

    assert answer.get_status_code() == 400
    assert answer.get_error_msg() == "Customer with externalId=c1 already exists."


def test_edits_a_customer(client: Any) -> None:
    client.customer_create({"externalId": "c1", "firstName": "Ivan", "email": "a@example.com", "tags": [{"name": "x"}]})

    answer = client.customer_edit({"externalId": "c1", "lastName": "Petrov", "email": "", "tags": []})

    customer = client.customer("c1").get_response()["customer"]
    assert answer.get_response() == {"success": True, "id": 1}
    assert (customer["firstName"], customer["lastName"]) == ("Ivan", "Petrov")
    assert (customer["email"], customer["tags"]) == ("", [])
    assert client.customer_edit({"externalId": "none"}).get_status_code() == 404


def test_edit_cannot_take_the_external_id_of_another(client: Any) -> None:
    client.customers_upload([{"externalId": "1"}, {"externalId": "2"}])

    answer = client.customer_edit({"id": 2, "externalId": "1"}, "id")

    assert answer.get_status_code() == 400


def test_reports_known_customers_of_an_upload_inside_a_success(client: Any) -> None:
    client.customer_create({"externalId": "1"})

    answer = client.customers_upload([{"externalId": "1"}, {"externalId": "2"}])

    assert answer.is_successful()
    assert answer.get_response()["uploadedCustomers"] == [{"id": 2, "externalId": "2"}]
    assert answer.get_response()["failedCustomers"] == [{"externalId": "1"}]


def test_uploads_customers_in_part(client: Any) -> None:
    answer = client.customers_upload([{"externalId": "1", "birthday": "soon"}, {"externalId": "2"}])

    assert answer.get_status_code() == 460
    assert answer.get_error_msg() == "Customers are loaded with errors"
    assert answer.get_errors() == {"birthday": "This value is not valid."}
    assert answer.get_response()["uploadedCustomers"] == [{"id": 1, "externalId": "2"}]


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"ids": [1]}, ["1"]),
        ({"externalIds": ["2"]}, ["2"]),
        ({"name": "пет"}, ["1"]),
        ({"name": "900111"}, ["1"]),
        ({"email": "B@example.com"}, ["2"]),
        ({"sites": ["main"]}, ["1", "2"]),
        ({"isContact": 1}, []),
        ({"vip": 1}, ["2"]),
        ({"dateFrom": "2026-01-02"}, ["2"]),
    ],
)
def test_lists_customers(client: Any, filters: dict[str, Any], expected: list[str]) -> None:
    client.customers_upload(
        [
            {
                "externalId": "1",
                "lastName": "Петров",
                "phones": [{"number": "+7 900 111"}],
                "createdAt": "2026-01-01 00:00:00",
            },
            {"externalId": "2", "email": "b@example.com", "vip": True, "createdAt": "2026-01-02 00:00:00"},
        ]
    )

    answer = client.customers(filters)

    assert sorted(row["externalId"] for row in answer.get_response()["customers"]) == expected


def test_gives_customers_external_ids_afterwards(client: Any) -> None:
    client.customer_create({"firstName": "Ivan"})

    fixed = client.customers_fix_external_ids([{"id": 1, "externalId": "c1"}])
    unknown = client.customers_fix_external_ids([{"id": 9, "externalId": "c9"}])
    wrong = client.customers_fix_external_ids([{"externalId": "c1"}])

    assert [answer.get_status_code() for answer in (fixed, unknown, wrong)] == [200, 404, 400]
    assert wrong.get_errors() == {"id": "ID must be an integer"}
    assert client.customer("c1").get_response()["customer"]["id"] == 1


def test_a_merged_customer_says_into_whom(client: Any) -> None:
    client.order_create({"externalId": "7", "firstName": "Ivan"})
    client.customer_create({"externalId": "other"})

    combined = client.customers_combine([{"id": 1}], {"id": 2})
    answer = client.customer_edit({"id": 1, "firstName": "Ivan"}, "id")

    assert combined.is_successful()
    assert answer.get_status_code() == 404
    assert answer.get_response()["combinedTo"] == {"id": 2}
    assert client.order("7").get_response()["order"]["customer"]["id"] == 2
    assert client.customers_combine([{"id": 1}], {"id": 2}).get_status_code() == 404


def test_an_order_joins_the_customer_with_the_same_phone_or_email(client: Any) -> None:
    client.order_create({"phone": "+7 900 111-22-33", "email": "a@example.com"})

    same_phone = client.order_create({"phone": "79001112233", "email": "other@example.com"})
    same_email = client.order_create({"email": "A@example.com"})
    another = client.order_create({"phone": "+79009999999"})

    ids = [answer.get_response()["order"]["customer"]["id"] for answer in (same_phone, same_email, another)]
    assert ids == [1, 1, 2]
    assert client.customer(1, "id").get_response()["customer"]["ordersCount"] == 3


def test_an_order_makes_a_customer_of_its_own_when_the_account_says_so(serve: Serve) -> None:
    with Http(serve(Sandbox(reuse_customers=False)).url) as http:
        made = [
            http.post("/api/v5/orders/create", data={"order": '{"phone": "+79001112233"}'}).json() for _ in range(2)
        ]

    assert [answer["order"]["customer"]["id"] for answer in made] == [1, 2]


def test_an_order_is_bound_to_the_customer_it_names(client: Any) -> None:
    client.customers_upload([{"externalId": "c1"}, {"browserId": "visitor"}])

    orders = [
        client.order_create({"customer": named})
        for named in ({"id": 1}, {"externalId": "c1"}, {"browserId": "visitor"})
    ]

    assert [answer.get_response()["order"]["customer"]["id"] for answer in orders] == [1, 1, 2]


def test_notes_come_and_go(client: Any) -> None:
    client.customer_create({"externalId": "c1"})

    made = client.customer_note_create({"text": "Перезвонить", "managerId": 1, "customer": {"id": 1}})
    again = client.customer_note_create({"text": "Перезвонить", "customer": {"externalId": "c1"}}, "main")
    notes = client.customer_notes({"customerIds": [1], "text": "перезв"}).get_response()["notes"]
    deleted = client.customer_note_delete(made.get_response()["id"])

    assert (made.get_status_code(), again.get_status_code()) == (201, 201)
    assert [note["id"] for note in notes] == [1, 2]
    assert notes[0]["customer"] == {"site": "main", "id": 1, "externalId": "c1", "type": "customer"}
    assert [note.get("managerId") for note in notes] == [1, None]
    assert deleted.get_response() == {"success": True}
    assert [note["id"] for note in client.customer_notes().get_response()["notes"]] == [2]
    assert client.customer_notes({"customerIds": [2]}).get_response()["notes"] == []
    assert [note["id"] for note in client.customer_notes({"customerIds": [2, 1]}).get_response()["notes"]] == [2]
    assert client.customer_note_delete(1).get_error_msg() == "Note not found map"


@pytest.mark.parametrize(
    ("note", "errors"),
    [
        ({"text": "x", "customer": {}}, {"customer": "Set one of the following fields: id, externalId"}),
        ({"text": "x"}, {"customer": "Set one of the following fields: id, externalId"}),
        ({"text": "x", "customer": {"id": 9}}, {"customer.id": "Customer with id=9 not found."}),
        ({"customer": {"id": 1}}, {"text": "This value should not be blank."}),
    ],
)
def test_refuses_a_note_without_customer_or_text(client: Any, note: dict[str, Any], errors: dict[str, str]) -> None:
    client.customer_create({"externalId": "c1"})

    answer = client.customer_note_create(note)

    assert answer.get_error_msg() == "Errors in the entity format"
    assert answer.get_errors() == errors


def test_lists_notes_of_a_period(client: Any) -> None:
    client.customer_create({"externalId": "c1"})
    client.customer_note_create({"text": "x", "customer": {"id": 1}})

    before = client.customer_notes({"createdAtTo": "2020-01-01 00:00:00"}).get_response()["notes"]
    since = client.customer_notes({"createdAtFrom": "2020-01-01 00:00:00"}).get_response()["notes"]

    assert (len(before), len(since)) == (0, 1)
