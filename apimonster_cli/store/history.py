"""What came in and what went out, for people to read: the newest first."""

import json
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any, get_args

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Row,
    Select,
    Table,
    Text,
    bindparam,
    exists,
    func,
    or_,
    select,
    type_coerce,
)

from apimonster_cli.store.rows import (
    Counts,
    DeliveryRow,
    DeliveryState,
    EventRow,
    EventStatus,
    HistoryFilter,
    StepResult,
    TransactionRow,
)
from apimonster_cli.store.stretches import stretches
from apimonster_cli.store.tables import PRIORITIES, deliveries, events, is_free, steps, transactions

_EVENT_COLUMNS = [column for column in events.c if column.name != "repeat_key"]
_DELIVERY_COLUMNS = [
    deliveries.c[name]
    for name in (
        "id", "event_id", "bundle", "object_key", "state", "attempt", "created_at", "due_at", "closed_at", "error",
    )
]  # fmt: skip
_THIS_EVENT = select(events.c.connection, events.c.object_key, events.c.change).where(
    events.c.id == bindparam("of_event")
)
_PREVIOUS = (
    select(events.c.payload)
    .where(
        events.c.connection == bindparam("through"),
        events.c.event.in_(bindparam("names", expanding=True)),
        events.c.object_key == bindparam("about"),
        events.c.id < bindparam("of_event"),
        events.c.status == "accepted",
    )
    .order_by(events.c.id.desc())
    .limit(1)
)
_RARE = frozenset({"waiting", "running", "failed"})
_EVENT_STATUSES = frozenset(get_args(EventStatus))


def list_events(connection: Connection, wanted: HistoryFilter) -> list[EventRow]:
    """Return the events that `wanted` describes."""
    rare = wanted.event_id is not None or wanted.status in _RARE
    indexed = rare or not (wanted.bundle or wanted.status or wanted.search)
    # As a value that is worked out it has no index: by that all events of the connection would be read for each stretch.
    through = events.c.connection if indexed else func.coalesce(events.c.connection, "")
    query = select(*_EVENT_COLUMNS).order_by(events.c.id.desc())
    query = _narrow(query, wanted, through, events.c.received_at, events.c.id)
    by_event = wanted.status in _EVENT_STATUSES
    if by_event:
        query = query.where(events.c.status == wanted.status)
    if wanted.bundle or (wanted.status and not by_event):
        query = query.where(_has_delivery(wanted.bundle, None if by_event else wanted.status))
    if wanted.search:
        body = type_coerce(events.c.body, Text)
        query = query.where(_mentions(wanted.search, events.c.payload, events.c.object_key, body))
    if indexed:
        found = connection.execute(query.limit(wanted.limit)).all()
    else:
        found = _newest(connection, query, wanted, events, events.c.received_at)
    return _with_deliveries(connection, found)


def one_event(connection: Connection, event_id: int) -> EventRow | None:
    """Return one event."""
    found = connection.execute(select(*_EVENT_COLUMNS).where(events.c.id == event_id)).all()
    return next(iter(_with_deliveries(connection, found)), None)


def previous(connection: Connection, event_id: int, bundle: str, names: Sequence[str]) -> str | None:
    """Return the payload of the last event called one of `names` of the same connection and object before an event.

    A pulled object has events of its own in each bundle that pulls it: of those, only the ones of `bundle` count.
    """
    this = connection.execute(_THIS_EVENT, {"of_event": event_id}).first()
    if this is None or this.object_key is None:
        return None
    wanted = {"of_event": event_id, "through": this.connection, "about": this.object_key, "names": list(names)}
    query = _PREVIOUS if this.change is None else _PREVIOUS.where(_has_delivery(bundle, None))
    payload: str | None = connection.scalar(query, wanted)
    return payload


def list_deliveries(connection: Connection, event_id: int) -> list[DeliveryRow]:
    """Return the deliveries of an event, each with its steps in their order."""
    found = connection.execute(
        select(*_DELIVERY_COLUMNS).where(deliveries.c.event_id == event_id).order_by(deliveries.c.id)
    ).all()
    ended: defaultdict[int, list[StepResult]] = defaultdict(list)
    # items of a step have its place, and the longer of two numbers is the higher one
    order = (steps.c.position, func.length(steps.c.step), steps.c.step)
    wanted = select(steps).where(steps.c.delivery_id.in_([row.id for row in found])).order_by(*order)
    for row in connection.execute(wanted):
        values = dict(row._mapping)  # noqa: SLF001  # public in spite of its name
        ended[values.pop("delivery_id")].append(StepResult(**values))
    return [DeliveryRow(**row._mapping, steps=tuple(ended[row.id])) for row in found]  # noqa: SLF001


