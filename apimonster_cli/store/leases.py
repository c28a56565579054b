"""Holding deliveries. Every write names worker and attempt, so a holder whose lease ran out changes nothing."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, bindparam, select, update

from apimonster_cli.core.clock import LEAP
from apimonster_cli.store import dialect
from apimonster_cli.store.api import LostLeaseError
from apimonster_cli.store.prepared import Prepared
from apimonster_cli.store.rows import Lease
from apimonster_cli.store.tables import PRIORITIES, deliveries, is_open, store

SUSPECT = 3
"""Interruptions in a row after which a delivery may be what ends the program."""
APART = timedelta(seconds=2)
LONGEST = timedelta(days=2)
"""No delivery is put off for so long, and where nothing has run for so long, that time is none of trying."""

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
_WAITING = update(deliveries).where(is_open, deliveries.c.state == "waiting")
_TRIED = update(deliveries).where(is_open, deliveries.c.first_tried_at.is_not(None))
_SEEN_AT = select(store.c.checked_at)
_SEEN = update(store).values(checked_at=bindparam("now"))
_LET_WAIT = Prepared(update(deliveries).where(deliveries.c.id == bindparam("of_id")).values(due_at=bindparam("until")))


def change(connection: Connection, statement: Prepared, lease: Lease, values: dict[str, Any]) -> None:
    """Carry out `statement`, built on `held`, before anything else of the operation; LostLeaseError when it met no row."""
    if statement.once(connection, {**_named(lease), **values}).rowcount != 1:
        raise LostLeaseError(
            f"delivery {lease.delivery_id} is no longer held by {lease.worker} for its attempt {lease.attempt}"
        )


def extend(connection: Connection, leases: Sequence[Lease], until: datetime, now: datetime) -> None:
    """Hold deliveries longer; those no longer held are left alone. What the clock shows is remembered for the next start."""
    connection.execute(_SEEN, {"now": now})
    _EXTEND.each(connection, ({**_named(lease), "until": until} for lease in leases))


def hand_back(connection: Connection, worker: str, now: datetime) -> int:
    """Give back what `worker` holds."""
    return connection.execute(_HAND_BACK, {"held_by": worker, "now": now}).rowcount


def release_all(connection: Connection, now: datetime) -> int:
    """Give back what anyone held when the program ended.

    Those that it happened to several times go one after the other: the one that ends the program ends it alone, and the others
    get done. The clock may have been set since, which shows by what it said last; what is due later than anything is put off for
    is due now.
    """
    passed = now - connection.scalars(_SEEN_AT).one()
    if not -LEAP < passed < LONGEST:
        move(connection, now, passed)
    connection.execute(_SEEN, {"now": now})
    connection.execute(_RECALL, {"now": now, "beyond": now + LONGEST})
    released = connection.execute(_INTERRUPT, {"now": now}).rowcount
    suspects = connection.scalars(_SUSPECTS).all() if released else ()
    _LET_WAIT.each(connection, ({"of_id": one, "until": now + APART * place} for place, one in enumerate(suspects)))
    return released


def move(connection: Connection, now: datetime, leap: timedelta) -> int:
    """Move with the clock what waits by it: when it is due, where that is later now, and since when it has been tried.

    Return how many were moved. What is replayed has to stay tried since a later moment than its calls of before: see _DONE_BEFORE.
    """
    connection.execute(_SEEN, {"now": now})
    back = leap < timedelta()
    tried = _TRIED.where(deliveries.c.priority == PRIORITIES[0]) if back else _TRIED
    moved = connection.execute(tried.values(first_tried_at=dialect.moved(deliveries.c.first_tried_at, leap))).rowcount
    if back:
        moved += connection.execute(_WAITING.values(due_at=dialect.moved(deliveries.c.due_at, leap))).rowcount
    return moved


def _named(lease: Lease) -> dict[str, Any]:
    return {"held_id": lease.delivery_id, "held_by": lease.worker, "held_attempt": lease.attempt}
