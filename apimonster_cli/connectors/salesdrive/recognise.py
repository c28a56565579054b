"""Tells SalesDrive's two events apart, one sending from another, and one version of an order from another."""

import re
from collections.abc import Mapping
from typing import Any

from apimonster_cli.connectors.keys import key_text
from apimonster_cli.connectors.spec import Recognised

_EVENTS = ("new_order", "status_change")
_VERSION = re.compile(r"[0-9]{1,18}")  # what any database holds as a number


def recognise(payload: Any, _settings: Mapping[str, Any], _body: bytes) -> Recognised:
    """Return which event `payload` is, by info.webhookEvent and else by its shape.

    An order has data.id and data.version: the two name a snapshot, so the same event with the same two is a repeat.
    """
    info, data = _part(payload, "info"), _part(payload, "data")
    kind = (key_text(info.get("webhookType")) or "order").casefold()
    event = _event(info, data) if kind == "order" else None
    if event is None:
        return Recognised(None)
    name = f"salesdrive.{event}"
    key = key_text(data.get("id"))
    if key is None:
        return Recognised(name)
    version = key_text(data.get("version"))
    return Recognised(
        name,
        object_key=key,
        repeat_key=f"{event}:{version}" if version else None,
        version=int(version) if version and _VERSION.fullmatch(version) else None,
    )


def _event(info: Mapping[str, Any], data: Mapping[str, Any]) -> str | None:
    """Return the event that the code names, or that an order with another code, or with none, is taken for.

    An unknown code that speaks of a new order is one. Any other order is a snapshot of what it is now, which is what a changed
    status brings as well; without a code the first version of an order is a new one.
    """
    code = (key_text(info.get("webhookEvent")) or "").casefold()
    if code in _EVENTS:
        return code
    if "id" not in data or "statusId" not in data:
        return None
    if code:
        return "new_order" if any(word in code for word in ("new", "creat", "add")) else "status_change"
    return "new_order" if key_text(data.get("version")) == "1" else "status_change"


def _part(payload: Any, name: str) -> Mapping[str, Any]:
    part = payload.get(name) if isinstance(payload, Mapping) else None
    return part if isinstance(part, Mapping) else {}