def list_transactions(connection: Connection, wanted: HistoryFilter) -> list[TransactionRow]:
    """Return the transactions that `wanted` describes."""
    query = select(transactions).order_by(transactions.c.id.desc())
    query = _narrow(query, wanted, transactions.c.connection, transactions.c.sent_at, transactions.c.event_id)
    if wanted.bundle:
        query = query.where(transactions.c.bundle == wanted.bundle)
    if wanted.status:
        by_number = wanted.status.isascii() and wanted.status.isdigit()
        query = query.where(
            transactions.c.status == int(wanted.status) if by_number else transactions.c.state == wanted.status
        )
    if wanted.search:
        texts = (transactions.c.url, transactions.c.request, transactions.c.answer)
        query = query.where(_mentions(wanted.search, *texts))
    if wanted.event_id is not None or not (wanted.connection or wanted.bundle or wanted.status or wanted.search):
        found = connection.execute(query.limit(wanted.limit)).all()
    else:
        found = _newest(connection, query, wanted, transactions, transactions.c.sent_at)
    return [TransactionRow(**row._mapping) for row in found]  # noqa: SLF001


def count(connection: Connection) -> Counts:
    """Return how many rows there are."""
    states = select(deliveries.c.state, func.count()).group_by(deliveries.c.state)
    oldest = select(deliveries.c.created_at).where(deliveries.c.state == "waiting").order_by(deliveries.c.id).limit(1)
    # one priority at a time: that is how the index has them
    due = [select(func.min(deliveries.c.due_at)).where(is_free, deliveries.c.priority == rank) for rank in PRIORITIES]
    return Counts(
        events=connection.scalar(select(func.count()).select_from(events)) or 0,
        deliveries={state: number for state, number in connection.execute(states)},  # noqa: C416  # dict() loses the types
        oldest_waiting=connection.scalar(oldest),
        next_due=min((found for each in due if (found := connection.scalar(each)) is not None), default=None),
    )


def calls_since(connection: Connection, moment: datetime) -> dict[str, int]:
    """Return how many calls each connection has made since then; planned ones were never made."""
    made = (
        select(transactions.c.connection, func.count())
        .where(transactions.c.sent_at >= moment, transactions.c.state != "planned")
        .group_by(transactions.c.connection)
    )
    return {name: number for name, number in connection.execute(made)}  # noqa: C416  # dict() loses the types


def _newest(
    connection: Connection, query: Select[Any], wanted: HistoryFilter, table: Table, time: Column[Any]
) -> Sequence[Row[Any]]:
    """Return as many of the newest rows of a query as are wanted, where all there are may have to be looked at."""
    found: list[Row[Any]] = []
    like = (time >= wanted.since,) if wanted.since else ()
    for stretch in reversed(stretches(connection, table, *like)):
        found += connection.execute(query.where(stretch).limit(wanted.limit - len(found)))
        if len(found) == wanted.limit:
            break
    return found


def _narrow(
    query: Select[Any],
    wanted: HistoryFilter,
    connection: ColumnElement[str],
    time: Column[Any],
    event_id: Column[int],
) -> Select[Any]:
    if wanted.connection:
        query = query.where(connection == wanted.connection)
    if wanted.since:
        query = query.where(time >= wanted.since)
    if wanted.event_id is not None:
        query = query.where(event_id == wanted.event_id)
    return query


def _has_delivery(bundle: str | None, state: str | None) -> ColumnElement[bool]:
    if state in _RARE:  # looking at event after event until there are enough of them would be looking at all
        rare = select(deliveries.c.event_id).where(deliveries.c.state == state)
        return events.c.id.in_(rare.where(deliveries.c.bundle == bundle) if bundle else rare)
    delivery = exists().where(deliveries.c.event_id == events.c.id)
    if bundle:
        delivery = delivery.where(deliveries.c.bundle == bundle)
    if state:
        delivery = delivery.where(deliveries.c.state == state)
    return delivery


def _mentions(search: str, *columns: ColumnElement[Any]) -> ColumnElement[bool]:
    """Return whether a text holds `search`, in capitals or not, also where JSON spells its letters in escapes."""
    spellings = (search, search.lower(), search.upper(), search.title())
    forms = {search.lower()} | {json.dumps(spelling)[1:-1].lower() for spelling in spellings}
    return or_(*(column.icontains(form, autoescape=True) for column in columns for form in sorted(forms)))


def _with_deliveries(connection: Connection, found: Sequence[Row[Any]]) -> list[EventRow]:
    states: defaultdict[int, dict[str, DeliveryState]] = defaultdict(dict)
    wanted = select(deliveries.c.event_id, deliveries.c.bundle, deliveries.c.state).where(
        deliveries.c.event_id.in_([row.id for row in found])
    )
    for event_id, bundle, state in connection.execute(wanted.order_by(deliveries.c.id)) if found else ():
        states[event_id][bundle] = state
    return [EventRow(**row._mapping, deliveries=states[row.id]) for row in found]  # noqa: SLF001
