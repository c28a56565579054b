"""RetailCRM: create a customer, and never a second one for the same event."""

from collections.abc import Mapping
from typing import Any

from apimonster_cli.connectors.retailcrm import calls
from apimonster_cli.connectors.retailcrm.agreement import agrees
from apimonster_cli.connectors.retailcrm.external_id import external_id_of
from apimonster_cli.connectors.retailcrm.find_customer import by_external_id
from apimonster_cli.connectors.retailcrm.once import once
from apimonster_cli.connectors.spec import Action, Call, Option
from apimonster_cli.core.errors import PermanentError


def create_customer(call: Call) -> Mapping[str, Any]:
    """Create the customer and return its id and externalId, with `success` and `created`.

    Only the externalId tells customers apart: whoever may be known by phone or e-mail is looked for with find_customer first.
    """
    external_id = external_id_of(call)
    lists = {"phones": _entries(call.fields.get("phones"), "number"), "tags": _entries(call.fields.get("tags"), "name")}
    customer = {
        **call.fields,
        **{name: entries for name, entries in lists.items() if entries},
        "externalId": external_id,
    }
    found, made = once(
        call,
        f"a customer with externalId {external_id}",
        look=lambda: by_external_id(call, external_id),
        make=lambda: call.ask(calls.create_customer(customer, call.settings.get("site"))).json(),
    )
    ours = made or (call.doubtful and agrees(customer, found))
    if not ours and call.options.get("on_duplicate") == "fail":
        raise PermanentError(
            f"RetailCRM has a customer with externalId {external_id} already: the one with the id {found.get('id')}"
        )
    return {"success": True, "created": ours, "id": found.get("id"), "externalId": external_id}


def _entries(values: Any, part: str) -> list[Any]:
    """Return a list of texts as the API takes it, {number} or {name} each; what is an object already stays so."""
    listed = values if isinstance(values, list) else []
    return [entry if isinstance(entry, Mapping) else {part: entry} for entry in listed if entry not in (None, "")]


CREATE_CUSTOMER = Action(
    name="create_customer",
    title="Создать клиента",
    inputs="create_customer.inputs",
    outputs="create_customer.outputs",
    run=create_customer,
    options=(
        Option(
            "on_duplicate",
            "What to do when RetailCRM has a customer with this externalId already: leave it (skip) or fail.",
            choices=("skip", "fail"),
            default="skip",
        ),
    ),
    open_inputs=("customFields", "phones", "tags"),
    scopes=("customer_write", "customer_read"),
)
