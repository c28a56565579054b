"""Orders: create, get, edit, upload, statuses, fix-external-ids."""

from apimonster_cli.sandbox.answers import Refusal, Reply, Row, created, done
from apimonster_cli.sandbox.customers import batch, named
from apimonster_cli.sandbox.history import note_changes, note_created
from apimonster_cli.sandbox.order_fields import answer, changed_order, new_order
from apimonster_cli.sandbox.parameters import entities, entity, values
from apimonster_cli.sandbox.references import STATUS_GROUP_OF
from apimonster_cli.sandbox.routes import Call


def create_order(call: Call) -> Reply:
    """POST /orders/create: 201 with the whole order; a known externalId is refused."""
    site = call.site
    order = new_order(call, site, entity(call.parameters, "order"))
    note_created(call, order)
    return created(id=order["id"], order=answer(call, order, just_created=True))


def get_order(call: Call) -> Reply:
    """GET /orders/{uid}."""
    return done(order=answer(call, _by_uid(call)))


def edit_order(call: Call) -> Reply:
    """POST /orders/{uid}/edit: fields that are not sent stay, lines that are not sent go."""
    old = _by_uid(call)
    order = changed_order(call, old, entity(call.parameters, "order"))
    note_changes(call, old, order)
    return done(id=order["id"], order=answer(call, order))


def upload_orders(call: Call) -> Reply:
    """POST /orders/upload: 460 when only a part could be loaded; that part stays."""
    site = call.site
    uploaded: list[Row] = []
    failed: list[Row] = []
    errors: list[str] = []
    for sent in batch(call, "orders"):
        try:
            order = new_order(call, site, sent)
        except Refusal as refusal:
            failed.append(named(sent))
            errors += _sentences(refusal, sent)
            continue
        note_created(call, order)
        uploaded.append(order)
    short = [{"id": order["id"], **named(order)} for order in uploaded]
    if errors:
        raise Refusal(460, "Orders are loaded with errors", errors, uploadedOrders=short, failedOrders=failed)
    whole = [answer(call, order, just_created=True) for order in uploaded]
    return created(uploadedOrders=short, orders=whole)


def list_statuses(call: Call) -> Reply:
    """GET /orders/statuses?ids[]=…&externalIds[]=…: unknown ones are simply absent."""
    ids = values(call.parameters.get("ids"))
    external_ids = values(call.parameters.get("externalIds"))
    sites = call.reached
    found = [call.state.get("order", order_id) for order_id in ids]
    found += [call.state.by_external_id("order", site, external_id) for external_id in external_ids for site in sites]
    rows = {row["id"]: row for row in found if row is not None and row["site"] in sites}
    orders = [
        {"id": row["id"], **named(row), "status": row["status"], "group": STATUS_GROUP_OF[row["status"]]}
        for row in rows.values()
    ]
    return done(orders=orders)


def fix_external_ids(call: Call) -> Reply:
    """POST /orders/fix-external-ids: sets the externalId of orders named by id."""
    pairs = entities(call.parameters, "orders")
    if not all(isinstance(pair.get("id"), int) and isinstance(pair.get("externalId"), str) for pair in pairs):
        raise Refusal(400, "Invalid input parameters")
    changed: list[Row] = []
    for pair in pairs:
        old = call.state.get("order", pair["id"])
        if old is None or old["site"] not in call.reached:
            raise Refusal(404, "Not found")
        holder = call.state.by_external_id("order", old["site"], pair["externalId"])
        if holder is not None and holder["id"] != old["id"]:
            raise Refusal(400, f"Order with externalId={pair['externalId']} already exists.")
        changed.append({**old, "externalId": pair["externalId"]})
    for order in changed:
        call.state.put("order", order)
    return done()


def _by_uid(call: Call) -> Row:
    row = call.state.get("order", call.uid) if call.by_id else call.state.by_external_id("order", call.site, call.uid)
    if row is None or row["site"] not in call.reached:
        raise Refusal(404, "Not found")
    return row


def _sentences(refusal: Refusal, sent: Row) -> list[str]:
    external_id = sent.get("externalId")
    errors = refusal.by_field()
    if not errors:
        # upload names the order, create does not
        return [f"Order with externalId={external_id} already exists."]
    return [
        f"{text} Order externalId={external_id}."
        if field.startswith("customer.") and external_id
        else f"{field}: {text}"
        for field, text in errors.items()
    ]
