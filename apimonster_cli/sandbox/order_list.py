"""GET /orders and its filters. There is no phone and no status filter: `customer` and `extendedStatus` stand for them."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from apimonster_cli.sandbox.answers import Reply, Row, done, page_of, wrong_parameter
from apimonster_cli.sandbox.filtering import (
    Maker,
    Test,
    at_least,
    at_most,
    choice,
    field,
    flag,
    ids,
    matching,
    one_of,
    since,
    text,
    until,
)
from apimonster_cli.sandbox.order_fields import answer
from apimonster_cli.sandbox.parameters import filters, values
from apimonster_cli.sandbox.references import STATUS_GROUP_OF
from apimonster_cli.sandbox.routes import Call
from apimonster_cli.sandbox.state import digits

MOST_NUMBERS = 100  # docs of GET orders
_GROUP = "-group"


def list_orders(call: Call) -> Reply:
    """GET /orders, newest first (the real order of the list is not documented)."""
    asked = filters(call.parameters)
    rows = matching(_candidates(call, asked), _FILTERS | _customer_filters(call), asked)
    pagination, found = page_of(rows, call.parameters)
    return done(pagination=pagination, orders=[answer(call, row) for row in found])


def _candidates(call: Call, asked: Mapping[str, Any]) -> Iterable[Row]:
    sites = call.reached
    if "externalIds" in asked:  # a daemon asks so after each ambiguous answer: no walk through all orders
        pairs = [(site, wanted) for wanted in dict.fromkeys(values(asked["externalIds"])) for site in sites]
        found = (call.state.by_external_id("order", site, wanted) for site, wanted in pairs)
        return [row for row in found if row is not None]
    return [row for row in reversed(call.state.rows("order").values()) if row["site"] in sites]


def _customer_filters(call: Call) -> dict[str, Maker]:
    def customer(row: Row) -> Row:
        return call.state.get("customer", row["customer"]) or {"email": "", "phones": []}

    def has_email(row: Row, email: str) -> bool:
        return email in (row.get("email", "").casefold(), customer(row)["email"].casefold())

    def has_name_or_phone(row: Row, part: str) -> bool:
        return part in _full_name(row) or part in _full_name(customer(row)) or _has_phone(row, customer(row), part)

    return {
        "email": text(has_email),
        "customer": text(has_name_or_phone),
        "customerExternalId": text(lambda row, wanted: customer(row).get("externalId", "").casefold() == wanted),
        "customerType": one_of(lambda row: field("type")(customer(row))),
        "vip": flag(lambda row: customer(row).get("vip")),
        "bad": flag(lambda row: customer(row).get("bad")),
    }


def _full_name(row: Mapping[str, Any]) -> str:
    return " ".join(row[part] for part in ("lastName", "firstName", "patronymic") if part in row).casefold()


def _has_phone(row: Row, customer: Row, part: str) -> bool:
    number = digits(part)
    phones = [row.get("phone"), row.get("additionalPhone"), *(phone.get("number") for phone in customer["phones"])]
    return bool(number) and any(number in digits(phone) for phone in phones)


def _extended_status(_name: str, value: Any) -> Test:
    wanted = set(values(value))
    groups = {found.removesuffix(_GROUP) for found in wanted if found.endswith(_GROUP)}
    return lambda row: row["status"] in wanted or STATUS_GROUP_OF[row["status"]] in groups


def _custom_fields(name: str, value: Any) -> Test:
    if not isinstance(value, dict):
        raise wrong_parameter(name)
    tests = [_custom_field(code, asked) for code, asked in value.items()]
    return lambda row: all(test(row) for test in tests)


def _custom_field(code: str, asked: Any) -> Test:
    def own(row: Row) -> Any:
        return row.get("customFields", {}).get(code)

    if not isinstance(asked, dict):
        return lambda row: own(row) is not None and _as_asked(own(row)) == asked
    least, most = asked.get("min"), asked.get("max")
    return lambda row: (
        own(row) is not None
        and ((least is None or _in_order(least, own(row))) and (most is None or _in_order(own(row), most)))
    )


def _as_asked(value: Any) -> str:
    return str(int(value)) if isinstance(value, bool) else str(value)


def _in_order(first: Any, second: Any) -> bool:
    try:
        return float(first) <= float(second)
    except ValueError:
        return str(first) <= str(second)  # dates


def _payments(name: str) -> Callable[[Row], list[Any]]:
    return lambda row: [payment[name] for payment in row["payments"].values() if name in payment]


def _source(name: str) -> Maker:
    return text(lambda row, wanted: row.get("source", {}).get(name, "").casefold() == wanted)


def _has_product(row: Row, part: str) -> bool:
    offers = (line["offer"] for line in row["items"])
    return any(part in str(offer.get(name, "")).casefold() for offer in offers for name in ("displayName", "article"))


def _period(name: str, read: Callable[[Row], str]) -> dict[str, Maker]:
    return {f"{name}From": since(read), f"{name}To": until(read)}


_FILTERS: dict[str, Maker] = {
    "ids": ids(field("id")),
    "externalIds": one_of(field("externalId")),
    "numbers": one_of(field("number"), most=MOST_NUMBERS),
    "customerId": ids(field("customer")),
    "extendedStatus": _extended_status,
    "sites": one_of(field("site")),
    "orderTypes": one_of(field("orderType")),
    "orderMethods": one_of(field("orderMethod")),
    "managers": ids(field("managerId")),
    "shipmentStores": one_of(field("shipmentStore")),
    "paymentTypes": one_of(_payments("type")),
    "paymentStatuses": one_of(_payments("status")),
    "deliveryTypes": one_of(lambda row: field("code")(row["delivery"])),
    "minPrice": at_least(lambda row: row["totalSumm"]),
    "maxPrice": at_most(lambda row: row["totalSumm"]),
    "minPrepaySumm": at_least(lambda row: row["prepaySum"]),
    "maxPrepaySumm": at_most(lambda row: row["prepaySum"]),
    "product": text(_has_product),
    "call": flag(lambda row: row["call"]),
    "expired": flag(lambda row: row["expired"]),
    "shipped": flag(lambda row: row["shipped"]),
    "customFields": _custom_fields,
    "attachments": choice("1", "2", "3"),
    "tasksCounts": choice("1", "2", "3"),
    "sourceName": _source("source"),
    "mediumName": _source("medium"),
    "campaignName": _source("campaign"),
    "keywordName": _source("keyword"),
    "adContentName": _source("content"),
    **_period("createdAt", lambda row: row["createdAt"]),
    **_period("statusUpdatedAt", lambda row: row["statusUpdatedAt"]),
    **_period("fullPaidAt", lambda row: row.get("fullPaidAt", "")),
    **_period("deliveryDate", lambda row: row["delivery"].get("date", "")),
    **_period("shipmentDate", lambda row: row.get("shipmentDate", "")),
}
