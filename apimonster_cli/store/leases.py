"""Holding deliveries. Every write names worker and attempt, so a holder whose lease ran out changes nothing."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, bindparam, select, update

from apimonster_cli.store.api import LostLeaseError
from apimonster_cli.store.prepared import Prepared
from apimonster_cli.store.rows import Lease
from apimonster_cli.store.tables import deliveries, is_open

SUSPECT = 3
"""Interruptions in a row after which a delivery may be what ends the program."""
APART = timedelta(seconds=2)
LONGEST = timedelta(days=2)
"""No delivery is put off for so long."""

held = update(deliveries).where(
    deliveries.c.id == bindparam("held_id"),
    deliveries.c.worker == bindparam("held_by"),
    deliveries.c.attempt == bindparam("held_attempt"),
    deliveries.c.state == "running",
)
_EXTEND = Prepared(held.values(due_at=bindparam("until")))
_RELEASE = (
    update(deliveries)
    .where(deliveries.c.state == "running")
    .values(state="waiting", worker=None, due_at=bindparam("now"))
)
_HAND_BACK = _RELEASE.where(deliveries.c.worker == bindparam("held_by"))
_INTERRUPT = _RELEASE.values(interrupted=deliveries.c.interrupted + 1)
_SUSPECTS = (
    select(deliveries.c.id)
    .where(is_open, deliveries.c.state == "waiting", deliveries.c.interrupted >= SUSPECT)
    .order_by(deliveries.c.id)
)
_RECALL = (
    update(deliveries)
    .where(
        is_open,
        deliveries.c.state == "waiting",
        deliveries.c.due_at > bindparam("beyond", type_=deliveries.c.due_at.type),
    )
    .values(due_at=bindparam("now"))
)
_LET_WAIT = Prepared(update(deliveries).where(deliveries.c.id == bindparam("of_id")).values(due_at=bindparam("until")))


def change(connection: Connection, statement: Prepared, lease: Lease, values: dict[str, Any]) -> None:
    """Carry out `statement`, built on `held`, before anything else of the operation; LostLeaseError when it met no row."""
    if statement.once(connection, {**_named(lease), **values}).rowcount != 1:
        raise LostLeaseError(
            f"delivery {lease.delivery_id} is no longer held by {lease.worker} for its attempt {lease.attempt}"
        )


def extend(connection: Connection, leases: Sequence[Lease], until: datetime) -> None:
    """Hold deliveries longer; those no longer held are left alone."""
    _EXTEND.each(connection, ({**_named(lease), "until": until} for lease in leases))


def hand_back(connection: Connection, worker: str, now: datetime) -> int:
    """Give back what `worker` holds."""
    return connection.execute(_HAND_BACK, {"held_by": worker, "now": now}).rowcount


def release_all(connection: Connection, now: datetime) -> int:
    """Give back what anyone held when the program ended.

    Those that it happened to several times go one after the other: the one that ends the program ends it alone, and the others
    get done. The clock may have been set back since: what is due later than anything is put off for is due now.
    """
    recall(connection, now, LONGEST)
    released = connection.execute(_INTERRUPT, {"now": now}).rowcount
    suspects = connection.scalars(_SUSPECTS).all() if released else ()
    _LET_WAIT.each(connection, ({"of_id": one, "until": now + APART * place} for place, one in enumerate(suspects)))
    return released


def recall(connection: Connection, now: datetime, beyond: timedelta) -> int:
    """Make due now what would wait for longer than `beyond`; return how many."""
    return connection.execute(_RECALL, {"now": now, "beyond": now + beyond}).rowcount


def _named(lease: Lease) -> dict[str, Any]:
    return {"held_id": lease.delivery_id, "held_by": lease.worker, "held_attempt": lease.attempt}
