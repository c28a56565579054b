"""Packs: which store each line of an order is taken from."""

from apimonster_cli.sandbox.answers import Refusal, Reply, Row, created, done, page_of, wrong_entity
from apimonster_cli.sandbox.catalogue import UNIT
from apimonster_cli.sandbox.clean import clean, merge
from apimonster_cli.sandbox.filtering import field, ids, matching, one_of, since, until
from apimonster_cli.sandbox.parameters import entity, filters
from apimonster_cli.sandbox.references import unknown_code
from apimonster_cli.sandbox.routes import Call
from apimonster_cli.sandbox.shapes import PACK


def create_pack(call: Call) -> Reply:
    """POST /orders/packs/create."""
    fields = _typed(call)
    order = call.state.item_order(fields.get("itemId") or 0)
    if order is None:
        raise wrong_entity({"itemId": f'"OrderProduct" with "id"="{fields.get("itemId")}" does not exist.'})
    row = {
        "id": call.state.next_id("pack"),
        "orderId": order["id"],
        **merge({"purchasePrice": 0, "quantity": 1}, fields),
    }
    call.state.put("pack", row)
    return created(id=row["id"])


def get_pack(call: Call) -> Reply:
    """GET /orders/packs/{id}."""
    return done(pack=_answer(call, _by_id(call)))


def list_packs(call: Call) -> Reply:
    """GET /orders/packs."""
    rows = [_answer(call, row) for row in call.state.rows("pack").values()]
    pagination, packs = page_of(matching(rows, _FILTERS, filters(call.parameters)), call.parameters)
    return done(pagination=pagination, packs=packs)


def edit_pack(call: Call) -> Reply:
    """POST /orders/packs/{id}/edit; the line a pack belongs to does not change."""
    old = _by_id(call)
    fields = _typed(call)
    fields.pop("itemId", None)
    call.state.put("pack", merge(old, fields))
    return done(id=old["id"])


def delete_pack(call: Call) -> Reply:
    """POST /orders/packs/{id}/delete."""
    call.state.remove("pack", _by_id(call)["id"])
    return done()


def _by_id(call: Call) -> Row:
    row = call.state.get("pack", call.uid)
    if row is None:
        raise Refusal(404, f"Pack with id {call.uid} not found")
    return row


def _typed(call: Call) -> Row:
    errors: dict[str, str] = {}
    fields = clean(entity(call.parameters, "pack"), PACK, errors)
    if fields.get("store") and (sentence := unknown_code("shipmentStore", fields["store"])):
        errors["store"] = sentence
    if errors:
        raise wrong_entity(errors)
    return fields


def _answer(call: Call, row: Row) -> Row:
    order = call.state.get("order", row["orderId"])
    lines = [line for line in order["items"] if line["id"] == row["itemId"]] if order else []
    line: Row = lines[0] if lines else {}
    offer = {name: line["offer"][name] for name in ("externalId", "xmlId") if name in line.get("offer", {})}
    item = {
        "id": row["itemId"],
        "externalIds": line.get("externalIds", [{}]),
        "order": {
            "id": row["orderId"],
            **({"externalId": order["externalId"]} if order and "externalId" in order else {}),
        },
        "offer": offer,
    }
    own = {name: value for name, value in row.items() if name not in ("orderId", "itemId")}
    return {**own, "unit": UNIT, "item": item}


_FILTERS = {
    "ids": ids(field("id")),
    "orderId": ids(lambda row: (row["item"]["order"]["id"],)),
    "orderExternalId": one_of(lambda row: field("externalId")(row["item"]["order"])),
    "stores": one_of(field("store")),
    "itemId": ids(lambda row: (row["item"]["id"],)),
    "offerExternalId": one_of(lambda row: field("externalId")(row["item"]["offer"])),
    "offerXmlId": one_of(lambda row: field("xmlId")(row["item"]["offer"])),
    "shipmentDateFrom": since(lambda row: row.get("shipmentDate", "")),
    "shipmentDateTo": until(lambda row: row.get("shipmentDate", "")),
    "invoiceNumber": one_of(field("invoiceNumber")),
    "deliveryNoteNumber": one_of(field("deliveryNoteNumber")),
}
