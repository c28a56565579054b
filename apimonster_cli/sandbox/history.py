"""GET /orders/history: one record for an order made, one for each field changed."""

import re
from collections.abc import Iterator

from apimonster_cli.sandbox.answers import Refusal, Reply, Row, done, page_of
from apimonster_cli.sandbox.clean import Kind
from apimonster_cli.sandbox.filtering import at_least, field, ids, matching, one_of, since, until
from apimonster_cli.sandbox.order_fields import answer
from apimonster_cli.sandbox.parameters import filters
from apimonster_cli.sandbox.routes import Call

_COMPUTED = frozenset({"summ", "totalSumm", "prepaySum", "purchaseSumm", "statusUpdatedAt", "fullPaidAt"})
_CODED = frozenset({"status", "orderType", "orderMethod", "shipmentStore"})
_CAPITAL = re.compile(r"([A-Z])")


def note_created(call: Call, order: Row) -> None:
    """Remember that an order was made."""
    _remember(
        call, order, {"created": True, "field": "status", "oldValue": None, "newValue": {"code": order["status"]}}
    )


def note_changes(call: Call, old: Row, new: Row) -> None:
    """Remember each field that an edit changed. Of objects and lists only the name is told."""
    for name in {**old, **new}:
        if name not in _COMPUTED and old.get(name) != new.get(name):
            written = _CAPITAL.sub(lambda capital: "_" + capital[1].lower(), name)
            before, after = (_value(name, order.get(name)) for order in (old, new))
            _remember(call, new, {"field": written, "oldValue": before, "newValue": after})


def list_history(call: Call) -> Reply:
    """GET /orders/history. `sinceId` together with `page` is refused, as the real API does since May 2023."""
    asked = filters(call.parameters)
    if "sinceId" in asked and "page" in call.parameters and not call.account.lenient_history:
        raise Refusal(
            400, "Errors in the input parameters", {"page": "The page parameter cannot be used with sinceId."}
        )
    pagination, records = page_of(matching(_records(call), _FILTERS, asked), call.parameters)
    shown = [_shown(call, record) for record in records]
    return done(generatedAt=call.account.now(), history=shown, pagination=pagination)


def _records(call: Call) -> Iterator[Row]:
    reached = set(call.reached)
    for record in call.state.rows("history").values():
        order = call.state.rows("order")[record["orderId"]]
        if order["site"] in reached:
            yield record | ({"orderExternalId": order["externalId"]} if "externalId" in order else {})


def _shown(call: Call, record: Row) -> Row:
    order = call.state.rows("order")[record["orderId"]]
    short = {name: order[name] for name in ("id", "externalId", "managerId", "site", "status") if name in order}
    own = {name: value for name, value in record.items() if name not in ("orderId", "orderExternalId", "key")}
    return {
        **own,
        "source": "api",
        "apiKey": {"current": record["key"] == call.key.mark},
        "order": answer(call, order) if record.get("created") else short,
    }


def _remember(call: Call, order: Row, what: Row) -> None:
    row = {
        "id": call.state.next_id("history"),
        "createdAt": call.account.now(),
        "orderId": order["id"],
        "key": call.key.mark,
    }
    call.state.put("history", row | what)


def _value(name: str, value: object) -> object:
    if value is None or isinstance(value, dict | list):
        return None
    return {"code": value} if name in _CODED else value


_FILTERS = {
    "sinceId": at_least(lambda record: record["id"] - 1),
    "orderId": ids(field("orderId")),
    "orderExternalId": one_of(field("orderExternalId")),
    "startDate": since(lambda record: record["createdAt"], Kind.DATETIME),
    "endDate": until(lambda record: record["createdAt"], Kind.DATETIME),
}
