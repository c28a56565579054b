"""Which deliveries are taken up next."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Integer, Row, bindparam, func, select

from apimonster_cli.store.tables import PRIORITIES, deliveries, events, is_free

LATELY = 500
"""How many deliveries count as those that came last."""
BEHIND = timedelta(seconds=5)
"""How long what is due may wait before those that came last are let pass."""


_Row = Row[*tuple[Any, ...]]
_CLAIMABLE = select(
    deliveries.c.id,
    deliveries.c.event_id,
    deliveries.c.bundle,
    deliveries.c.object_key,
    deliveries.c.attempt,
    deliveries.c.tries,
    deliveries.c.first_tried_at,
    deliveries.c.failing,
    deliveries.c.interrupted,
    deliveries.c.priority,
    deliveries.c.due_at,
    events.c.event,
    events.c.connection,
    events.c.received_at,
    events.c.payload,
    events.c.query,
    events.c.headers,
    events.c.change,
).join(events, events.c.id == deliveries.c.event_id)
_DUE = (
    _CLAIMABLE.where(
        is_free,
        # One priority at a time: over both, all that waits for its time would be looked at before anything is taken.
        deliveries.c.priority == bindparam("wanted"),
        deliveries.c.due_at <= bindparam("now"),
        deliveries.c.bundle.in_(bindparam("bundles", expanding=True)),
    )
    .order_by(deliveries.c.due_at, deliveries.c.id)
    .limit(bindparam("most"))
    .with_for_update(of=deliveries, skip_locked=True)  # for databases with several writers; SQLite has none to skip
)
# What came last, looked at by number: by time, what is tried again would count as new, and all that waits would be looked at.
_LATELY = (
    select(deliveries.c.id, deliveries.c.bundle, deliveries.c.priority, deliveries.c.due_at, is_free.label("free"))
    .order_by(deliveries.c.id.desc())
    .limit(LATELY)
    .subquery()
)
_TURN = func.row_number().over(partition_by=_LATELY.c.bundle, order_by=_LATELY.c.id.desc())
_FRESH = (
    select(_LATELY.c.id)
    .where(
        _LATELY.c.free,
        _LATELY.c.priority == PRIORITIES[0],
        _LATELY.c.due_at <= bindparam("now"),
        _LATELY.c.bundle.in_(bindparam("bundles", expanding=True)),
    )
    .order_by(_TURN, _LATELY.c.id.desc())
    .limit(bindparam("most"))
)
_BY_NUMBER = _CLAIMABLE.where(deliveries.c.id.in_(bindparam("ids", type_=Integer, expanding=True))).order_by(
    deliveries.c.id
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a worker asks for: at most `limit` deliveries of `bundles` due by `now`, to hold until `until`; `bulk` of bulk events.

    turn: number of the claim; where one is left over, it goes to what came last and to what has waited longest by turns.
    """

    worker: str
    bundles: Sequence[str]
    limit: int
    until: datetime
    now: datetime
    bulk: int
    turn: int = 0


def rows_due(connection: Connection, wanted: Wanted) -> list[_Row]:
    """Return what is due: bulk events last, and otherwise what has waited longest.

    When that is more than is wanted, and late, half of it are those that came last, of each bundle in turn: after hours without
    the CRM a new lead does not wait until all that was missed is done.
    """
    due: list[_Row] = []
    for priority in PRIORITIES:
        room = wanted.limit - len(due)
        most = min(room, wanted.bulk) if priority else room
        if most > 0:
            asked = {"now": wanted.now, "bundles": list(wanted.bundles)}
            found: list[_Row] = list(connection.execute(_DUE, {**asked, "wanted": priority, "most": most}))
            share = (most + wanted.turn % 2) // 2
            late = len(found) == most and found[0].due_at <= wanted.now - BEHIND
            if late and share and priority == PRIORITIES[0]:
                found = _with_fresh(connection, found, connection.scalars(_FRESH, {**asked, "most": share}).all())
            due += found
    return due


def _with_fresh(connection: Connection, found: list[_Row], fresh: Sequence[int]) -> list[_Row]:
    """Return as many rows as were found, the fresh ones first."""
    new = set(fresh) - {row.id for row in found}
    if not new:
        return found
    rows: list[_Row] = list(connection.execute(_BY_NUMBER, {"ids": list(new)}))
    rows += [row for row in found if row.id in fresh]
    return rows + [row for row in found if row.id not in fresh][: len(found) - len(rows)]
