"""A note is written once: it has no id of ours, so a doubtful one is looked for by customer and text."""

from typing import Any

import pytest

from apimonster_cli.core.errors import PermanentError
from tests.connectors.fakes import json_answer
from tests.connectors.retailcrm.orders import call, listed, sent

FIELDS = {"customer": {"id": 1057}, "text": "Первый визит:  okna", "managerId": 8}
WRITTEN = json_answer({"success": True, "id": 44}, 201)


def test_a_note_is_written() -> None:
    step = call("create_customer_note", FIELDS, WRITTEN)

    outputs = step.run()

    assert outputs == {"success": True, "id": 44}
    (request,) = step.requests
    assert (request.method, request.path, request.writes) == ("POST", "/api/v5/customers/notes/create", True)
    assert dict(request.form or ())["site"] == "main"
    assert sent(request, "note") == FIELDS


def test_a_note_that_a_doubtful_try_wrote_is_not_written_again() -> None:
    notes = [{"id": 42, "text": "Первый визит: okna, повтор"}, {"id": 43, "text": "Первый визит: okna"}]
    step = call("create_customer_note", FIELDS, listed("notes", *notes), doubtful=True)

    outputs = step.run()

    assert outputs == {"success": True, "id": 43}
    assert step.requests[0].query[:2] == (("filter[customerIds][]", "1057"), ("filter[text]", "Первый визит:  okna"))


def test_a_note_that_a_doubtful_try_did_not_write_is_written() -> None:
    fields = {"customer": {"externalId": "10"}, "text": "x" * 300}
    step = call("create_customer_note", fields, listed("notes"), WRITTEN, doubtful=True)

    outputs = step.run()

    assert outputs["id"] == 44
    assert step.requests[0].query[:2] == (("filter[customerExternalIds][]", "10"), ("filter[text]", "x" * 255))


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"text": "x"}, "Neither customer.id"),
        ({"text": "x", "customer": {"id": None}}, "Neither"),
        ({"customer": {"id": 1}}, "empty note"),
    ],
)
def test_a_note_lacking_its_customer_or_text_fails(fields: dict[str, Any], words: str) -> None:
    step = call("create_customer_note", fields)

    with pytest.raises(PermanentError, match=words):
        step.run()
