"""The shipped samples, and copies of them with something changed."""

from pathlib import Path
from typing import Any

from apimonster_cli.connectors.salesdrive import CONNECTOR
from apimonster_cli.core import exactjson

SAMPLES = Path(CONNECTOR.catalogue.folder) / "samples"


def sample(name: str) -> Any:
    return exactjson.loads((SAMPLES / f"{name}.json").read_bytes())


def webhook(event: Any = "new_order", *, info: dict[str, Any] | None = None, **data: Any) -> dict[str, Any]:
    """Return a small webhook: an order 5012 in version 1, with `data` beside it; None takes a field away."""
    order = {"id": 5012, "version": 1, "statusId": 1, **data}
    return {
        "info": {"webhookType": "order", "webhookEvent": event, "account": "shop", **(info or {})},
        "data": {name: value for name, value in order.items() if value is not None},
    }
