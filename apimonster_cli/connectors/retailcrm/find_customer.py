"""RetailCRM: find a customer by externalId, e-mail or phone."""

from collections.abc import Iterable, Mapping
from typing import Any

from apimonster_cli.connectors.retailcrm import calls
from apimonster_cli.connectors.retailcrm.answers import NotFoundError
from apimonster_cli.connectors.retailcrm.contacts import age, digits, has_phone, phones, plain
from apimonster_cli.connectors.retailcrm.pages import read_pages
from apimonster_cli.connectors.spec import Action, Call


def find_customer(call: Call) -> Mapping[str, Any]:
    """Return the newest customer that fits all given inputs, whole, with `success`; {} when there is none, or nothing to search by."""
    external_id = plain(call.fields.get("externalId"))
    email = plain(call.fields.get("email"))
    written_phone = plain(call.fields.get("phone"))
    phone = digits(written_phone)
    if not (external_id or email or phone) or (written_phone and not phone):  # a phone without digits is nobody's
        return {}
    found = [
        customer
        for customer in _candidates(call, external_id, email, phone)
        if (not phone or has_phone(phone, phones(customer)))
        and (not email or plain(customer.get("email")).casefold() == email.casefold())
    ]
    newest = max(found, key=age, default=None)
    return {"success": True, **newest} if newest is not None else {}


def by_external_id(call: Call, external_id: str) -> Mapping[str, Any] | None:
    """Return the customer with this externalId in the connection's shop; None when there is none."""
    try:
        answer = call.ask(calls.get_customer(external_id, "externalId", call.settings.get("site")))
    except NotFoundError:
        return None
    customer = answer.json().get("customer")
    return customer if isinstance(customer, Mapping) else None


def _candidates(call: Call, external_id: str, email: str, phone: str) -> Iterable[Mapping[str, Any]]:
    if external_id:
        customer = by_external_id(call, external_id)
        return [customer] if customer is not None else []
    # There is no filter for phones: `name` looks through names and phones.
    filters = [(name, value) for name, value in (("[email]", email), ("[name]", phone)) if value]
    return read_pages(call, "/customers", "customers", filters)


FIND_CUSTOMER = Action(
    name="find_customer",
    title="Найти клиента",
    inputs="find_customer.inputs",
    outputs="find_customer.outputs",
    run=find_customer,
    writes=False,
    open_outputs=("contragent", "customFields", "phones", "segments", "tags"),
    needs=(("email", "phone", "externalId"),),
    scopes=("customer_read",),
)
