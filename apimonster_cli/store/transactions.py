"""Outgoing calls: the intent before, what became of it after."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, update

from apimonster_cli.store import dialect, leases
from apimonster_cli.store.prepared import Prepared
from apimonster_cli.store.rows import EndedTransaction, Lease, NewTransaction, PullLease
from apimonster_cli.store.tables import deliveries, transactions

_AT_STEP = Prepared(leases.held.values(at_step=bindparam("step_now")))
_ITS_DELIVERY = deliveries.c.id == bindparam("of_delivery")
_GIVEN = ("id", "step", "connection", "action", "method", "url", "writes", "state", "sent_at", "request")
_BEGIN = Prepared(
    insert(transactions).values(
        {name: bindparam(f"new_{name}") for name in _GIVEN}
        | {
            "delivery_id": bindparam("of_delivery"),
            "event_id": select(deliveries.c.event_id).where(_ITS_DELIVERY).scalar_subquery(),
            "bundle": select(deliveries.c.bundle).where(_ITS_DELIVERY).scalar_subquery(),
        }
    )
)
_BEGIN_PULL = Prepared(
    insert(transactions).values(
        {name: bindparam(f"new_{name}") for name in _GIVEN} | {"bundle": bindparam("of_bundle")}
    )
)
_ONE = update(transactions).where(transactions.c.id == bindparam("of_id"))
_ENDED: dict[str, Any] = {name: bindparam(f"new_{name}") for name in ("state", "ended_at", "status", "answer", "error")}
_END = Prepared(_ONE.where(transactions.c.delivery_id == bindparam("of_delivery")).values(_ENDED))
_END_PULL = Prepared(
    _ONE.where(transactions.c.delivery_id.is_(None), transactions.c.bundle == bindparam("of_bundle")).values(_ENDED)
)


def begin(connection: Connection, lease: Lease, call: NewTransaction, ended: Sequence[EndedTransaction]) -> int:
    """Put a call on record and return its id."""
    leases.change(connection, _AT_STEP, lease, {"step_now": call.step})
    end(connection, lease, ended)
    return _insert(connection, _BEGIN, call, {"of_delivery": lease.delivery_id})


def begin_pull(connection: Connection, lease: PullLease, call: NewTransaction) -> int:
    """Put a call of a pull on record and return its id."""
    return _insert(connection, _BEGIN_PULL, call, {"of_bundle": lease.bundle})


def end(connection: Connection, lease: Lease, ended: Sequence[EndedTransaction]) -> None:
    """Keep what became of calls of a held delivery."""
    _END.each(connection, ({"of_delivery": lease.delivery_id, **_values(each)} for each in ended))


def end_pulls(connection: Connection, lease: PullLease, ended: Sequence[EndedTransaction]) -> None:
    """Keep what became of calls of a held pull."""
    _END_PULL.each(connection, ({"of_bundle": lease.bundle, **_values(each)} for each in ended))


def _insert(connection: Connection, statement: Prepared, call: NewTransaction, owner: dict[str, Any]) -> int:
    (transaction_id,) = dialect.reserve(connection, transactions, 1)
    statement.once(
        connection,
        {
            **owner,
            "new_id": transaction_id,
            "new_step": call.step,
            "new_connection": call.connection,
            "new_action": call.action,
            "new_method": call.method,
            "new_url": call.url,
            "new_writes": call.writes,
            "new_state": call.state,
            "new_sent_at": call.sent_at,
            "new_request": call.request,
        },
    )
    return transaction_id


def _values(ended: EndedTransaction) -> dict[str, Any]:
    return {
        "of_id": ended.transaction_id,
        "new_state": ended.state,
        "new_ended_at": ended.ended_at,
        "new_status": ended.status,
        "new_answer": ended.answer,
        "new_error": ended.error,
    }
