"""Payments of orders: create, edit, delete."""

from collections.abc import Mapping
from typing import Any

from apimonster_cli.sandbox.answers import Refusal, Reply, Row, created, done, wrong_entity
from apimonster_cli.sandbox.clean import clean, merge
from apimonster_cli.sandbox.order_lines import build_payment, payment_problem, with_sums
from apimonster_cli.sandbox.parameters import entity
from apimonster_cli.sandbox.routes import Call
from apimonster_cli.sandbox.shapes import INTEGER, PAYMENT, TEXT

_PAYMENT = PAYMENT | {"order": {"id": INTEGER, "externalId": TEXT, "number": TEXT}}


def create_payment(call: Call) -> Reply:
    """POST /orders/payments/create; the order is named by id, externalId or number."""
    fields = _typed(call)
    order = _order_of(call, fields.pop("order", None) or {})
    problems = payment_problem(call, fields, set())
    if not fields.get("type"):
        problems["type"] = "This value should not be blank."
    if problems:
        raise wrong_entity(problems)
    payment = build_payment(call, fields, order["totalSumm"])
    _keep(call, order, {**order["payments"], str(payment["id"]): payment})
    return created(id=payment["id"])


def edit_payment(call: Call) -> Reply:
    """POST /orders/payments/{uid}/edit."""
    order, payment = _by_uid(call)
    fields = _typed(call)
    fields.pop("order", None)
    same = fields.get("externalId") == payment.get("externalId")
    problems = payment_problem(call, {**fields, "externalId": None} if same else fields, set())
    if problems:
        raise wrong_entity(problems)
    _keep(call, order, {**order["payments"], str(payment["id"]): merge(payment, fields)})
    return done(id=payment["id"])


def delete_payment(call: Call) -> Reply:
    """POST /orders/payments/{id}/delete."""
    order, payment = _by_uid(call, by_id=True)
    _keep(call, order, {key: value for key, value in order["payments"].items() if key != str(payment["id"])})
    return done()


def _typed(call: Call) -> Row:
    errors: dict[str, str] = {}
    fields = clean(entity(call.parameters, "payment"), _PAYMENT, errors)
    if errors:
        raise wrong_entity(errors)
    return fields


def _keep(call: Call, order: Row, payments: Row) -> None:
    call.state.put("order", with_sums({**order, "payments": payments}))


def _by_uid(call: Call, *, by_id: bool = False) -> tuple[Row, Row]:
    uid: str | None = call.uid
    if not (by_id or call.by_id):
        named = call.state.payment_by_external_id(call.uid)
        uid = str(named["id"]) if named else None
    found = call.state.payment(uid) if uid else None
    if found is None:
        raise Refusal(404, "Payment not found")
    return found


def _order_of(call: Call, wanted: Mapping[str, Any]) -> Row:
    if wanted.get("id") is not None:
        found = call.state.get("order", wanted["id"])
    elif wanted.get("externalId") is not None:
        found = call.state.by_external_id("order", call.site, wanted["externalId"])
    elif wanted.get("number") is not None:
        rows = reversed(call.state.rows("order").values())
        found = next((row for row in rows if row["number"] == wanted["number"]), None)
    else:
        raise wrong_entity({"order": "Set one of the following fields: id, externalId, number"})
    if found is None or found["site"] not in call.reached:
        raise Refusal(404, "Not found")
    return found
