"""From what was sent to an order as it is kept: checks, defaults, the customer it belongs to.

A kept order looks like an answer, but holds customer and contact as ids and payments as a map by id.
"""

from collections.abc import Mapping
from typing import Any

from apimonster_cli.sandbox.answers import Refusal, Row, object_or_list, wrong_entity
from apimonster_cli.sandbox.clean import clean, merge
from apimonster_cli.sandbox.customers import answer as customer_answer
from apimonster_cli.sandbox.customers import bound, make
from apimonster_cli.sandbox.order_lines import (
    average,
    build_lines,
    build_payment,
    line_problems,
    payment_problems,
    with_sums,
)
from apimonster_cli.sandbox.references import (
    DEFAULT_ORDER_METHOD,
    DEFAULT_ORDER_TYPE,
    DEFAULT_STATUS,
    DEFAULT_STORE,
    unknown_code,
)
from apimonster_cli.sandbox.routes import Call
from apimonster_cli.sandbox.shapes import ORDER
from apimonster_cli.sandbox.state import digits

_BUILT = ("customer", "contact", "items", "payments", "delivery")
_STREET = (("street", "{}"), ("building", "д. {}"), ("house", "стр. {}"), ("housing", "корп. {}"), ("flat", "кв. {}"))


def new_order(call: Call, site: str, sent: Mapping[str, Any]) -> Row:
    """Keep and return a new order; Refusal when it cannot be loaded."""
    fields = _typed(sent)
    external_id = fields.get("externalId")
    if external_id and call.state.by_external_id("order", site, external_id):
        raise Refusal(400, "Order already exists.")
    problems = _problems(call, fields, ())
    customer = _named(call, fields, "customer", problems)
    contact = _named(call, fields, "contact", problems)
    if problems:
        raise Refusal(400, "Order is not loaded", problems)
    customer = customer or _own_customer(call, site, fields)
    now = call.account.now()
    order = _with_defaults(call, site, fields, now)
    order |= {"customer": customer["id"], "contact": (contact or customer)["id"], "payments": {}}
    order["items"] = build_lines(call, fields.get("items") or [], (), now)
    total = with_sums(order)["totalSumm"]
    for payment in fields.get("payments") or []:
        built = build_payment(call, payment, total)
        order["payments"][str(built["id"])] = built
    order = with_sums(order)
    call.state.put("order", order)
    _add_to_customer(call, customer["id"], orders=1, amount=order["totalSumm"])
    return order


def changed_order(call: Call, old: Row, sent: Mapping[str, Any]) -> Row:
    """Keep and return an order with the fields that were sent; Refusal when one will not do.

    Lines that are not sent are deleted when any are. Payments are left alone: docs know no way to change them here.
    """
    fields = _typed(sent)
    external_id = fields.get("externalId")
    if external_id not in (None, old.get("externalId")) and call.state.by_external_id(
        "order", old["site"], external_id
    ):
        raise Refusal(400, "Order already exists.")
    problems = _problems(call, fields | {"payments": None}, old["items"])
    bindings = {name: _named(call, fields, name, problems) for name in ("customer", "contact")}
    if problems:
        raise Refusal(400, "Order is not loaded", problems)
    now = call.account.now()
    if fields.get("status") in (None, old["status"]):
        fields.pop("statusComment", None)  # it cannot change without the status (docs of orders/create)
    else:
        fields.setdefault("statusUpdatedAt", now)
    order = merge(old, {name: value for name, value in fields.items() if name not in _BUILT and value is not None})
    for name in (name for name, value in fields.items() if value is None and name not in _KEPT):
        order.pop(name, None)
    order["delivery"] = _delivery(merge(old["delivery"], fields.get("delivery") or {}))
    order |= {name: row["id"] for name, row in bindings.items() if row}
    if "items" in fields:
        order["items"] = build_lines(call, fields["items"] or [], old["items"], now)
    order = with_sums(order)
    call.state.put("order", order)
    if order["customer"] == old["customer"]:
        _add_to_customer(call, order["customer"], orders=0, amount=order["totalSumm"] - old["totalSumm"])
    else:
        _add_to_customer(call, old["customer"], orders=-1, amount=-old["totalSumm"])
        _add_to_customer(call, order["customer"], orders=1, amount=order["totalSumm"])
    return order


