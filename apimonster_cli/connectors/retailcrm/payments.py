"""Payments of an order that is there already. An edit of the order is not documented to take them, so each goes by its own call."""

from collections.abc import Mapping
from typing import Any

from apimonster_cli.connectors.retailcrm import calls
from apimonster_cli.connectors.retailcrm.agreement import holds
from apimonster_cli.connectors.spec import Call


def settle_payments(call: Call, mapped: Any, order: Mapping[str, Any], there: Any, site: str | None) -> bool:
    """Change or add each of the `mapped` payments of an order; return whether any call was made.

    there: the payments that the order was read with, as a list or by their ids. A mapped one matches by its externalId; one
    without it by its type, and when no type is mapped it is the next one. Payments that are not mapped stay. Safe to repeat
    after reading the order again.
    """
    left = [payment for payment in _entries(there) if isinstance(payment, Mapping)]
    made = False
    for payment in (one for one in _entries(mapped) if isinstance(one, Mapping)):
        found = next((other for other in left if _is_it(payment, other)), None)
        if found is None:
            new = {**payment, "order": {"id": order["id"]}}
            call.ask(calls.create_payment(new, site))
        else:
            left.remove(found)
            if holds(payment, found):
                continue
            call.ask(calls.edit_payment(str(found["id"]), "id", payment, site))
        made = True
    return made


def _is_it(payment: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    for name in ("externalId", "type"):
        if payment.get(name) not in (None, ""):
            return bool(payment[name] == other.get(name))
    return True


def _entries(payments: Any) -> list[Any]:
    return list(payments.values()) if isinstance(payments, Mapping) else list(payments or ())
