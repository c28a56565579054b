"""Outgoing calls: the intent before, what became of it after."""

from collections.abc import Sequence

from sqlalchemy import Connection, bindparam, insert, select, update

from apimonster_cli.store import dialect, leases
from apimonster_cli.store.prepared import Prepared
from apimonster_cli.store.rows import EndedTransaction, Lease, NewTransaction
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
_END = Prepared(
    update(transactions)
    .where(transactions.c.id == bindparam("of_id"), transactions.c.delivery_id == bindparam("of_delivery"))
    .values({name: bindparam(f"new_{name}") for name in ("state", "ended_at", "status", "answer", "error")})
)


def begin(connection: Connection, lease: Lease, call: NewTransaction, ended: Sequence[EndedTransaction]) -> int:
    """Put a call on record and return its id."""
    leases.change(connection, _AT_STEP, lease, {"step_now": call.step})
    end(connection, lease, ended)
    (transaction_id,) = dialect.reserve(connection, transactions, 1)
    _BEGIN.once(
        connection,
        {
            "of_delivery": lease.delivery_id,
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


def end(connection: Connection, lease: Lease, ended: Sequence[EndedTransaction]) -> None:
    """Keep what became of calls of a held delivery."""
    _END.each(
        connection,
        (
            {
                "of_id": each.transaction_id,
                "of_delivery": lease.delivery_id,
                "new_state": each.state,
                "new_ended_at": each.ended_at,
                "new_status": each.status,
                "new_answer": each.answer,
                "new_error": each.error,
            }
            for each in ended
        ),
    )
