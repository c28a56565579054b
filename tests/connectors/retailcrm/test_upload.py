"""Orders created and looked for many at once: what is sent, and what each call gets of the answer."""

from typing import Any

import pytest

from apimonster_cli.connectors.retailcrm import calls
from apimonster_cli.connectors.retailcrm.upload import LIST, MOST, UPLOAD
from apimonster_cli.core import exactjson
from apimonster_cli.core.call import Answer, Request
from apimonster_cli.core.errors import TransientError

CREATES = [calls.create_order({"externalId": name, "firstName": "Анна"}, "main") for name in ("1", "2", "3")]
LOOKS = [calls.get_order(name, "externalId", "main") for name in ("1", "a b/2")]


def answer(data: Any, status: int = 200) -> Answer:
    return Answer(status, {}, exactjson.dumps(data).encode())


def shown(parts: Any) -> list[Any]:
    return [(part.status, part.json()) if isinstance(part, Answer) else part for part in parts]


@pytest.mark.parametrize(
    ("request_", "key"),
    [
        (CREATES[0], "1"),
        (calls.create_order({"firstName": "Анна"}, "main"), None),
        (calls.edit_order("1", "externalId", {}, "main"), None),
        (LOOKS[0], None),
    ],
)
def test_only_orders_with_an_external_id_go_together(request_: Request, key: str | None) -> None:
    assert UPLOAD.key(request_) == key


@pytest.mark.parametrize(
    ("request_", "key"), [(LOOKS[1], "a b/2"), (calls.get_order("7", "id", "main"), None), (CREATES[0], None)]
)
def test_only_looks_by_external_id_go_together(request_: Request, key: str | None) -> None:
    assert LIST.key(request_) == key


def test_creates_become_one_upload_of_at_most_fifty() -> None:
    joined = UPLOAD.join(CREATES[:2])

    assert (joined.method, joined.path, joined.writes, MOST) == ("POST", "/api/v5/orders/upload", True, 50)
    form = dict(joined.form or ())
    assert form["site"] == "main"
    assert exactjson.loads(form["orders"]) == [
        {"externalId": "1", "firstName": "Анна"},
        {"externalId": "2", "firstName": "Анна"},
    ]


def test_looks_become_one_list() -> None:
    joined = LIST.join(LOOKS)

    assert (joined.path, joined.writes) == ("/api/v5/orders", False)
    assert joined.query == (
        ("filter[externalIds][]", "1"),
        ("filter[externalIds][]", "a b/2"),
        ("filter[sites][]", "main"),
        ("limit", "100"),
        ("page", "1"),
    )


def test_each_create_gets_its_whole_order() -> None:
    short = [{"id": number, "externalId": str(number)} for number in (1, 2, 3)]
    whole = [{**each, "number": f"{each['id']}A"} for each in short]

    parts = UPLOAD.split(CREATES, answer({"success": True, "uploadedOrders": short, "orders": whole}, 201))

    assert shown(parts) == [(201, {"success": True, "order": each}) for each in whole]


def test_a_part_that_failed_is_sent_alone_and_the_rest_is_done() -> None:
    data = {
        "success": False,
        "errorMsg": "Orders are loaded with errors",
        "uploadedOrders": [{"externalId": "3", "id": 333}],
        "failedOrders": [{"externalId": "1"}],
        "errors": ["Order with externalId=1 already exists."],
    }

    failed, unsaid, done = UPLOAD.split(CREATES, answer(data, 460))

    assert failed is None
    assert isinstance(unsaid, TransientError)
    assert unsaid.may_have_happened
    assert isinstance(done, Answer)
    assert done.json()["order"] == {"externalId": "3", "id": 333}


def test_an_upload_refused_as_a_whole_is_sent_one_by_one() -> None:
    assert UPLOAD.split(CREATES, answer({"success": False, "errorMsg": "Wrong entity"}, 400)) == [None] * 3


@pytest.mark.parametrize("given", [answer({"success": False}, 503), Answer(500, {}, b"<html>"), Answer(200, {}, b"{")])
def test_any_other_answer_counts_for_all(given: Answer) -> None:
    assert UPLOAD.split(CREATES, given) == [given] * 3
    assert LIST.split(LOOKS, given) == [given] * 2


def test_each_look_gets_its_order_or_that_there_is_none() -> None:
    parts = LIST.split(LOOKS, answer({"success": True, "orders": [{"id": 9, "externalId": "a b/2"}]}))

    assert shown(parts) == [
        (404, {"success": False, "errorMsg": "Not found"}),
        (200, {"success": True, "order": {"id": 9, "externalId": "a b/2"}}),
    ]
