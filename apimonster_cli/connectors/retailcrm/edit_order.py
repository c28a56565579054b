"""RetailCRM: change an order."""

from collections.abc import Mapping
from typing import Any

from apimonster_cli.connectors.retailcrm import calls
from apimonster_cli.connectors.retailcrm.answers import NotFoundError
from apimonster_cli.connectors.retailcrm.lines import merge_lines
from apimonster_cli.connectors.spec import Action, Call, Option
from apimonster_cli.core.call import Answer
from apimonster_cli.core.errors import PermanentError

OPEN_ORDER = (
    "company",
    "contact.customFields",
    "contact.phones",
    "contact.segments",
    "contact.tags",
    "contragent",
    "customFields",
    "customer.customFields",
    "customer.phones",
    "customer.segments",
    "customer.tags",
    "delivery",
    "items",
    "loyaltyLevel",
    "marketplace",
    "payments",
    "source",
)
"""Parts of an order whose inside RetailCRM's field list does not spell out."""

REPLACE_ITEMS = Option(
    "replace_items",
    "true: an edited order has the mapped lines only; otherwise lines that are not mapped stay.",
    kind="boolean",
    default=False,
)


def edit_order(call: Call) -> Mapping[str, Any]:
    """Change the order that `id`, or else `externalId`, names and return it whole.

    Safe to repeat, as an edit holds absolute values. With `id` given, `externalId` is a field to change like any other.
    """
    fields = {name: value for name, value in call.fields.items() if name != "id"}
    by: calls.By = "id"
    uid = call.fields.get("id")
    if uid in (None, ""):
        by, uid = "externalId", fields.pop("externalId", None)
    if uid in (None, ""):
        raise PermanentError("which order to edit? Neither id nor externalId got a value")
    site = call.settings.get("site")
    try:
        found: Mapping[str, Any] = {}
        if _merges(call, fields):
            found = call.ask(calls.get_order(str(uid), by, site)).json().get("order") or {}
        return outputs_of(call.ask(calls.edit_order(str(uid), by, _merged(call, fields, found), site)), found)
    except NotFoundError as error:
        raise NotFoundError(
            f"RetailCRM has no order with {by} {uid}: check the value, and site of the connection"
        ) from error


def change(call: Call, found: Mapping[str, Any], fields: Mapping[str, Any], site: str | None) -> Mapping[str, Any]:
    """Change the order `found` of the shop `site`, as it was just read, and return it whole."""
    request = calls.edit_order(str(found["id"]), "id", _merged(call, fields, found), site)
    return outputs_of(call.ask(request), found)


def outputs_of(answer: Answer, known: Mapping[str, Any]) -> dict[str, Any]:
    """Return the order of an answer as outputs, with `success`; an answer without one adds its id to what was `known`."""
    data = answer.json()
    order = data.get("order")
    if not isinstance(order, Mapping):
        order = {**known, "id": data["id"]} if "id" in data else known
    return {"success": True, **order}


def _merged(call: Call, fields: Mapping[str, Any], found: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the fields with the lines of the order `found` beside those that are mapped."""
    if not _merges(call, fields):
        return fields
    return {**fields, "items": merge_lines(fields["items"], found.get("items") or [])}


def _merges(call: Call, fields: Mapping[str, Any]) -> bool:
    return isinstance(fields.get("items"), list) and not call.options.get("replace_items")


EDIT_ORDER = Action(
    name="edit_order",
    title="Изменить заказ",
    inputs="edit_order.inputs",
    outputs="edit_order.outputs",
    run=edit_order,
    options=(REPLACE_ITEMS,),
    open_inputs=("customFields",),
    open_outputs=OPEN_ORDER,
    needs=(("id", "externalId"),),
    scopes=("order_write", "order_read"),
)
