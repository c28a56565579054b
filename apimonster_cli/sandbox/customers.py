"""Customers: create, get, list, edit, upload, fix-external-ids, combine."""

from collections.abc import Mapping
from typing import Any

from apimonster_cli.sandbox.answers import Refusal, Reply, Row, created, done, object_or_list, page_of, wrong_entity
from apimonster_cli.sandbox.clean import clean, merge
from apimonster_cli.sandbox.filtering import field, flag, ids, matching, one_of, since, text, until
from apimonster_cli.sandbox.parameters import entities, entity, filters
from apimonster_cli.sandbox.routes import Call
from apimonster_cli.sandbox.shapes import CUSTOMER
from apimonster_cli.sandbox.state import digits

# What every customer has, also when it was cleared
_BLANK: Row = {
    "type": "customer",
    "isContact": False,
    "vip": False,
    "bad": False,
    "contragent": {"contragentType": "individual"},
    "tags": [],
    "marginSumm": 0,
    "totalSumm": 0,
    "averageSumm": 0,
    "ordersCount": 0,
    "personalDiscount": 0,
    "segments": [],
    "email": "",
    "phones": [],
}
BATCH = 50  # customers/upload and orders/upload take so many; the official shop plugins cut by it


def create_customer(call: Call) -> Reply:
    """POST /customers/create."""
    site = call.site
    fields = typed(entity(call.parameters, "customer"))
    _refuse_taken(call, site, fields)
    return created(id=make(call, site, fields)["id"])


def get_customer(call: Call) -> Reply:
    """GET /customers/{uid}."""
    return done(customer=answer(_by_uid(call)))


def list_customers(call: Call) -> Reply:
    """GET /customers, newest first."""
    asked = filters(call.parameters)
    reached = set(call.reached)
    rows = (row for row in reversed(call.state.rows("customer").values()) if row["site"] in reached)
    pagination, found = page_of(matching(rows, _FILTERS, asked), call.parameters)
    return done(pagination=pagination, customers=[answer(row) for row in found])


def edit_customer(call: Call) -> Reply:
    """POST /customers/{uid}/edit: fields that are not sent stay."""
    old = _by_uid(call)
    fields = typed(entity(call.parameters, "customer"))
    if fields.get("externalId") not in (None, old.get("externalId")):
        _refuse_taken(call, old["site"], fields)
    call.state.put("customer", _BLANK | merge(old, fields))
    return done(id=old["id"])


def upload_customers(call: Call) -> Reply:
    """POST /customers/upload.

    Known externalIds are reported as failed inside a success (an issue of the PHP client); wrong fields make it a 460.
    """
    site = call.site
    sent = batch(call, "customers")
    uploaded: list[Row] = []
    failed: list[Row] = []
    errors: dict[str, str] = {}
    for customer in sent:
        try:
            fields = typed(customer)
        except Refusal as refusal:
            errors |= refusal.by_field()
            failed.append(named(customer))
            continue
        if call.state.by_external_id("customer", site, fields.get("externalId") or ""):
            failed.append(named(customer))
        else:
            made = make(call, site, fields)
            uploaded.append({"id": made["id"], **named(made)})
    lists = {"uploadedCustomers": uploaded, "failedCustomers": failed}
    if errors:
        raise Refusal(460, "Customers are loaded with errors", errors, **lists)
    return done(201 if uploaded else 200, **lists)


def fix_external_ids(call: Call) -> Reply:
    """POST /customers/fix-external-ids: sets the externalId of customers named by id."""
    pairs = entities(call.parameters, "customers")
    if not all(isinstance(pair.get("id"), int) for pair in pairs):
        raise Refusal(400, "Errors in the input parameters", {"id": "ID must be an integer"})
    changed: list[Row] = []
    for pair in pairs:
        row = call.state.get("customer", pair["id"])
        if row is None or row["site"] not in call.reached:
            raise Refusal(404, "Not found")
        external_id = str(pair.get("externalId", ""))
        if external_id != row.get("externalId"):
            _refuse_taken(call, row["site"], {"externalId": external_id})
        changed.append({**row, "externalId": external_id})
    for row in changed:
        call.state.put("customer", row)
    return done()


