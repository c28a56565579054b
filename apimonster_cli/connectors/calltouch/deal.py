"""One deal of the diary: which it is, when it is dated, and what of it counts as a change."""

from collections.abc import Mapping
from datetime import datetime, tzinfo
from decimal import Decimal
from typing import Any

from apimonster_cli.connectors.keys import key_text
from apimonster_cli.core import exactjson
from apimonster_cli.values.convert import text
from apimonster_cli.values.dates import as_moment, read_moment
from apimonster_cli.values.errors import ConversionError
from apimonster_cli.values.scope import is_empty

# The keys that the service documents. It asks to ignore all others, and a new one of those must not make every deal look edited.
# Left out is updatedDate, which may move when nothing else does, and isDeleted, which has a word of its own.
_COMPARED = (
    "client", "comment", "completedAmount", "completedDate", "createdDate", "currency", "currencyCode", "custom", "funnel",
    "manager", "margin", "orderDate", "orderLink", "orderName", "orderOrigin", "orderSource", "orderStatus", "plannedAmount",
    "products", "service", "statusDate", "tags", "visit",
)  # fmt: skip


def deal_key(deal: Mapping[str, Any]) -> str | None:
    """Return `AmoCRM:1001`, or `:1001` for a deal without a service: a number is unique within one CRM only."""
    number = key_text(deal.get("orderNumber"))
    if number is None:
        return None
    service = key_text(deal.get("service")) or ""
    return key_text(f"{service.replace('%', '%25').replace(':', '%3A')}:{number}")


def dated(deal: Mapping[str, Any], zone: tzinfo) -> datetime | None:
    """Return the date that the CRM gave the deal, by which the diary filters."""
    return _moment(deal.get("orderDate"), zone)


def changed_at(deal: Mapping[str, Any], zone: tzinfo) -> datetime | None:
    """Return when the deal was last updated; the service may leave that out."""
    return _moment(deal.get("updatedDate"), zone)


def content(deal: Mapping[str, Any]) -> Any:
    """Return what of a deal is compared: the documented keys, without what is empty, tags in any order."""
    compared = {name: kept for name in _COMPARED if not is_empty(kept := _plain(deal.get(name)))}
    if isinstance(compared.get("tags"), list):
        compared["tags"] = sorted(compared["tags"], key=exactjson.canonical)
    return compared


def _plain(value: Any) -> Any:
    """Return a value in one spelling: null, "", [] and an object of nulls are all nothing, 5 and 5.0 the same number."""
    if isinstance(value, Mapping):
        return {name: kept for name, item in value.items() if not is_empty(kept := _plain(item))}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        number = Decimal(value).normalize() if isinstance(value, Decimal) else value
        return text(int(number) if number == int(number) else number) if _is_short(number) else str(value)
    return value


def _is_short(number: int | Decimal) -> bool:
    return not isinstance(number, Decimal) or abs(number.adjusted()) < 30


def _moment(written: Any, zone: tzinfo) -> datetime | None:
    try:
        return None if is_empty(written) else as_moment(read_moment(written, zone), zone)
    except ConversionError:
        return None
