"""Answers of RetailCRM as its official clients' test suites have them, shortened."""

from typing import Any

from apimonster_cli.connectors.retailcrm import CONNECTOR
from apimonster_cli.connectors.retailcrm.answers import judge
from apimonster_cli.core import exactjson
from apimonster_cli.core.call import Answer, Request
from tests.connectors.fakes import FakeCall, json_answer

ORDER: dict[str, Any] = {
    "slug": 6722,
    "id": 6722,
    "number": "8123522898559160",
    "externalId": "leads-order-700101",
    "orderMethod": "shopping-cart",
    "createdAt": "2020-12-29 17:35:08",
    "summ": 1,
    "firstName": "Иван",
    "phone": "+74950000012",
    "customer": {"type": "customer", "id": 4976, "site": "main", "tags": []},
    "status": "new",
    "items": [
        {
            "id": 11,
            "initialPrice": 1,
            "quantity": 1,
            "offer": {"displayName": "Окно", "id": 5, "externalId": "w-1", "xmlId": "w-1"},
        },
        {
            "id": 12,
            "initialPrice": 2,
            "quantity": 3,
            "productName": "Доставка",
            "externalIds": [{"code": "default", "value": "d-1"}],
        },
    ],
    "payments": {},
    "customFields": [],
}
NOT_FOUND = json_answer({"success": False, "errorMsg": "Not found"}, 404)
DUPLICATE = json_answer({"success": False, "errorMsg": "Order already exists."}, 400)


def created(**changes: Any) -> Answer:
    return json_answer({"success": True, "id": 6722, "order": {**ORDER, "payments": [], **changes}}, 201)


def shown(**changes: Any) -> Answer:
    return json_answer({"success": True, "order": {**ORDER, **changes}})


def listed(key: str, *entries: Any, page: int = 1, pages: int = 1) -> Answer:
    pagination = {"limit": 100, "totalCount": len(entries), "currentPage": page, "totalPageCount": pages}
    return json_answer({"success": True, "pagination": pagination, key: list(entries)})


def call(action: str, fields: dict[str, Any], *answers: Answer, **more: Any) -> FakeCall:
    found = CONNECTOR.action(action)
    assert found
    return FakeCall(found, judge, fields, list(answers), **{"settings": {"site": "main"}, **more})


def sent(request: Request, name: str = "order") -> Any:
    """Return the structure that a request carries in a form parameter."""
    return exactjson.loads(dict(request.form or ())[name])
