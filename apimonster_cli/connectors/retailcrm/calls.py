"""RetailCRM's calls as data. Structures travel as JSON text in one form parameter, filters as bracketed query names."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal
from urllib.parse import quote

from apimonster_cli.core import exactjson
from apimonster_cli.core.call import Request

By = Literal["id", "externalId"]
API = "/api/v5"
PAGE_SIZE = 100  # the API takes 20, 50 or 100


def get_order(uid: str, by: By, site: str | None) -> Request:
    """Return the call that reads one order."""
    return Request("GET", f"{API}/orders/{_part(uid)}", query=(("by", by), *_site(site)))


def create_order(order: Mapping[str, Any], site: str | None) -> Request:
    """Return the call that creates an order."""
    return Request("POST", f"{API}/orders/create", form=(*_site(site), ("order", exactjson.dumps(order))), writes=True)


def upload_orders(orders: Sequence[Mapping[str, Any]], site: str | None) -> Request:
    """Return the call that creates up to 50 orders."""
    form = (*_site(site), ("orders", exactjson.dumps(orders)))
    return Request("POST", f"{API}/orders/upload", form=form, writes=True)


def edit_order(uid: str, by: By, order: Mapping[str, Any], site: str | None) -> Request:
    """Return the call that changes an order; what `order` leaves out stays, but lines left out of its items go."""
    form = (("by", by), *_site(site), ("order", exactjson.dumps(order)))
    return Request("POST", f"{API}/orders/{_part(uid)}/edit", form=form, writes=True)


def page(path: str, filters: Iterable[tuple[str, str]], number: int) -> Request:
    """Return the call that reads one page of a list, counted from 1."""
    query = (*((f"filter{name}", value) for name, value in filters), ("limit", str(PAGE_SIZE)), ("page", str(number)))
    return Request("GET", f"{API}{path}", query=query)


def stores() -> Request:
    """Return the call that reads all warehouses; the API has none for a single one."""
    return Request("GET", f"{API}/reference/stores")


def create_note(note: Mapping[str, Any], site: str | None) -> Request:
    """Return the call that writes a note on a customer."""
    form = (*_site(site), ("note", exactjson.dumps(note)))
    return Request("POST", f"{API}/customers/notes/create", form=form, writes=True)


def get_customer(uid: str, by: By, site: str | None) -> Request:
    """Return the call that reads one customer."""
    return Request("GET", f"{API}/customers/{_part(uid)}", query=(("by", by), *_site(site)))


def create_customer(customer: Mapping[str, Any], site: str | None) -> Request:
    """Return the call that creates a customer."""
    form = (*_site(site), ("customer", exactjson.dumps(customer)))
    return Request("POST", f"{API}/customers/create", form=form, writes=True)


def create_payment(payment: Mapping[str, Any], site: str | None) -> Request:
    """Return the call that adds a payment to the order that `payment` names."""
    form = (*_site(site), ("payment", exactjson.dumps(payment)))
    return Request("POST", f"{API}/orders/payments/create", form=form, writes=True)


def edit_payment(uid: str, by: By, payment: Mapping[str, Any], site: str | None) -> Request:
    """Return the call that changes a payment; what `payment` leaves out stays."""
    form = (("by", by), *_site(site), ("payment", exactjson.dumps(payment)))
    return Request("POST", f"{API}/orders/payments/{_part(uid)}/edit", form=form, writes=True)


def _site(site: str | None) -> tuple[tuple[str, str], ...]:
    return (("site", site),) if site else ()


def _part(uid: str) -> str:
    # A part of dots alone would be read as a way up the path.
    return quote(uid, safe="") if uid.strip(".") else uid.replace(".", "%2E")
