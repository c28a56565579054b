"""The lines of an order, its payments and its sums: what the CRM computes from what was sent."""

from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from apimonster_cli.sandbox.answers import Row, object_or_list
from apimonster_cli.sandbox.catalogue import find_offer
from apimonster_cli.sandbox.clean import merge, plain
from apimonster_cli.sandbox.references import PAID, unknown_code
from apimonster_cli.sandbox.routes import Call

_CENT = Decimal("0.01")
_LINE_FIELDS = ("discountManualAmount", "discountManualPercent", "comment", "ordering", "priceType")


def line_problems(lines: Sequence[Row], old: Sequence[Row]) -> dict[str, str]:
    """Return what stands against these lines, by place: unknown offer ids and codes, ids of no line, doubled externalIds.

    An unknown offer.id is an error (seen by the Go client's tests); an unknown externalId or xmlId makes a line that is
    tied to no product (docs of orders/create).
    """
    problems: dict[str, str] = {}
    known = {line["id"] for line in old}
    seen: set[tuple[Any, Any]] = set()
    for place, line in enumerate(lines):
        at = f"items[{place}]"
        offer_id = (line.get("offer") or {}).get("id")
        if offer_id is not None and find_offer({"id": offer_id}) is None:
            problems[f"{at}.offer.id"] = f"Offer with id {offer_id} not found."
        if line.get("id") is not None and line["id"] not in known:
            problems[f"{at}.id"] = f'"OrderProduct" with "id"="{line["id"]}" does not exist.'
        codes = {"status": line.get("status"), "priceType.code": (line.get("priceType") or {}).get("code")}
        for name, code in codes.items():
            if sentence := unknown_code(f"items.{name}", code):
                problems[f"{at}.{name}"] = sentence
        for pair in _external_ids(line):
            value = (pair.get("code"), pair.get("value"))
            if value in seen:
                problems[f"{at}.externalIds"] = "This value is already used."
            seen.add(value)
    return problems


def payment_problems(call: Call, payments: Sequence[Row]) -> dict[str, str]:
    """Return what stands against these payments. A payment's externalId is unique in the whole account."""
    problems: dict[str, str] = {}
    seen: set[str] = set()
    for place, payment in enumerate(payments):
        for name, problem in payment_problem(call, payment, seen).items():
            problems[f"payments[{place}].{name}"] = problem
    return problems


def payment_problem(call: Call, payment: Mapping[str, Any], seen: set[str]) -> dict[str, str]:
    """Return what stands against one payment, by field; `seen` gathers the externalIds of one call."""
    problems: dict[str, str] = {}
    for name in ("type", "status"):
        if sentence := unknown_code(f"payments.{name}", payment.get(name)):
            problems[name] = sentence
    external_id = payment.get("externalId")
    if external_id:
        if external_id in seen or call.state.payment_by_external_id(external_id):
            problems["externalId"] = "This external id is already set for another payment"
        seen.add(external_id)
    return problems


def build_lines(call: Call, sent: Sequence[Row], old: Sequence[Row], now: str) -> list[Row]:
    """Return the lines in the order sent. Those with the id of an old line change it; old ones that are not sent go."""
    before = {line["id"]: line for line in old}
    return [_build_line(call, merge({}, line), _kept(before.get(line.get("id") or 0), line), now) for line in sent]


def build_payment(call: Call, sent: Row, total: int | Decimal) -> Row:
    """Return a new payment; without an amount it is for the whole order."""
    kept = {name: value for name, value in sent.items() if value is not None}
    return {"id": call.state.next_id("payment"), "status": "not-paid", "amount": total, **kept}


def with_sums(order: Row) -> Row:
    """Return the order with the sums that the CRM computes and nobody can write."""
    goods = sum(
        (Decimal(line["initialPrice"] - line["discountTotal"]) * line["quantity"] for line in order["items"]),
        Decimal(0),
    )
    percent = Decimal(order.get("discountManualPercent", 0))
    summ = goods - goods * percent / 100 - Decimal(order.get("discountManualAmount", 0))
    complete = [payment for payment in order["payments"].values() if payment.get("status") in PAID]
    prepaid = sum((Decimal(payment["amount"]) for payment in complete), Decimal(0))
    bought = sum((Decimal(line["purchasePrice"]) * line["quantity"] for line in order["items"]), Decimal(0))
    summed = order | {
        "summ": _money(summ),
        "totalSumm": _money(summ + Decimal(order["delivery"]["cost"])),
        "prepaySum": _money(prepaid),
        "purchaseSumm": _money(bought),
    }
    summed.pop("fullPaidAt", None)
    dates = [payment["paidAt"] for payment in complete if "paidAt" in payment]
    if dates and prepaid >= summed["totalSumm"]:
        summed["fullPaidAt"] = max(dates)
    return summed


def average(total: int | Decimal, count: int) -> int | Decimal:
    """Return an average amount, in cents."""
    return _money(Decimal(total) / count) if count else 0


def _build_line(call: Call, sent: Row, old: Row | None, now: str) -> Row:
    line = merge(old or {}, sent)
    offer = find_offer(sent.get("offer", {}))
    prices: Row = {"initialPrice": offer["price"], "purchasePrice": offer["purchasePrice"]} if offer else {}
    known = old or prices
    price: Any = sent.get("initialPrice", known.get("initialPrice", 0))
    discount = (
        Decimal(line.get("discountManualAmount", 0))
        + Decimal(price) * Decimal(line.get("discountManualPercent", 0)) / 100
    )
    quantity = line.get("quantity", 1)
    built: Row = {
        "markingCodes": line.get("markingCodes", []),
        "id": old["id"] if old else call.state.next_id("item"),
        "initialPrice": price,
        "discountTotal": _money(discount),
        "prices": [{"price": _money(Decimal(price) - discount), "quantity": quantity}],
        "discounts": [{"type": "manual_product", "amount": _money(discount)}] if discount else [],
        "vatRate": line.get("vatRate", "none"),
        "createdAt": line.get("createdAt", now),
        "quantity": quantity,
        "status": line.get("status", "new"),
        "offer": _offer_block(offer) if offer else (old or {}).get("offer") or _unbound(sent),
        "properties": _properties(sent) if "properties" in sent else line.get("properties", []),
        "purchasePrice": sent.get("purchasePrice", known.get("purchasePrice", 0)),
    }
    if external_ids := _external_ids(line):
        built["externalIds"] = external_ids
    return built | {name: line[name] for name in _LINE_FIELDS if name in line}


def _kept(old: Row | None, sent: Row) -> Row | None:
    """Return an old line without the fields that what was sent clears."""
    return old and {name: value for name, value in old.items() if name not in sent or sent[name] is not None}


def _offer_block(offer: Row) -> Row:
    names = ("id", "externalId", "xmlId", "name", "article", "vatRate", "unit")
    return {"displayName": offer["name"], **{name: offer[name] for name in names}}


def _unbound(sent: Row) -> Row:
    return {"displayName": sent["productName"]} if "productName" in sent else {}


def _properties(sent: Row) -> Any:
    return object_or_list({row["code"]: row for row in sent["properties"] if row.get("code")})


def _external_ids(line: Mapping[str, Any]) -> list[Row]:
    own = [pair for pair in line.get("externalIds") or [] if pair]
    # the deprecated single externalId is stored under code `default` (docs of orders/create)
    return [*own, {"code": "default", "value": line["externalId"]}] if line.get("externalId") else own


def _money(amount: Decimal) -> int | Decimal:
    return plain(amount.quantize(_CENT, ROUND_HALF_UP))