def combine_customers(call: Call) -> Reply:
    """POST /customers/combine: later calls about a merged customer are answered 404 with `combinedTo`."""
    into = call.state.get("customer", _id_of(entity(call.parameters, "resultCustomer")))
    merged = [call.state.get("customer", _id_of(row)) for row in entities(call.parameters, "customers")]
    if into is None or not all(merged):
        raise Refusal(404, "Not found")
    for row in merged:
        if row is not None and row["id"] != into["id"]:
            call.state.remove("customer", row["id"])
            call.state.put("combined", {"id": row["id"], "combinedTo": {"id": into["id"]}})
    return done()


def _id_of(row: Row) -> int:
    found = row.get("id")
    return found if isinstance(found, int) else 0


def batch(call: Call, name: str) -> list[Row]:
    """Return the entities of an upload; Refusal when there are more than a call takes."""
    sent = entities(call.parameters, name)
    if len(sent) > BATCH:
        raise wrong_entity({name: f"This collection should contain {BATCH} elements or less."})
    return sent


def named(row: Mapping[str, Any]) -> Row:
    """Return what an upload says of a row: its externalId, if it has one."""
    return {"externalId": row["externalId"]} if row.get("externalId") else {}


def typed(sent: Mapping[str, Any]) -> Row:
    """Return the known fields of a customer; Refusal when one is wrong."""
    errors: dict[str, str] = {}
    fields = clean(sent, CUSTOMER, errors)
    if errors:
        raise wrong_entity(errors)
    return fields


def make(call: Call, site: str, fields: Mapping[str, Any]) -> Row:
    """Keep and return a new customer of `site`."""
    own = {"id": call.state.next_id("customer"), "createdAt": call.account.now(), "site": site}
    row = merge(_BLANK | own, {name: value for name, value in fields.items() if value is not None})
    if "address" in row:
        row["address"] = {"id": call.state.next_id("address"), **row["address"]}
    call.state.put("customer", row)
    return row


def bound(call: Call, wanted: Mapping[str, Any]) -> tuple[Row | None, str, str]:
    """Return the customer that an order or a note names, the name used for it, and its text: (None, "id", "7").

    Searched in the shops that the key reaches, or the one the call names. The name is empty when nothing was named.
    """
    for name in ("id", "externalId", "browserId"):
        if wanted.get(name) is None:
            continue
        value = wanted[name]
        if name == "id":
            row = call.state.get("customer", value)
            found = row if row is not None and row["site"] in call.account.reached(call.key) else None
        elif name == "externalId":
            rows = (call.state.by_external_id("customer", site, value) for site in call.reached)
            found = next((row for row in rows if row is not None), None)
        else:
            visitors = call.state.rows("customer").values()
            found = next((row for row in visitors if row.get("browserId") == value), None)
        return found, name, str(value)
    return None, "", ""


def answer(row: Row) -> Row:
    """Return a customer as answers carry it."""
    return {**row, "customFields": object_or_list(row.get("customFields", {}))}


def _by_uid(call: Call) -> Row:
    if call.by_id:
        row = call.state.get("customer", call.uid)
        if row is None and (merged := call.state.get("combined", call.uid)):
            raise Refusal(404, "Not found", combinedTo=merged["combinedTo"])
    else:
        row = call.state.by_external_id("customer", call.site, call.uid)
    if row is None or row["site"] not in call.reached:
        raise Refusal(404, "Not found")
    return row


def _refuse_taken(call: Call, site: str, fields: Mapping[str, Any]) -> None:
    external_id = fields.get("externalId")
    if external_id and call.state.by_external_id("customer", site, external_id):
        raise Refusal(400, f"Customer with externalId={external_id} already exists.")


def _full_name(row: Mapping[str, Any]) -> str:
    return " ".join(row[part] for part in ("lastName", "firstName", "patronymic") if part in row).casefold()


def _named_or_called(row: Row, part: str) -> bool:
    number = digits(part)
    return part in _full_name(row) or (
        bool(number) and any(number in digits(phone.get("number")) for phone in row["phones"])
    )


_FILTERS = {
    "ids": ids(field("id")),
    "externalIds": one_of(field("externalId")),
    "sites": one_of(field("site")),
    "managers": ids(field("managerId")),
    "browserId": one_of(field("browserId")),
    "name": text(_named_or_called),
    "email": text(lambda row, email: row["email"].casefold() == email),
    "isContact": flag(lambda row: row["isContact"]),
    "vip": flag(lambda row: row["vip"]),
    "bad": flag(lambda row: row["bad"]),
    "dateFrom": since(lambda row: row["createdAt"]),
    "dateTo": until(lambda row: row["createdAt"]),
}
