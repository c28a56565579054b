"""A person's data: found wherever it is, and erased without taking anything else along.

An event of the person keeps its row, its number and the hash by which a repeat is known: sent once more, it does not bring the
person back. Its deliveries keep their outcomes. What was in them is gone.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Delete,
    Integer,
    Table,
    Update,
    and_,
    bindparam,
    delete,
    exists,
    func,
    or_,
    select,
    update,
)

from apimonster_cli.store import dialect
from apimonster_cli.store.stretches import stretches
from apimonster_cli.store.tables import (
    cursors,
    deliveries,
    events,
    is_open,
    pauses,
    pulled,
    steps,
    transactions,
    versions,
)
from apimonster_cli.store.traces import ERASED, Erased, Holds, Made, SameThing, TracedDelivery, TracedEvent, Traces

_IDS = bindparam("ids", type_=Integer, expanding=True)
_MOST_IDS = 500  # in one statement
_MADE = ("id", "externalId", "number")
_TEXTS: Mapping[Table, tuple[str, ...]] = {
    events: ("object_key", "repeat_key", "reason", "remote", "content_type", "query", "headers", "payload", "body"),
    deliveries: ("object_key", "failing", "error"),
    steps: ("fields", "origins", "output", "error"),
    transactions: ("url", "error", "request", "answer"),
    pulled: ("object_key", "payload"),
    versions: ("object_key",),
    cursors: ("error",),
    pauses: ("reason",),
}
_COUNT_CALLS = select(func.count()).select_from(transactions).where(transactions.c.event_id.in_(_IDS))
_SAME_THING = (
    select(events.c.id)
    .where(
        events.c.connection == bindparam("through"),
        events.c.event.in_(bindparam("names", expanding=True)),
        events.c.object_key == bindparam("about"),
        events.c.status != "forgotten",
    )
    .order_by(events.c.id)
)


def find(connection: Connection, holds: Holds, same_thing: SameThing) -> Traces:
    """Return all that there is of a person."""
    dialect.teach(connection, "holds", lambda text: text is not None and holds(dialect.as_text(text)))
    ids = _events(connection, same_thing)
    found = tuple(_traced(connection, ids))
    known = set(ids)
    of_deliveries = _steps(connection, known)
    others = _calls(connection, known)
    ended = [event.id for event in found if not event.is_open]
    return Traces(
        events=found,
        steps=tuple((number, step) for number, step, event_id in of_deliveries if event_id is None),
        held_by=tuple(
            _traced(connection, sorted({event_id for *_, event_id in of_deliveries if event_id is not None}))
        ),
        transactions=tuple(others),
        deliveries=tuple(
            number for number, event_id in _rows(connection, deliveries, "id", "event_id") if event_id not in known
        ),
        pulled=_keys(connection, pulled),
        versions=_keys(connection, versions),
        cursors=_keys(connection, cursors),
        pauses=tuple(name for (name,) in _keys(connection, pauses)),
        made=tuple(_made(connection, ended)),
        called=tuple(_called(connection, ended)),
        calls=len(others) + sum(_in_parts(connection, _COUNT_CALLS, ids)),
    )


def _telling(table: Table) -> ColumnElement[bool]:
    """Return whether a row holds the person."""
    return or_(*(func.holds(table.c[name]) for name in _TEXTS[table]))


def _rows(connection: Connection, table: Table, *columns: str) -> list[Any]:
    query = select(*(table.c[name] for name in columns)).where(_telling(table))
    return [row for stretch in stretches(connection, table) for row in connection.execute(query.where(stretch))]


def _keys(connection: Connection, table: Table) -> tuple[Any, ...]:
    return tuple(tuple(row) for row in _rows(connection, table, *(column.name for column in table.primary_key)))


def _events(connection: Connection, same_thing: SameThing) -> list[int]:
    """Return the events that hold the person, and those about the same things."""
    found: set[int] = set()
    things: set[tuple[str, str, str]] = set()
    for row in _rows(connection, events, "id", "connection", "event", "object_key"):
        found.add(row.id)
        if row.event is not None and row.object_key is not None:
            things.add((row.connection, row.event, row.object_key))
    for through, event, about in things:
        asked = {"through": through, "names": list(same_thing(event)), "about": about}
        found.update(connection.scalars(_SAME_THING, asked))
    return sorted(found)


def _steps(connection: Connection, known: set[int]) -> list[tuple[int, str, int | None]]:
    """Return (delivery, step, event) of steps of other events that hold the person; the event of open deliveries alone."""
    told = (
        select(steps.c.delivery_id, steps.c.step, deliveries.c.event_id, is_open.label("open"))
        .join(deliveries, deliveries.c.id == steps.c.delivery_id)
        .where(_telling(steps))
    )
    found = (row for stretch in stretches(connection, steps) for row in connection.execute(told.where(stretch)))
    rows = [row for row in found if row.event_id not in known]
    return [(row.delivery_id, row.step, row.event_id if row.open else None) for row in rows]


def _calls(connection: Connection, known: set[int]) -> list[int]:
    """Return the transactions that hold the person and are of no known event, and all others of events that are pruned since."""
    found = [row for row in _rows(connection, transactions, "id", "event_id") if row.event_id not in known]
    of_events = sorted({row.event_id for row in found if row.event_id is not None})
    there = set(_in_parts(connection, select(events.c.id).where(events.c.id.in_(_IDS)), of_events))
    pruned = [event_id for event_id in of_events if event_id not in there]
    of_pruned = _in_parts(connection, select(transactions.c.id).where(transactions.c.event_id.in_(_IDS)), pruned)
    return sorted({row.id for row in found}.union(of_pruned))


def _traced(connection: Connection, ids: Sequence[int]) -> Iterable[TracedEvent]:
    made: defaultdict[int, list[TracedDelivery]] = defaultdict(list)
    of_events = select(deliveries.c.event_id, deliveries.c.id, deliveries.c.bundle, deliveries.c.state, is_open).where(
        deliveries.c.event_id.in_(_IDS)
    )
    for event_id, *values in _in_parts(connection, of_events.order_by(deliveries.c.id), ids, whole=True):
        made[event_id].append(TracedDelivery(*values))
    received = select(events.c.id, events.c.received_at).where(events.c.id.in_(_IDS)).order_by(events.c.id)
    for event_id, received_at in _in_parts(connection, received, ids, whole=True):
        yield TracedEvent(event_id, received_at, tuple(made[event_id]))


def _made(connection: Connection, ids: Sequence[int]) -> Iterable[Made]:
    told = (
        select(deliveries.c.event_id, deliveries.c.bundle, steps.c.action, steps.c.output)
        .join(steps, steps.c.delivery_id == deliveries.c.id)
        .where(deliveries.c.event_id.in_(_IDS), steps.c.outcome == "done")
        .order_by(deliveries.c.event_id, deliveries.c.id, steps.c.position)
    )
    for row in _in_parts(connection, told, ids, whole=True):
        given = {name: row.output[name] for name in _MADE if row.output.get(name) is not None}
        customer = row.output.get("customer")
        if isinstance(customer, Mapping) and customer.get("id") is not None:
            given["customer"] = customer["id"]
        if given:
            yield Made(row.event_id, row.bundle, row.action, given)


def _called(connection: Connection, ids: Sequence[int]) -> list[str]:
    told = select(transactions.c.connection).distinct().where(transactions.c.event_id.in_(_IDS))
    return sorted(set(_in_parts(connection, told, ids)))


def _in_parts(connection: Connection, query: Any, ids: Sequence[int], *, whole: bool = False) -> Iterable[Any]:
    """Ask about many ids, some at a time; whole: for rows and not for their first column alone."""
    for start in range(0, len(ids), _MOST_IDS):
        asked = {"ids": list(ids[start : start + _MOST_IDS])}
        yield from connection.execute(query, asked) if whole else connection.scalars(query, asked)


# erasing ---------------------------------------------------------------------------------------------------------------
def erase(connection: Connection, traces: Traces, holds: Holds) -> Erased:
    """Erase what was found, all in one commit; an event that has an open delivery by now is left alone."""
    dialect.teach(connection, "holds", lambda text: text is not None and holds(dialect.as_text(text)))
    dialect.teach(connection, "bare_url", lambda url: _bare(url, holds))
    asked = [event.id for event in traces.events]
    still = set(
        connection.scalars(
            select(deliveries.c.event_id).where(is_open, deliveries.c.event_id.in_(_IDS)), {"ids": asked}
        )
    )
    ids = [event_id for event_id in asked if event_id not in still]
    rows = Counter[str]()
    if ids:
        of_deliveries = select(deliveries.c.id).where(deliveries.c.event_id.in_(_IDS))
        rows["steps"] += _change(connection, steps, _EMPTY_STEP, steps.c.delivery_id.in_(of_deliveries), ids=ids)
        rows["transactions"] += _change(
            connection,
            transactions,
            _EMPTY_CALL,
            or_(transactions.c.event_id.in_(_IDS), transactions.c.delivery_id.in_(of_deliveries)),
            ids=ids,
        )
        rows["pulled"] += _change(connection, pulled, _EMPTY_OBJECT, and_(_FULL, pulled.c.event_id.in_(_IDS)), ids=ids)
        rows["deliveries"] += _change(connection, deliveries, _EMPTY_DELIVERY, deliveries.c.event_id.in_(_IDS), ids=ids)
        rows["events"] += _change(connection, events, _EMPTY_EVENT, events.c.id.in_(_IDS), ids=ids)
    _erase_rest(connection, traces, rows)
    return Erased(+rows, tuple(ids))


def _erase_rest(connection: Connection, traces: Traces, rows: Counter[str]) -> None:
    ended = exists().where(deliveries.c.id == steps.c.delivery_id, ~is_open)
    rows["steps"] += _change_keys(connection, steps, _EMPTY_STEP, traces.steps, ended)
    rows["transactions"] += _change_keys(connection, transactions, _EMPTY_CALL, traces.transactions)
    rows["deliveries"] += _change_keys(connection, deliveries, _WITHOUT_ERROR, traces.deliveries)
    rows["cursors"] += _change_keys(connection, cursors, {"error": ERASED}, traces.cursors)
    rows["pauses"] += _change_keys(connection, pauses, {"reason": ERASED}, traces.pauses)
    for table, keys in ((versions, traces.versions), (pulled, traces.pulled)):
        # What goes by the person's own phone or e-mail goes altogether.
        rows[table.name] += _each(connection, delete(table).where(func.holds(table.c.object_key)), table, keys)
    rows["pulled"] += _change_keys(connection, pulled, _EMPTY_OBJECT, traces.pulled, _FULL)


def _unless_telling(column: ColumnElement[Any], otherwise: Any = None) -> Any:
    return func.iif(func.holds(column), otherwise, column)


_EMPTY_EVENT: Mapping[str, Any] = {
    "status": "forgotten",
    "object_key": _unless_telling(events.c.object_key),
    "repeat_key": _unless_telling(events.c.repeat_key),
    "reason": ERASED,
    "remote": None,
    "content_type": None,
    "query": {},
    "headers": {},
    "payload": None,
    "body": None,
}
_EMPTY_DELIVERY: Mapping[str, Any] = {
    "object_key": _unless_telling(deliveries.c.object_key),
    "failing": None,
    "error": func.iif(deliveries.c.error.is_(None), None, ERASED),
}
# Of others: an open one is given up for good when `failing` says why, so that something has to stand there.
_WITHOUT_ERROR: Mapping[str, Any] = {
    "failing": _unless_telling(deliveries.c.failing, ERASED),
    "error": _unless_telling(deliveries.c.error, ERASED),
}
_EMPTY_STEP: Mapping[str, Any] = {
    "fields": {},
    "origins": {},
    "output": {},
    "error": func.iif(steps.c.error.is_(None), None, ERASED),
}
_EMPTY_CALL: Mapping[str, Any] = {
    "url": func.bare_url(transactions.c.url),
    "request": None,
    "answer": None,
    "error": func.iif(transactions.c.error.is_(None), None, ERASED),
}
# It stays known, so that the next pull does not take it for new. Without its moment no pull looks for it when it is gone.
_EMPTY_OBJECT: Mapping[str, Any] = {"payload": "{}", "moment": None}
_FULL = pulled.c.payload != "{}"


def _change(
    connection: Connection, table: Table, values: Mapping[str, Any], where: ColumnElement[bool], **given: Any
) -> int:
    return connection.execute(update(table).where(where).values(values), given).rowcount


def _change_keys(
    connection: Connection,
    table: Table,
    values: Mapping[str, Any],
    keys: Sequence[Any],
    also: ColumnElement[bool] | None = None,
) -> int:
    changed = update(table).values(values)
    return _each(connection, changed if also is None else changed.where(also), table, keys)


def _each(connection: Connection, statement: Update | Delete, table: Table, keys: Sequence[Any]) -> int:
    """Carry out a statement for each of some rows; return how many there were."""
    columns = list(table.primary_key)
    one = statement.where(*(column == bindparam(f"of_{column.name}", type_=column.type) for column in columns))
    asked = [dict(zip((f"of_{column.name}" for column in columns), _parts(key), strict=True)) for key in keys]
    return sum(connection.execute(one, each).rowcount for each in asked)


def _parts(key: Any) -> tuple[Any, ...]:
    return key if isinstance(key, tuple) else (key,)


def _bare(url: str, holds: Holds) -> str:
    """Return an address without its query; without its path where that tells."""
    address = url.partition("?")[0]
    if not holds(address):
        return address
    scheme, mark, rest = address.partition("://")
    return f"{scheme}{mark}{rest.partition('/')[0]}/"