def answer(call: Call, order: Row, *, just_created: bool = False) -> Row:
    """Return an order as answers carry it: payments are a list after create and upload, a map by id elsewhere."""
    payments = order["payments"]
    whole = {
        **order,
        "customer": _customer_block(call, order["customer"]),
        "contact": _customer_block(call, order["contact"]),
        "payments": list(payments.values()) if just_created else payments,
        "customFields": object_or_list(order.get("customFields", {})),
    }
    return {name: value for name, value in whole.items() if value not in ("", None)}


# Cleared on edit, these keep what they were: an order always has them
_KEPT = (
    *_BUILT,
    "status",
    "orderType",
    "orderMethod",
    "createdAt",
    "statusUpdatedAt",
    "number",
    "privilegeType",
    "countryIso",
)


def _typed(sent: Mapping[str, Any]) -> Row:
    errors: dict[str, str] = {}
    fields = clean(sent, ORDER, errors)
    if errors:
        raise wrong_entity(errors)
    return fields


def _problems(call: Call, fields: Row, old_lines: Any) -> dict[str, str]:
    codes = {name: fields.get(name) for name in ("status", "orderType", "orderMethod", "shipmentStore")}
    codes["delivery.code"] = (fields.get("delivery") or {}).get("code")
    problems = {name: sentence for name, code in codes.items() if (sentence := unknown_code(name, code))}
    problems |= line_problems(fields.get("items") or [], old_lines)
    return problems | payment_problems(call, fields.get("payments") or [])


def _named(call: Call, fields: Row, field: str, problems: dict[str, str]) -> Row | None:
    found, name, value = bound(call, fields.get(field) or {})
    if name and found is None:
        problems[f"{field}.{name}"] = f"Customer with {name}={value} not found."
    return found


def _own_customer(call: Call, site: str, fields: Row) -> Row:
    contacts = [contact for contact in (digits(fields.get("phone")), (fields.get("email") or "").casefold()) if contact]
    if call.account.reuse_customers:
        for contact in contacts:
            if known := call.state.customer_by_contact(site, contact):
                return known
    wanted = fields.get("customer") or {}
    own = {name: fields[name] for name in ("firstName", "lastName", "patronymic", "email") if fields.get(name)}
    own |= {name: wanted[name] for name in ("type", "nickName") if wanted.get(name)}
    if fields.get("phone"):
        own["phones"] = [{"number": fields["phone"]}]
    return make(call, site, own)


def _with_defaults(call: Call, site: str, fields: Row, now: str) -> Row:
    order_id = call.state.next_id("order")
    sent = {name: value for name, value in fields.items() if name not in _BUILT and value is not None}
    created_at = sent.get("createdAt", now)
    order: Row = {
        "slug": order_id,
        "bonusesCreditTotal": 0,
        "bonusesChargeTotal": 0,
        "id": order_id,
        "number": f"{order_id}A",  # A: made through the API, as the clients' test data show
        "orderType": DEFAULT_ORDER_TYPE,
        "orderMethod": DEFAULT_ORDER_METHOD,
        "privilegeType": "none",
        "countryIso": "RU",
        "createdAt": created_at,
        "statusUpdatedAt": created_at,
        "currency": "RUB",
        "markDatetime": created_at,
        "call": False,
        "expired": False,
        "applyRound": True,
        "contragent": {"contragentType": "individual"},
        "site": site,
        "status": DEFAULT_STATUS,
        "fromApi": True,
        "shipmentStore": DEFAULT_STORE,
        "shipped": False,
    }
    order = merge(order, sent)
    order["delivery"] = _delivery(merge({"cost": 0, "netCost": 0, "address": {}}, fields.get("delivery") or {}))
    return order


def _delivery(delivery: Row) -> Row:
    address = delivery.get("address", {})
    if address and "text" not in address:
        parts = [form.format(address[name]) for name, form in _STREET if name in address]
        address = address | ({"text": ", ".join(parts)} if parts else {})
    return {"cost": 0, "netCost": 0, **delivery, "address": address}


def _customer_block(call: Call, customer_id: int) -> Row:
    row = call.state.get("customer", customer_id)
    while row is None and (merged := call.state.get("combined", customer_id)):
        customer_id = merged["combinedTo"]["id"]
        row = call.state.get("customer", customer_id)
    return customer_answer(row) if row else {"id": customer_id}


def _add_to_customer(call: Call, customer_id: int, *, orders: int, amount: Any) -> None:
    row = call.state.get("customer", customer_id)
    if row is None:
        return  # merged into another one meanwhile
    count, total = row["ordersCount"] + orders, row["totalSumm"] + amount
    if orders or amount:
        totals = {"ordersCount": count, "totalSumm": total, "averageSumm": average(total, count)}
        call.state.put("customer", row | totals)
