"""Deliveries made again because a person asks for it: which there are, and how they are opened once more."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, bindparam, delete, exists, func, insert, or_, select, update

from apimonster_cli.store.past import PastDelivery, PastEvent, PastFilter, Replay
from apimonster_cli.store.tables import deliveries, events, is_open, steps

LOW = 1
"""The priority of what is replayed: behind all that somebody waits for now."""

_COLUMNS = [
    events.c[name] for name in ("id", "connection", "event", "status", "object_key", "received_at", "change")
]  # fmt: skip
_OF_OBJECT = and_(is_open, deliveries.c.bundle == bindparam("through"), deliveries.c.object_key == bindparam("about"))
_OPEN = select(deliveries.c.id, deliveries.c.state, deliveries.c.behind).where(_OF_OBJECT).order_by(deliveries.c.id)
_FOLLOW = update(deliveries).where(deliveries.c.id == bindparam("of_id")).values(behind=bindparam("other"))
_STATE = select(deliveries.c.state).where(deliveries.c.id == bindparam("of_id"))
_OPEN_AGAIN = (
    update(deliveries)
    .where(deliveries.c.id == bindparam("of_id"))
    .values(
        state="waiting",
        worker=None,
        behind=None,
        at_step=None,
        due_at=bindparam("now"),
        first_tried_at=None,
        closed_at=None,
        failing=None,
        error=None,
        tries=0,
        interrupted=0,
        turned_away=False,
        priority=LOW,
    )
)
_OF_DELIVERY = steps.c.delivery_id == bindparam("of_id")
_FORGET_STEPS = delete(steps).where(_OF_DELIVERY)
_FORGET_FAILED = _FORGET_STEPS.where(or_(steps.c.outcome == "failed", steps.c.step.startswith("on_failure.")))
_THROUGH = select(deliveries.c.id).where(
    deliveries.c.event_id == bindparam("of_event"), deliveries.c.bundle == bindparam("through")
)
_RECOGNISED = (
    update(events)
    .where(events.c.id == bindparam("of_event"), events.c.status == "unmatched")
    .values(event=bindparam("what"), object_key=bindparam("about"), status="accepted", reason=None)
)
_OF_EVENT = select(events.c.object_key, events.c.received_at).where(
    events.c.id == bindparam("of_event"),
    events.c.status != "forgotten",  # it may have been so since it was chosen
)
_LATER = (
    select(func.max(events.c.id))
    .join(deliveries, deliveries.c.event_id == events.c.id)
    .where(
        events.c.connection == bindparam("connection_"),
        events.c.event.in_(bindparam("names", expanding=True)),
        events.c.object_key == bindparam("about"),
        events.c.id > bindparam("of_event"),
        deliveries.c.bundle == bindparam("through"),
        deliveries.c.state == "done",
    )
)


def past(connection: Connection, wanted: PastFilter) -> list[PastEvent]:
    """Return the events that `wanted` describes, the oldest first."""
    query = select(*_COLUMNS).order_by(events.c.id)
    if wanted.event_ids:
        query = query.where(events.c.id.in_(wanted.event_ids))
    else:
        query = query.where(events.c.status.in_(("accepted", "unmatched")))
    if wanted.since:
        query = query.where(events.c.received_at >= wanted.since)
    if wanted.connection:
        query = query.where(events.c.connection == wanted.connection)
    if wanted.failed:
        failed = exists().where(deliveries.c.event_id == events.c.id, deliveries.c.state == "failed")
        query = query.where(failed.where(deliveries.c.bundle == wanted.bundle) if wanted.bundle else failed)
    found = connection.execute(query).all()
    made = _deliveries(connection, query.with_only_columns(events.c.id).order_by(None))
    return [PastEvent(**row._mapping, deliveries=tuple(made[row.id])) for row in found]  # noqa: SLF001  # public in spite of its name


def later(connection: Connection, event_id: int, bundle: str, names: Sequence[str]) -> int | None:
    """Return the newest event of the same object after this one that a bundle has delivered; None without one."""
    this = connection.execute(select(events.c.connection, events.c.object_key).where(events.c.id == event_id)).first()
    if this is None or this.object_key is None:
        return None
    asked = {"connection_": this.connection, "about": this.object_key, "names": list(names)}
    newest: int | None = connection.scalar(_LATER, {**asked, "of_event": event_id, "through": bundle})
    return newest


def replay(connection: Connection, items: Sequence[Replay], now: datetime) -> list[Replay]:
    """Open deliveries again, or make those that were never made; return what is on its way already and was left alone."""
    refused: list[Replay] = []
    for item in items:
        if item.event is not None:
            connection.execute(_RECOGNISED, {"of_event": item.event_id, "what": item.event, "about": item.object_key})
        if not _replay(connection, item, now):
            refused.append(item)
    return refused


def _replay(connection: Connection, item: Replay, now: datetime) -> bool:
    event = connection.execute(_OF_EVENT, {"of_event": item.event_id}).first()
    if event is None:
        return False
    object_key, received_at = event.object_key, event.received_at
    if object_key is not None and _busy(connection, item.bundle, object_key):
        return False
    if item.delivery_id is not None:
        opened = _open_again(connection, item.delivery_id, now)
    else:
        opened = _make(connection, item, object_key, received_at)
    if opened and object_key is not None:
        _line_up(connection, item.bundle, object_key)
    return opened


def _deliveries(connection: Connection, of_events: Any) -> defaultdict[int, list[PastDelivery]]:
    made: defaultdict[int, list[PastDelivery]] = defaultdict(list)
    columns = (deliveries.c.event_id, deliveries.c.id, deliveries.c.bundle, deliveries.c.state, deliveries.c.error)
    query = select(*columns).where(deliveries.c.event_id.in_(of_events)).order_by(deliveries.c.id)
    for event_id, *values in connection.execute(query):
        made[event_id].append(PastDelivery(*values))
    return made


def _busy(connection: Connection, bundle: str, object_key: str) -> bool:
    """Return whether the object is being worked on: nothing of it may go in parallel, and nothing can be put before it."""
    found = connection.execute(_OPEN, {"through": bundle, "about": object_key})
    return any(row.state == "running" for row in found)


def _open_again(connection: Connection, delivery_id: int, now: datetime) -> bool:
    """Open an ended delivery. What a failed one has done is kept; one that was not failed does everything again."""
    of_id = {"of_id": delivery_id}
    state = connection.scalar(_STATE, of_id)
    if state not in ("done", "filtered", "failed"):
        return False
    connection.execute(_FORGET_FAILED if state == "failed" else _FORGET_STEPS, of_id)
    connection.execute(_OPEN_AGAIN, {**of_id, "now": now})
    return True


def _make(connection: Connection, item: Replay, object_key: str | None, received_at: datetime) -> bool:
    if connection.scalar(_THROUGH, {"of_event": item.event_id, "through": item.bundle}) is not None:
        return False
    connection.execute(
        insert(deliveries),
        {
            "event_id": item.event_id,
            "bundle": item.bundle,
            "object_key": object_key,
            "state": "waiting",
            "due_at": received_at,
            "created_at": received_at,
            "attempt": 0,
            "tries": 0,
            "turned_away": False,
            "priority": LOW,
        },
    )
    return True


def _line_up(connection: Connection, bundle: str, object_key: str) -> None:
    """Let the open deliveries of an object follow each other by their numbers: new ones queue behind the highest."""
    before: int | None = None
    for row in connection.execute(_OPEN, {"through": bundle, "about": object_key}).all():
        if row.behind != before:
            connection.execute(_FOLLOW, {"of_id": row.id, "other": before})
        before = row.id
