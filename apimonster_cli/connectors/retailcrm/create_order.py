"""RetailCRM: create an order, and never a second one for the same event."""

from collections.abc import Mapping
from typing import Any

from apimonster_cli.connectors.retailcrm import calls
from apimonster_cli.connectors.retailcrm.agreement import agrees
from apimonster_cli.connectors.retailcrm.answers import NotFoundError
from apimonster_cli.connectors.retailcrm.edit_order import OPEN_ORDER, REPLACE_ITEMS, change, outputs_of
from apimonster_cli.connectors.retailcrm.external_id import external_id_of
from apimonster_cli.connectors.retailcrm.once import once
from apimonster_cli.connectors.retailcrm.upload import LIST, UPLOAD
from apimonster_cli.connectors.spec import Action, Call, Option
from apimonster_cli.core.call import Request
from apimonster_cli.core.errors import PermanentError


def create_order(call: Call) -> Mapping[str, Any]:
    """Create the order and return it whole, with `success` and `created`."""
    return place(call, call.fields, call.settings.get("site"))


def place(call: Call, fields: Mapping[str, Any], site: str | None) -> Mapping[str, Any]:
    """Create an order of `fields` in the shop `site`, or do what on_duplicate says with the one that is there.

    An order made by an earlier, doubtful try of this very step is no duplicate: it is what was wanted.
    """
    external_id = external_id_of(call)
    order = {**fields, "externalId": external_id}
    found, made = once(
        call,
        f"an order with externalId {external_id}",
        look=lambda: _look(call, external_id, site),
        make=lambda: outputs_of(call.ask(calls.create_order(order, site)), {}),
    )
    if made:
        return {**found, "created": True}
    ours = call.doubtful and agrees(order, found)
    wanted = call.options.get("on_duplicate", "skip")
    # An order of an earlier event of the same object may lack what this one brings, and contradict nothing.
    lacks = wanted == "edit" and not agrees(order, found, whole=True)
    if wanted == "skip" or (ours and not lacks):
        return {"success": True, **found, "created": ours}
    if wanted == "fail":
        raise PermanentError(
            f"RetailCRM has an order with externalId {external_id} already: number {found.get('number', found.get('id'))}"
        )
    changes = {name: value for name, value in order.items() if name != "externalId"}
    return {**change(call, found, changes, site), "created": ours}


def order_there(call: Call) -> Request:
    """Return the call that shows whether the order is there already."""
    return calls.get_order(external_id_of(call), "externalId", call.fields.get("site") or call.settings.get("site"))


def _look(call: Call, external_id: str, site: str | None) -> Mapping[str, Any] | None:
    try:
        answer = call.ask(calls.get_order(external_id, "externalId", site))
    except NotFoundError:
        return None
    order = answer.json().get("order")
    return order if isinstance(order, Mapping) else None


ON_DUPLICATE = Option(
    "on_duplicate",
    "What to do when RetailCRM has an order with this externalId already: leave it (skip), edit it, or fail.",
    choices=("skip", "edit", "fail"),
    default="skip",
)

CREATE_ORDER = Action(
    name="create_order",
    title="Создать заказ",
    inputs="create_order.inputs",
    outputs="create_order.result",
    run=create_order,
    options=(ON_DUPLICATE, REPLACE_ITEMS),
    open_inputs=("customFields",),
    open_outputs=OPEN_ORDER,
    batches=(UPLOAD, LIST),
    scopes=("order_write", "order_read"),
    look=order_there,
)
