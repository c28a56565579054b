"""Figures of the store for whoever asks every few seconds: from indexes alone, however many rows have ended."""

from collections import defaultdict

from sqlalchemy import Connection, and_, bindparam, func, select

from apimonster_cli.store.deliveries import count_by_bundle
from apimonster_cli.store.figures import EventGlance, FailureGlance, Figures, Glance, Queue
from apimonster_cli.store.rows import DeliveryState
from apimonster_cli.store.tables import PRIORITIES, deliveries, events, is_free

_RUNNING = (
    select(deliveries.c.bundle, func.count()).where(deliveries.c.state == "running").group_by(deliveries.c.bundle)
)
# Of one object the oldest is the one that is free, so the others need not be looked at; and the index has it all.
_OLDEST = (
    select(deliveries.c.bundle, func.min(deliveries.c.id).label("first"))
    .where(is_free, deliveries.c.priority == PRIORITIES[0])
    .group_by(deliveries.c.bundle)
    .subquery()
)
_MADE = select(deliveries.c.bundle, deliveries.c.created_at).join(_OLDEST, deliveries.c.id == _OLDEST.c.first)
# Of a person who was erased nothing can be delivered again: what failed of that waits for nobody.
_HAS_FAILED = and_(deliveries.c.state == "failed", events.c.status != "forgotten")
_FAILED = select(func.count()).join_from(deliveries, events, events.c.id == deliveries.c.event_id).where(_HAS_FAILED)
_EVENTS = (
    select(
        events.c.id,
        events.c.received_at,
        events.c.connection,
        events.c.event,
        events.c.status,
        events.c.object_key,
    )
    .order_by(events.c.id.desc())
    .limit(bindparam("most"))
)
_OF_EVENTS = (
    select(deliveries.c.event_id, deliveries.c.bundle, deliveries.c.state)
    .where(deliveries.c.event_id.in_(bindparam("ids", expanding=True)))
    .order_by(deliveries.c.id)
)
_FAILURES = (
    select(
        deliveries.c.event_id,
        events.c.connection,
        events.c.event,
        deliveries.c.object_key,
        deliveries.c.bundle,
        deliveries.c.closed_at,
        deliveries.c.error,
    )
    .join(events, events.c.id == deliveries.c.event_id)
    .where(_HAS_FAILED)
    .order_by(deliveries.c.id.desc())
    .limit(bindparam("most"))
)


def figures(connection: Connection) -> Figures:
    """Return how many deliveries are open, and since when, bundle by bundle."""
    opened = count_by_bundle(connection)
    running: dict[str, int] = {bundle: number for bundle, number in connection.execute(_RUNNING)}  # noqa: C416  # dict() loses the types
    oldest = {row.bundle: row.created_at for row in connection.execute(_MADE)}
    queues = {
        bundle: Queue(max(0, number - running.get(bundle, 0)), running.get(bundle, 0), oldest.get(bundle))
        for bundle, number in opened.items()
    }
    return Figures(queues, connection.scalar(_FAILED) or 0)


def glance(connection: Connection, most_events: int, most_failures: int) -> Glance:
    """Return what came in last and what failed last."""
    found = connection.execute(_EVENTS, {"most": most_events}).all()
    states: defaultdict[int, dict[str, DeliveryState]] = defaultdict(dict)
    for event_id, bundle, state in connection.execute(_OF_EVENTS, {"ids": [row.id for row in found]}):
        states[event_id][bundle] = state
    failed = connection.execute(_FAILURES, {"most": most_failures})
    return Glance(
        [EventGlance(**row._mapping, deliveries=states[row.id]) for row in found],  # noqa: SLF001  # public in spite of its name
        [FailureGlance(**row._mapping) for row in failed],  # noqa: SLF001
    )
