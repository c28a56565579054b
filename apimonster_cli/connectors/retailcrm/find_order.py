"""RetailCRM: find an order by e-mail, phone or status."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from apimonster_cli.connectors.retailcrm.edit_order import OPEN_ORDER
from apimonster_cli.connectors.retailcrm.pages import read_pages
from apimonster_cli.connectors.spec import Action, Call

_PHONE_DIGITS = 10  # a Russian or Ukrainian number without the 7, 8 or 380 before it, which people write in many ways


def find_order(call: Call) -> Mapping[str, Any]:
    """Return the newest order that fits all given inputs, with `success`; {} when there is none, or nothing to search by."""
    email = _text(call.fields.get("email"))
    written_phone = _text(call.fields.get("phone"))
    phone = _digits(written_phone)
    status = _text(call.fields.get("status"))
    # The list has no filter for phones: `customer` looks through names and phones, so the answers are compared below.
    filters = [("[email]", email), ("[customer]", phone), ("[extendedStatus][]", status)]
    filters = [(name, value) for name, value in filters if value]
    if not filters or (written_phone and not phone):  # a phone without digits is nobody's
        return {}
    found = [
        order
        for order in read_pages(call, "/orders", "orders", filters)
        if (not phone or phone in map(_digits, _phones(order))) and (not email or _has_email(order, email))
    ]
    newest = max(found, key=_age, default=None)
    return {"success": True, **newest} if newest is not None else {}


def _age(order: Mapping[str, Any]) -> tuple[str, int]:
    """Return what orders are sorted by: createdAt is `Y-m-d H:i:s`, which sorts as text."""
    number = order.get("id")
    return str(order.get("createdAt") or ""), number if isinstance(number, int) else 0


def _phones(order: Mapping[str, Any]) -> Iterator[str]:
    yield _text(order.get("phone"))
    yield _text(order.get("additionalPhone"))
    for person in (order.get("customer"), order.get("contact")):
        for entry in (person.get("phones") or ()) if isinstance(person, Mapping) else ():
            if isinstance(entry, Mapping):
                yield _text(entry.get("number"))


def _has_email(order: Mapping[str, Any], email: str) -> bool:
    """Return whether the order is of that e-mail, or shows none at all and was found by it all the same."""
    people = [person for person in (order, order.get("customer"), order.get("contact")) if isinstance(person, Mapping)]
    shown = {_text(person.get("email")).casefold() for person in people} - {""}
    return not shown or email.casefold() in shown


def _digits(phone: str) -> str:
    return re.sub(r"\D", "", phone)[-_PHONE_DIGITS:]


def _text(value: Any) -> str:
    return "" if value is None else str(value).strip()


FIND_ORDER = Action(
    name="find_order",
    title="Найти заказ",
    inputs="find_order.inputs",
    outputs="find_order.result",
    run=find_order,
    writes=False,
    open_outputs=OPEN_ORDER,
    needs=(("email", "phone", "status"),),
)
