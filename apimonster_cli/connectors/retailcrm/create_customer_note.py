"""RetailCRM: a note on a customer."""

from collections.abc import Mapping
from typing import Any

from apimonster_cli.connectors.retailcrm import calls
from apimonster_cli.connectors.retailcrm.pages import read_pages
from apimonster_cli.connectors.spec import Action, Call
from apimonster_cli.core.errors import PermanentError

_LONGEST_FILTER = 255  # characters a text filter takes (docs of GET /api/v5/orders)


def create_customer_note(call: Call) -> Mapping[str, Any]:
    """Write the note and return its id.

    A note has no id of ours, so after a doubtful try one with the same text on the same customer counts as the one wanted.
    """
    customer = call.fields.get("customer") or {}
    if not customer.get("id") and not customer.get("externalId"):
        raise PermanentError("whose note? Neither customer.id nor customer.externalId got a value")
    if not call.fields.get("text"):
        raise PermanentError("an empty note: the field text got no value")
    if call.doubtful:
        written = _look(call, customer, str(call.fields["text"]))
        if written is not None:
            return {"success": True, "id": written}
    answer = call.ask(calls.create_note(call.fields, call.settings.get("site"))).json()
    return {"success": True, "id": answer.get("id")}


def _look(call: Call, customer: Mapping[str, Any], text: str) -> int | None:
    by = ("[customerIds][]", "id") if customer.get("id") else ("[customerExternalIds][]", "externalId")
    filters = [(by[0], str(customer[by[1]])), ("[text]", text[:_LONGEST_FILTER])]
    for note in read_pages(call, "/customers/notes", "notes", filters):
        if str(note.get("text", "")).split() == text.split():
            found: int = note["id"]
            return found
    return None


CREATE_CUSTOMER_NOTE = Action(
    name="create_customer_note",
    title="Добавить заметку о клиенте",
    inputs="create_customer_note.inputs",
    outputs="create_customer_note.outputs",
    run=create_customer_note,
    needs=(("text",), ("customer.id", "customer.externalId")),
    scopes=("customer_write", "customer_read"),
    settles=True,
)
