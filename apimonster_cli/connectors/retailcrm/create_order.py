"""RetailCRM: create an order, and never a second one for the same event."""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from apimonster_cli.connectors.retailcrm import calls
from apimonster_cli.connectors.retailcrm.answers import AlreadyExistsError, NotFoundError
from apimonster_cli.connectors.retailcrm.edit_order import OPEN_ORDER, REPLACE_ITEMS, change, outputs_of
from apimonster_cli.connectors.retailcrm.external_id import derive
from apimonster_cli.connectors.spec import Action, Call, Option
from apimonster_cli.core.errors import PermanentError


def create_order(call: Call) -> Mapping[str, Any]:
    """Create the order and return it whole, with `success` and `created`."""
    order = {**call.fields, "externalId": _external_id(call)}
    if call.doubtful:
        found = _look(call, order["externalId"])
        if found is not None:
            return _there_already(call, order, found)
    try:
        answer = call.ask(calls.create_order(order, call.settings.get("site")))
    except AlreadyExistsError as error:
        found = _look(call, order["externalId"])
        if found is None:
            raise PermanentError(
                f"RetailCRM says that an order with externalId {order['externalId']} already exists, but does not show it: "
                f"check site of the connection, and that the key reaches that shop ({error})"
            ) from error
        return _there_already(call, order, found)
    return {**outputs_of(answer, {}), "created": True}


def _there_already(call: Call, order: Mapping[str, Any], found: Mapping[str, Any]) -> Mapping[str, Any]:
    """Do what on_duplicate says with the order that is there.

    An order made by an earlier, doubtful try of this very step is no duplicate: it is what was wanted.
    """
    ours = call.doubtful and agrees(order, found)
    wanted = call.options.get("on_duplicate", "skip")
    if ours or wanted == "skip":
        return {"success": True, **found, "created": ours}
    if wanted == "fail":
        raise PermanentError(
            f"RetailCRM has an order with externalId {order['externalId']} already: number {found.get('number', found.get('id'))}"
        )
    fields = {name: value for name, value in order.items() if name != "externalId"}
    return {**change(call, found, fields), "created": False}


def _look(call: Call, external_id: str) -> Mapping[str, Any] | None:
    try:
        answer = call.ask(calls.get_order(external_id, "externalId", call.settings.get("site")))
    except NotFoundError:
        return None
    order = answer.json().get("order")
    return order if isinstance(order, Mapping) else None


def _external_id(call: Call) -> str:
    mapped = call.fields.get("externalId")
    return str(mapped) if mapped not in (None, "") else derive(call.identity)


def agrees(sent: Any, found: Any) -> bool:
    """Return whether nothing in `found` contradicts `sent`: RetailCRM leaves empty fields out and adds its own."""
    if isinstance(sent, Mapping) and isinstance(found, Mapping):
        return all(agrees(value, found[name]) for name, value in sent.items() if name in found)
    if isinstance(sent, list) and isinstance(found, list | Mapping):
        # Payments come back as an object with their ids as keys, everything else as a list.
        entries = list(found.values()) if isinstance(found, Mapping) else found
        return len(sent) == len(entries) and all(map(agrees, sent, entries))
    if isinstance(sent, Mapping | list) or isinstance(found, Mapping | list):
        return not sent and not found
    return bool(_plain(sent) == _plain(found))


def _plain(value: Any) -> Any:
    """Return a value in the form that survives the CRM's tidying: numbers as numbers, phones as digits, text without case."""
    if isinstance(value, bool) or value is None:
        return value
    text = str(value).strip()
    digits = re.sub(r"[\s()+-]", "", text)
    if re.fullmatch(r"\d+(\.\d+)?", digits):
        return Decimal(digits)
    return text.casefold()


CREATE_ORDER = Action(
    name="create_order",
    title="Создать заказ",
    inputs="create_order.inputs",
    outputs="create_order.result",
    run=create_order,
    options=(
        Option(
            "on_duplicate",
            "What to do when RetailCRM has an order with this externalId already: leave it (skip), edit it, or fail.",
            choices=("skip", "edit", "fail"),
            default="skip",
        ),
        REPLACE_ITEMS,
    ),
    open_inputs=("customFields",),
    open_outputs=OPEN_ORDER,
)
