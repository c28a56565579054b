"""RetailCRM: what a key may do, and what an account has of all that calls name by code.

Shapes as in the tests of the PHP client: most lists are maps keyed by code, some are plain lists.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from apimonster_cli.connectors.retailcrm import calls
from apimonster_cli.connectors.retailcrm.pages import read_pages
from apimonster_cli.connectors.spec import Access, Asking, Entry, Reference
from apimonster_cli.core.call import Request


def probe(asking: Asking) -> Access:
    """Ask for the key's scopes and shops; that needs no scope."""
    data = asking.ask(Request("GET", "/api/credentials")).json()
    scopes = data.get("scopes")
    sites = data.get("sitesAvailable")
    selective = data.get("siteAccess") == "access_selective" and isinstance(sites, list)
    return Access(
        scopes=frozenset(map(str, scopes)) if isinstance(scopes, list) else None,
        reached={"sites": frozenset(map(str, sites))} if selective else {},
    )


def _listed(path: str, key: str) -> Callable[[Asking], Sequence[Entry]]:
    """Return what reads the list at /reference/<path>, which the answer has under `key`."""

    def read(asking: Asking) -> Sequence[Entry]:
        data = asking.ask(Request("GET", f"{calls.API}/reference/{path}")).json().get(key) or ()
        rows = data.values() if isinstance(data, Mapping) else data
        return list(map(_entry, rows))

    return read


def _statuses_and_groups(asking: Asking) -> Sequence[Entry]:
    groups = _listed("status-groups", "statusGroups")(asking)
    return [*_statuses(asking), *(Entry(f"{group.code}-group", group.title, group.active) for group in groups)]


def _users(asking: Asking) -> Sequence[Entry]:
    return [
        Entry(str(user.get("id")), _full_name(user), bool(user.get("active", True)))
        for user in read_pages(asking, "/users", "users", ())
    ]


def _custom_fields(entity: str) -> Callable[[Asking], Sequence[Entry]]:
    def read(asking: Asking) -> Iterator[Mapping[str, Any]]:
        return read_pages(asking, "/custom-fields", "customFields", [("[entity]", entity)])

    return lambda asking: list(map(_entry, read(asking)))


def _entry(row: Any) -> Entry:
    if not isinstance(row, Mapping):  # countries are codes and nothing else
        return Entry(str(row))
    title = row.get("name")
    return Entry(str(row.get("code")), None if title is None else str(title), bool(row.get("active", True)))


def _full_name(user: Mapping[str, Any]) -> str | None:
    return " ".join(str(user[part]) for part in ("firstName", "lastName") if user.get(part)) or None


_statuses = _listed("statuses", "statuses")
_READ = "reference_read"
_FIELDS = "custom_fields_read"

REFERENCES = (
    Reference("sites", "shop", _listed("sites", "sites"), _READ, setting="site"),
    Reference("statuses", "order status", _statuses, _READ),
    Reference("statuses/groups", "order status or group", _statuses_and_groups, _READ),
    Reference("order-types", "order type", _listed("order-types", "orderTypes"), _READ),
    Reference("order-methods", "order method", _listed("order-methods", "orderMethods"), _READ),
    Reference("payment-types", "payment type", _listed("payment-types", "paymentTypes"), _READ),
    Reference("payment-statuses", "payment status", _listed("payment-statuses", "paymentStatuses"), _READ),
    Reference("delivery-types", "delivery type", _listed("delivery-types", "deliveryTypes"), _READ),
    Reference("delivery-services", "delivery service", _listed("delivery-services", "deliveryServices"), _READ),
    Reference("product-statuses", "status of an order line", _listed("product-statuses", "productStatuses"), _READ),
    Reference("price-types", "price type", _listed("price-types", "priceTypes"), _READ),
    Reference("stores", "store", _listed("stores", "stores"), _READ),
    Reference("countries", "country", _listed("countries", "countriesIso"), _READ),
    Reference("users", "manager", _users, "user_read"),
    Reference("custom-fields/order", "custom field of orders", _custom_fields("order"), _FIELDS),
    Reference("custom-fields/customer", "custom field of customers", _custom_fields("customer"), _FIELDS),
)
