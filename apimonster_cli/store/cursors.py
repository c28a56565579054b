"""Cursors: how far the pulls of a bundle have come, and who is pulling."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, func, insert, select, update

from apimonster_cli.store import transactions
from apimonster_cli.store.api import LostLeaseError
from apimonster_cli.store.prepared import Prepared
from apimonster_cli.store.rows import ClaimedPull, EndedTransaction, NewTransaction, Position, PullLease, PullState
from apimonster_cli.store.tables import cursors

SCHEDULE = "schedule"
"""The reading of a bundle's own schedule; any other is that of a backfill."""

_OF_BUNDLE = cursors.c.bundle == bindparam("of_bundle")
_THIS = (_OF_BUNDLE, cursors.c.reading == bindparam("of_reading"))
_BUSY = select(cursors.c.reading).where(
    _OF_BUNDLE, cursors.c.holder.is_not(None), cursors.c.held_until > bindparam("now", type_=cursors.c.held_until.type)
)
_ONE = select(cursors).where(*_THIS)
_LAST_READ = select(func.coalesce(func.max(cursors.c.read), 0)).where(_OF_BUNDLE)
_INSERT = insert(cursors).values(
    bundle=bindparam("of_bundle"), reading=bindparam("of_reading"), failures=0, attempt=0, read=0, page=0
)
_TAKE = (
    update(cursors)
    .where(*_THIS)
    .values(
        holder=bindparam("taken_by"),
        held_until=bindparam("until"),
        tried_at=bindparam("now"),
        attempt=cursors.c.attempt + 1,
    )
)
_HELD = update(cursors).where(
    *_THIS, cursors.c.holder == bindparam("held_by"), cursors.c.attempt == bindparam("held_attempt")
)
_EXTEND = Prepared(_HELD.values(held_until=bindparam("until")))
_MOVE = Prepared(
    _HELD.values(
        {"held_until": bindparam("until")}
        | {
            name: bindparam(f"new_{name}")
            for name in ("read", "window_start", "window_end", "began_at", "page", "pages")
        }
    )
)
_NOWHERE = {"window_start": None, "window_end": None, "began_at": None, "page": 0, "pages": None}
_FINISH = Prepared(
    _HELD.values(
        holder=None,
        held_until=None,
        complete=func.coalesce(bindparam("up_to", type_=cursors.c.complete.type), cursors.c.complete),
        failures=0,
        retry_at=None,
        error=None,
        **_NOWHERE,
    )
)
_RELEASE = Prepared(
    _HELD.values(
        holder=None,
        held_until=None,
        failures=cursors.c.failures + bindparam("counted"),
        retry_at=bindparam("again"),
        error=bindparam("why"),
    )
)
_RELEASE_SCHEDULED = (
    update(cursors)
    .where(cursors.c.reading == SCHEDULE, cursors.c.holder.is_not(None))
    .values(holder=None, held_until=None)
)
_RELEASE_HOLDER = update(cursors).where(cursors.c.holder == bindparam("held_by")).values(holder=None, held_until=None)
_STATES = select(cursors).order_by(cursors.c.bundle, cursors.c.reading)


@dataclass(frozen=True, slots=True)
class Hold:
    """Who takes a pull, when, and for how long."""

    holder: str
    now: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Broken:
    """How a pull ended before its time: why (None when it was only stopped), and when to pull again."""

    error: str | None
    again: datetime


def claim(connection: Connection, bundle: str, reading: str, hold: Hold) -> ClaimedPull | None:
    """Take the pull of a bundle; None while somebody, for whatever reading, has it."""
    named = {"of_bundle": bundle, "of_reading": reading}
    if connection.execute(_BUSY, {"of_bundle": bundle, "now": hold.now}).first():
        return None
    row = connection.execute(_ONE, named).first()
    if row is None:
        connection.execute(_INSERT, named)
    connection.execute(_TAKE, {**named, "taken_by": hold.holder, "until": hold.until, "now": hold.now})
    last: int = connection.execute(_LAST_READ, {"of_bundle": bundle}).scalar_one()
    if row is None:
        return ClaimedPull(PullLease(bundle, reading, hold.holder, 1), None, last + 1, None)
    lease = PullLease(bundle, reading, hold.holder, row.attempt + 1)
    return ClaimedPull(lease, row.complete, last + 1, _position(row), row.failures)


def begin_call(
    connection: Connection,
    lease: PullLease,
    call: NewTransaction,
    ended: Sequence[EndedTransaction],
    until: datetime,
) -> int:
    """Put a call of a pull on record and hold the pull longer; return the transaction's id."""
    _change(connection, _EXTEND, lease, {"until": until})
    transactions.end_pulls(connection, lease, ended)
    return transactions.begin_pull(connection, lease, call)


def move(connection: Connection, lease: PullLease, position: Position, until: datetime) -> None:
    """Keep how far the read has come and hold the pull longer; LostLeaseError."""
    values = {
        "until": until,
        "new_read": position.read,
        "new_window_start": position.start,
        "new_window_end": position.end,
        "new_began_at": position.began_at,
        "new_page": position.page,
        "new_pages": position.pages,
    }
    _change(connection, _MOVE, lease, values)


def finish(
    connection: Connection, lease: PullLease, complete: datetime | None, ended: Sequence[EndedTransaction]
) -> None:
    """End a complete read: only here the cursor moves, and not at all for a backfill (None)."""
    _change(connection, _FINISH, lease, {"up_to": complete})
    transactions.end_pulls(connection, lease, ended)


def release(connection: Connection, lease: PullLease, broken: Broken, ended: Sequence[EndedTransaction]) -> None:
    """Give a pull back that has not read everything."""
    values = {"counted": int(broken.error is not None), "again": broken.again, "why": broken.error}
    _change(connection, _RELEASE, lease, values)
    transactions.end_pulls(connection, lease, ended)


def release_scheduled(connection: Connection) -> None:
    """Give back every scheduled pull: for the one daemon of a file when it starts, after a kill."""
    connection.execute(_RELEASE_SCHEDULED)


def release_holder(connection: Connection, holder: str) -> int:
    """Give back every pull of a program that has ended."""
    return connection.execute(_RELEASE_HOLDER, {"held_by": holder}).rowcount


def states(connection: Connection) -> list[PullState]:
    """Return how the pulls of all bundles stand."""
    return [
        PullState(
            bundle=row.bundle,
            reading=row.reading,
            complete=row.complete,
            tried_at=row.tried_at,
            failures=row.failures,
            retry_at=row.retry_at,
            error=row.error,
            held=row.holder is not None,
            held_until=row.held_until,
            position=_position(row),
            holder=row.holder,
        )
        for row in connection.execute(_STATES)
    ]


def _position(row: Row[Any]) -> Position | None:
    if row.window_start is None:
        return None
    return Position(row.read, row.window_start, row.window_end, row.began_at, row.page, row.pages)


def _change(connection: Connection, statement: Prepared, lease: PullLease, values: dict[str, Any]) -> None:
    held = {
        "of_bundle": lease.bundle,
        "of_reading": lease.reading,
        "held_by": lease.holder,
        "held_attempt": lease.attempt,
    }
    if statement.once(connection, {**held, **values}).rowcount != 1:
        raise LostLeaseError(
            f"the pull of {lease.bundle} ({lease.reading}) is no longer held by {lease.holder} for its attempt {lease.attempt}"
        )
