"""Calls that `sync pull --bulk` lets go as one, taken apart into those that the deliveries have on record."""

from collections.abc import Mapping, Sequence
from typing import Any

from apimonster_cli.connectors.retailcrm.calls import API
from apimonster_cli.core import exactjson
from apimonster_cli.sandbox.parameters import filters, values

Row = Mapping[str, Any]


def parts(request: Row) -> Sequence[Row]:
    """Return the calls for single orders that an upload or a list by external ids stands for; none where it is another call."""
    parameters, method, path = request["parameters"], request["method"], request["path"]
    if (method, path) == ("POST", f"{API}/orders/upload"):
        site = {name: value for name, value in parameters.items() if name == "site"}
        orders = [exactjson.dumps(order) for order in exactjson.loads(parameters["orders"])]
        return [
            {"method": "POST", "path": f"{API}/orders/create", "parameters": {**site, "order": order}}
            for order in orders
        ]
    if (method, path) == ("GET", f"{API}/orders"):
        asked = filters(parameters)
        looked = {"by": "externalId"} | dict(zip(["site"], values(asked.get("sites")), strict=False))
        names = values(asked.get("externalIds"))
        return [{"method": "GET", "path": f"{API}/orders/{name}", "parameters": looked} for name in names]
    return []
