"""RetailCRM: find an order by e-mail, phone or status."""

from collections.abc import Iterator, Mapping
from typing import Any

from apimonster_cli.connectors.retailcrm.contacts import age, digits, has_email, has_phone, phones, plain
from apimonster_cli.connectors.retailcrm.edit_order import OPEN_ORDER
from apimonster_cli.connectors.retailcrm.pages import read_pages
from apimonster_cli.connectors.spec import Action, Call


def find_order(call: Call) -> Mapping[str, Any]:
    """Return the newest order that fits all given inputs, with `success`; {} when there is none, or nothing to search by."""
    email = plain(call.fields.get("email"))
    written_phone = plain(call.fields.get("phone"))
    phone = digits(written_phone)
    status = plain(call.fields.get("status"))
    # The list has no filter for phones: `customer` looks through names and phones, so the answers are compared below.
    filters = [("[email]", email), ("[customer]", phone), ("[extendedStatus][]", status)]
    filters = [(name, value) for name, value in filters if value]
    if not filters or (written_phone and not phone):  # a phone without digits is nobody's
        return {}
    found = [
        order
        for order in read_pages(call, "/orders", "orders", filters)
        if (not phone or has_phone(phone, _phones(order)))
        and (not email or has_email(email, order, order.get("customer"), order.get("contact")))
    ]
    newest = max(found, key=age, default=None)
    return {"success": True, **newest} if newest is not None else {}


def _phones(order: Mapping[str, Any]) -> Iterator[str]:
    yield plain(order.get("phone"))
    yield plain(order.get("additionalPhone"))
    yield from phones(order.get("customer"))
    yield from phones(order.get("contact"))


FIND_ORDER = Action(
    name="find_order",
    title="Найти заказ",
    inputs="find_order.inputs",
    outputs="find_order.result",
    run=find_order,
    writes=False,
    open_outputs=OPEN_ORDER,
    needs=(("email", "phone", "status"),),
    scopes=("order_read",),
)
