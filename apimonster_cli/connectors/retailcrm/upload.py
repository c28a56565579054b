"""RetailCRM: orders of a backfill created, or looked for, many at once.

An upload that fails in part is answered 460 with `uploadedOrders` and `failedOrders` (api-client-go, TestClient_OrdersUpload_Fail);
what of it is there after an unclear end is asked by `filter[externalIds][]`, as the PrestaShop module does.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import unquote

from apimonster_cli.connectors.retailcrm import calls
from apimonster_cli.connectors.spec import Batch
from apimonster_cli.core import exactjson
from apimonster_cli.core.call import Answer, Request
from apimonster_cli.core.errors import CallError, TransientError

MOST = 50  # orders of one upload; the official shop plugins cut by it
_CREATE = f"{calls.API}/orders/create"
_ORDERS = f"{calls.API}/orders/"


def _created(request: Request) -> str | None:
    """Return the externalId of a call that creates an order."""
    if request.path != _CREATE:
        return None
    external_id = _order(request).get("externalId")
    return None if external_id in (None, "") else str(external_id)


def _upload(requests: Sequence[Request]) -> Request:
    return calls.upload_orders([_order(request) for request in requests], _form(requests[0]).get("site"))


def _uploaded(requests: Sequence[Request], answer: Answer) -> Sequence[Answer | CallError | None]:
    """Return what became of each order of an upload; those that failed are sent alone, to learn why."""
    data = _data(answer)
    if "uploadedOrders" not in data and "failedOrders" not in data:
        # refused as a whole, it may have been for the sake of one; any other answer counts for all
        return [None if answer.status == 400 else answer] * len(requests)
    short, whole, failed = (_by_external_id(data.get(name)) for name in ("uploadedOrders", "orders", "failedOrders"))
    return [_entry(str(_created(request)), short, whole, failed) for request in requests]


def _entry(
    external_id: str, short: Mapping[str, Any], whole: Mapping[str, Any], failed: Mapping[str, Any]
) -> Answer | CallError | None:
    if external_id in short:
        order = whole.get(external_id) or short[external_id]
        return _answer(201, {"success": True, "order": order})
    if external_id in failed:
        return None
    return TransientError(
        f"RetailCRM's answer to an upload does not say what became of the order with externalId {external_id}",
        may_have_happened=True,
    )


def _looked_for(request: Request) -> str | None:
    """Return the externalId of a call that looks for an order."""
    query = dict(request.query)
    if request.method != "GET" or not request.path.startswith(_ORDERS) or query.get("by") != "externalId":
        return None
    return unquote(request.path.removeprefix(_ORDERS))


def _list(requests: Sequence[Request]) -> Request:
    site = dict(requests[0].query).get("site")
    filters = [("[externalIds][]", str(_looked_for(request))) for request in requests]
    return calls.page("/orders", [*filters, ("[sites][]", site)] if site else filters, 1)


def _listed(requests: Sequence[Request], answer: Answer) -> Sequence[Answer | CallError | None]:
    data = _data(answer)
    if not isinstance(data.get("orders"), list):
        return [answer] * len(requests)
    found = _by_external_id(data["orders"])
    return [_found(found.get(str(_looked_for(request)))) for request in requests]


def _found(order: Mapping[str, Any] | None) -> Answer:
    if order is None:
        return _answer(404, {"success": False, "errorMsg": "Not found"})
    return _answer(200, {"success": True, "order": order})


def _order(request: Request) -> Mapping[str, Any]:
    order: Mapping[str, Any] = exactjson.loads(_form(request)["order"])
    return order


def _form(request: Request) -> dict[str, str]:
    return dict(request.form or ())


def _by_external_id(entries: Any) -> dict[str, Mapping[str, Any]]:
    rows = entries if isinstance(entries, list) else []
    return {str(row["externalId"]): row for row in rows if isinstance(row, Mapping) and "externalId" in row}


def _data(answer: Answer) -> Mapping[str, Any]:
    try:
        data = answer.json()
    except ValueError:
        return {}
    return data if isinstance(data, Mapping) else {}


def _answer(status: int, data: Mapping[str, Any]) -> Answer:
    return Answer(status, {}, exactjson.dumps(data).encode())


UPLOAD = Batch(MOST, _created, _upload, _uploaded)
LIST = Batch(MOST, _looked_for, _list, _listed)
