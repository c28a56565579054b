"""Notes on customers: create, list, delete. A note has no external id: a repeated create makes a second one."""

from apimonster_cli.sandbox.answers import Refusal, Reply, Row, created, done, page_of, wrong_entity
from apimonster_cli.sandbox.clean import Kind, clean
from apimonster_cli.sandbox.customers import bound, named
from apimonster_cli.sandbox.filtering import field, ids, matching, one_of, since, text, until
from apimonster_cli.sandbox.parameters import entity, filters, values
from apimonster_cli.sandbox.routes import Call
from apimonster_cli.sandbox.shapes import NOTE


def create_note(call: Call) -> Reply:
    """POST /customers/notes/create."""
    errors: dict[str, str] = {}
    note = clean(entity(call.parameters, "note"), NOTE, errors)
    customer, name, value = bound(call, note.get("customer") or {})
    if not name:
        errors["customer"] = "Set one of the following fields: id, externalId"
    elif customer is None:
        errors[f"customer.{name}"] = f"Customer with {name}={value} not found."
    if not note.get("text"):
        errors["text"] = "This value should not be blank."
    if errors or customer is None:
        raise wrong_entity(errors)
    row: Row = {
        "customer": {"site": customer["site"], "id": customer["id"], **named(customer), "type": customer["type"]},
        "id": call.state.next_id("note"),
        "text": note["text"],
        "createdAt": call.account.now(),
    }
    if note.get("managerId") is not None:
        row["managerId"] = note["managerId"]
    call.state.put("note", row)
    return created(id=row["id"])


def list_notes(call: Call) -> Reply:
    """GET /customers/notes, oldest first."""
    reached = set(call.reached)
    asked = filters(call.parameters)
    # after a storm there are very many, and looking through all of them for one customer keeps other calls waiting
    found = (
        call.state.notes(values(asked["customerIds"])) if "customerIds" in asked else call.state.rows("note").values()
    )
    rows = (row for row in found if row["customer"]["site"] in reached)
    pagination, notes = page_of(matching(rows, _FILTERS, asked), call.parameters)
    return done(pagination=pagination, notes=notes)


def delete_note(call: Call) -> Reply:
    """POST /customers/notes/{id}/delete."""
    row = call.state.get("note", call.uid)
    if row is None:
        raise Refusal(404, "Note not found map")
    call.state.remove("note", row["id"])
    return done()


_FILTERS = {
    "ids": ids(field("id")),
    "customerIds": ids(lambda row: (row["customer"]["id"],)),
    "customerExternalIds": one_of(lambda row: field("externalId")(row["customer"])),
    "managerIds": ids(field("managerId")),
    "text": text(lambda row, part: part in row["text"].casefold()),
    "createdAtFrom": since(lambda row: row["createdAt"], Kind.DATETIME),
    "createdAtTo": until(lambda row: row["createdAt"], Kind.DATETIME),
}
