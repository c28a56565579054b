"""RetailCRM: change an order."""

from collections.abc import Mapping
from typing import Any

from apimonster_cli.connectors.retailcrm import calls
from apimonster_cli.connectors.retailcrm.agreement import holds
from apimonster_cli.connectors.retailcrm.answers import NotFoundError
from apimonster_cli.connectors.retailcrm.lines import change_nothing, merge_lines, replace_lines
from apimonster_cli.connectors.retailcrm.payments import settle_payments
from apimonster_cli.connectors.spec import Action, Call, Option
from apimonster_cli.core.call import Answer
from apimonster_cli.core.errors import PermanentError

_APART = ("items", "payments")  # the lines need those beside them, payments go by calls of their own
_BOUND = ("customer", "contact", "company")

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

    The order is read first, and only what differs from it is sent: lines that an edit leaves out would be deleted, and what
    stays as it is starts no trigger in the CRM. Safe to repeat, as an edit holds absolute values. With `id` given, `externalId`
    is a field to change like any other. Payments go by their own calls, as an edit does not take them.
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
        found = call.ask(calls.get_order(str(uid), by, site)).json().get("order") or {}
        return _apply(call, found, fields, (str(uid), by, site))
    except NotFoundError as error:
        raise NotFoundError(
            f"RetailCRM has no order with {by} {uid}: check the value, and site of the connection"
        ) from error


def change(call: Call, found: Mapping[str, Any], fields: Mapping[str, Any], site: str | None) -> Mapping[str, Any]:
    """Change the order `found` of the shop `site`, as it was just read, and return it whole."""
    return _apply(call, found, fields, (str(found["id"]), "id", site))


def _apply(
    call: Call, found: Mapping[str, Any], fields: Mapping[str, Any], named: tuple[str, calls.By, str | None]
) -> Mapping[str, Any]:
    """Make the order `found` have `fields`. named: its uid, what the uid is, its shop."""
    uid, by, site = named
    changes = _changes(call, fields, found)
    order: Mapping[str, Any] = {"success": True, **found}
    if changes:
        order = outputs_of(call.ask(calls.edit_order(uid, by, changes, site)), found)
    if not settle_payments(call, fields.get("payments"), order, found.get("payments"), site):
        return order
    return outputs_of(call.ask(calls.get_order(str(order["id"]), "id", site)), order)


def outputs_of(answer: Answer, known: Mapping[str, Any]) -> dict[str, Any]:
    """Return the order of an answer as outputs, with `success`; an answer without one adds its id to what was `known`."""
    data = answer.json()
    order = data.get("order")
    if not isinstance(order, Mapping):
        order = {**known, "id": data["id"]} if "id" in data else known
    return {"success": True, **order}


def _changes(call: Call, fields: Mapping[str, Any], found: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields that would change the order `found`, the lines with those beside them that are not mapped."""
    changes = {
        name: value
        for name, value in fields.items()
        if name not in _APART
        and not (_is_bound(value, found.get(name)) if name in _BOUND else holds({name: value}, found))
    }
    custom = changes.get("customFields")
    if isinstance(custom, Mapping):
        there = found.get("customFields") if isinstance(found.get("customFields"), Mapping) else {}
        changes["customFields"] = {code: value for code, value in custom.items() if not holds({code: value}, there)}
    if "statusComment" in changes and "status" in fields:  # the CRM takes the one only beside the other
        changes["status"] = fields["status"]
    if "items" in fields:
        changes |= _lines(call, fields["items"], found.get("items") or [])
    return changes


def _lines(call: Call, mapped: Any, there: list[Any]) -> dict[str, Any]:
    """Return `items` as they are to be sent, or nothing when the lines are as they should be."""
    if not isinstance(mapped, list):
        return {"items": mapped} if there else {}
    lines = replace_lines(mapped, there) if call.options.get("replace_items") else merge_lines(mapped, there)
    return {} if change_nothing(lines, there) else {"items": lines}


def _is_bound(named: Any, found: Any) -> bool:
    """Return whether the order is already of the customer, contact or company that `named` names; what else it says is for new ones."""
    if isinstance(named, Mapping):
        for name in ("id", "externalId"):
            if named.get(name) not in (None, ""):
                return holds({name: named[name]}, found)
    return holds(named, found)


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
