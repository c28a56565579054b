"""RetailCRM: add a payment to an order, and never the same one twice."""

from collections.abc import Iterator, Mapping
from typing import Any

from apimonster_cli.connectors.retailcrm import calls
from apimonster_cli.connectors.retailcrm.agreement import agrees
from apimonster_cli.connectors.retailcrm.answers import AlreadyExistsError, NotFoundError
from apimonster_cli.connectors.retailcrm.external_id import external_id_of
from apimonster_cli.connectors.retailcrm.once import once
from apimonster_cli.connectors.retailcrm.pages import read_pages
from apimonster_cli.connectors.spec import Action, Call, Option
from apimonster_cli.core.errors import PermanentError


def create_payment(call: Call) -> Mapping[str, Any]:
    """Add the payment and return its id and externalId, with `success` and `created`.

    The externalId is unique in the whole account: one that is in use is looked for in the order, and on_duplicate says what
    becomes of a payment that is there. The payment of an earlier, doubtful try of this very step is what was wanted.
    """
    external_id, site = external_id_of(call), call.settings.get("site")
    order = _order(call.fields.get("order") or {})
    payment = {**call.fields, "order": order, "externalId": external_id}
    found, made = once(
        call,
        f"a payment with externalId {external_id}",
        look=lambda: _look(call, order, external_id),
        make=lambda: call.ask(calls.create_payment(payment, site)).json(),
        taken=_is_taken,
        unseen="another order may have it, so map externalId to something that is unique in the whole account",
    )
    own = {name: value for name, value in payment.items() if name != "order"}
    ours = made or (call.doubtful and agrees(own, found))
    wanted = call.options.get("on_duplicate", "skip")
    if not ours and wanted == "fail":
        raise PermanentError(
            f"RetailCRM has a payment with externalId {external_id} already: the one with the id {found.get('id')}"
        )
    if wanted == "edit" and not made and not (ours and agrees(own, found, whole=True)):
        changes = {name: value for name, value in own.items() if name != "externalId"}
        call.ask(calls.edit_payment(str(found["id"]), "id", changes, site))
    return {"success": True, "created": ours, "id": found.get("id"), "externalId": external_id}


def _order(named: Mapping[str, Any]) -> dict[str, Any]:
    """Return the strongest name that the order got: one is what the API asks for."""
    for name in ("id", "externalId", "number"):
        if named.get(name) not in (None, ""):
            return {name: named[name]}
    raise PermanentError("whose payment? None of order.id, order.externalId and order.number got a value")


def _is_taken(error: PermanentError) -> bool:
    # `errors` names the field, in words that no source fixes ("This external id is already set for …" in the PHP client's issues).
    return isinstance(error, AlreadyExistsError) or "externalId: " in str(error)


def _look(call: Call, order: Mapping[str, Any], external_id: str) -> Mapping[str, Any] | None:
    """Return the payment with this externalId, if it is one of the order's."""
    for found in _orders(call, order):
        payments = found.get("payments") or {}
        for payment in payments.values() if isinstance(payments, Mapping) else payments:
            if isinstance(payment, Mapping) and payment.get("externalId") == external_id:
                return payment
    return None


def _orders(call: Call, named: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    if "number" in named:
        yield from read_pages(call, "/orders", "orders", [("[numbers][]", str(named["number"]))])
        return
    by: calls.By = "id" if "id" in named else "externalId"
    try:
        answer = call.ask(calls.get_order(str(named[by]), by, call.settings.get("site")))
    except NotFoundError:
        return
    yield answer.json().get("order") or {}


CREATE_PAYMENT = Action(
    name="create_payment",
    title="Добавить платеж к заказу",
    inputs="create_payment.inputs",
    outputs="create_payment.outputs",
    run=create_payment,
    options=(
        Option(
            "on_duplicate",
            "What to do when the order has a payment with this externalId already: leave it (skip), edit it, or fail.",
            choices=("skip", "edit", "fail"),
            default="skip",
        ),
    ),
    needs=(("order.id", "order.externalId", "order.number"), ("type",)),
    scopes=("order_write", "order_read"),
)
