"""RetailCRM: what of an order is packed, and from which warehouse."""

from collections.abc import Mapping
from typing import Any

from apimonster_cli.connectors.retailcrm.pages import read_pages
from apimonster_cli.connectors.spec import Action, Call
from apimonster_cli.core.errors import PermanentError


def get_order_packs(call: Call) -> Mapping[str, Any]:
    """Return the packs of an order from all pages; none for an order without, and for an unknown one."""
    order_id = call.fields.get("id")
    if order_id in (None, ""):
        raise PermanentError("whose packs? The field id got no value")
    return {"packs": list(read_pages(call, "/orders/packs", "packs", [("[orderId]", str(order_id))]))}


GET_ORDER_PACKS = Action(
    name="get_order_packs",
    title="Получить комплектацию заказа",
    inputs="get_order_packs.inputs",
    outputs="get_order_packs.outputs",
    run=get_order_packs,
    writes=False,
    open_outputs=("packs",),
    needs=(("id",),),
    scopes=("order_read",),
)
