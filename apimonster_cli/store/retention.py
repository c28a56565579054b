"""Old rows go, a little at a time, so that intake never waits for long.

What is old is walked through from one end to the other in one pass of many batches, the oldest first. A row that has to stay is
looked at once in a pass: walked over again with each batch, ten thousand failed deliveries would cost more than all that goes.
"""

import time
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Delete,
    Integer,
    Table,
    and_,
    bindparam,
    delete,
    exists,
    or_,
    select,
)

from apimonster_cli.core import crash
from apimonster_cli.store import dialect
from apimonster_cli.store.prepared import Prepared
from apimonster_cli.store.rows import Pruned
from apimonster_cli.store.tables import deliveries, events, is_open, pulled, repeat_keys, transactions, versions

_MOST_SECONDS = 0.03  # of the writer's time for one batch; what is sent meanwhile waits as long, and for the commit
_MOST_PAGES = 256  # freed in one batch: each is overwritten, so that much goes to the disk with the commit
_AT_ONCE = 50  # rows that are found by one statement
_MOMENT = events.c.received_at.type


@dataclass(frozen=True, slots=True)
class Bounds:
    """What is old: rows from before then."""

    events: datetime
    transactions: datetime
    keys: datetime


@dataclass(frozen=True, slots=True)
class Place:
    """How far a pass has come: kind of rows, and the last one of it that was looked at and may have stayed."""

    kind: int = 0
    at: datetime | None = None
    id: int = 0


class _Kind:
    """Rows of one table that grow old. stays: those that stay all the same; such a table is numbered."""

    def __init__(self, age: ColumnElement[Any], table: Table, bound: str, stays: ColumnElement[bool] | None) -> None:
        self.bound = bound
        self.stays = stays is not None
        self.delete = Prepared(_delete(table))
        old = select(*table.primary_key).where(age < bindparam("before", type_=_MOMENT)).order_by(age)
        if stays is not None:
            old = old.add_columns(age.label("moment"), stays.label("stays")).order_by(table.c.id)
        self.first = old.limit(bindparam("most", type_=Integer))
        self.next = self.first if stays is None else self.first.where(_beyond(age, table.c.id))


def _delete(table: Table) -> Delete:
    """Return what deletes one row: for several rows with keys of several columns SQLite would read the whole table."""
    return delete(table).where(*(column == bindparam(column.name, type_=column.type) for column in table.primary_key))


def _beyond(age: ColumnElement[Any], number: ColumnElement[int]) -> ColumnElement[bool]:
    at = bindparam("at", type_=_MOMENT)
    return and_(age >= at, or_(age > at, number > bindparam("id", type_=Integer)))


_KINDS = (
    _Kind(
        events.c.received_at,
        events,
        "events",
        and_(
            events.c.status != "forgotten",  # nobody can deal with what failed of such a one
            exists().where(deliveries.c.event_id == events.c.id, or_(is_open, deliveries.c.state == "failed")),
        ),
    ),
    _Kind(
        transactions.c.sent_at,
        transactions,
        "transactions",
        # Those of an open delivery say what is in doubt. Those that changed something say it once their delivery is opened
        # again: without them it would not look first for what an earlier time has made.
        exists().where(deliveries.c.id == transactions.c.delivery_id, or_(is_open, transactions.c.writes)),
    ),
    _Kind(repeat_keys.c.seen_at, repeat_keys, "keys", None),
    _Kind(pulled.c.seen_at, pulled, "keys", None),
    _Kind(versions.c.seen_at, versions, "keys", None),
)


class _Turn:
    """How much one batch may do: for so long, and so much to be written."""

    def __init__(self, connection: Connection) -> None:
        self.until = time.monotonic() + _MOST_SECONDS
        self._connection = connection
        self._pages = dialect.free_pages(connection) + _MOST_PAGES

    def is_over(self) -> bool:
        """Return whether the rest is for the next batch."""
        return time.monotonic() >= self.until or dialect.free_pages(self._connection) >= self._pages


def prune(connection: Connection, bounds: Bounds, place: Place, batch: int) -> tuple[Pruned, Place]:
    """Go on with a pass: delete at most `batch` rows (deliveries and steps go with their event), or give room back to the disk.

    Returns the place to go on from, the beginning when the pass is over.
    """
    turn = _Turn(connection)
    gone = 0
    while place.kind < len(_KINDS) and gone < batch:
        rows, place = _some(connection, bounds, place, min(_AT_ONCE, batch - gone), turn)
        gone += rows
        if turn.is_over():
            break
    over = place.kind == len(_KINDS) and dialect.tidy(connection, turn.until)
    if gone:
        crash.point("prune")
    return Pruned(gone, more=not over), Place() if over else place


def _some(connection: Connection, bounds: Bounds, place: Place, most: int, turn: _Turn) -> tuple[int, Place]:
    """Look at some rows and delete those that go, one by one while the turn lasts: a single one may be large."""
    kind = _KINDS[place.kind]
    asked = {"before": getattr(bounds, kind.bound), "most": most}
    if place.at is None:
        found = connection.execute(kind.first, asked).all()
    else:
        found = connection.execute(kind.next, {**asked, "at": place.at, "id": place.id}).all()
    gone = 0
    for row in found:
        if not (kind.stays and row.stays):
            gone += kind.delete.once(connection, row._asdict()).rowcount
        if kind.stays:
            place = Place(place.kind, row.moment, row.id)
        if turn.is_over():
            return gone, place
    return gone, Place(place.kind + 1) if len(found) < most else place
