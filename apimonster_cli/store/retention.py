"""Old rows go, a few at a time, so that intake never waits for long."""

from datetime import datetime

from sqlalchemy import Connection, Delete, Integer, Table, bindparam, delete, exists, or_, select, tuple_

from apimonster_cli.core import crash
from apimonster_cli.store import dialect
from apimonster_cli.store.tables import deliveries, events, is_open, pulled, repeat_keys, transactions, versions

_BEFORE = bindparam("before", type_=events.c.received_at.type)
_MOST = bindparam("most", type_=Integer)
_OLD_TRANSACTIONS = (
    select(transactions.c.id)
    .where(
        transactions.c.sent_at < _BEFORE,
        # those of an open delivery say what is in doubt
        ~exists().where(deliveries.c.id == transactions.c.delivery_id, is_open),
    )
    .order_by(transactions.c.sent_at)
    .limit(_MOST)
)
_OLD_EVENTS = (
    select(events.c.id)
    .where(
        events.c.received_at < _BEFORE,
        ~exists().where(deliveries.c.event_id == events.c.id, or_(is_open, deliveries.c.state == "failed")),
    )
    .order_by(events.c.received_at)
    .limit(_MOST)
)
_OLD_KEYS = (
    select(repeat_keys.c.key).where(repeat_keys.c.seen_at < _BEFORE).order_by(repeat_keys.c.seen_at).limit(_MOST)
)
_OLD_OBJECTS = (
    select(pulled.c.bundle, pulled.c.object_key)
    .where(pulled.c.seen_at < _BEFORE)
    .order_by(pulled.c.seen_at)
    .limit(_MOST)
)
_OLD_VERSIONS = (
    select(versions.c.connection, versions.c.object_key, versions.c.event)
    .where(versions.c.seen_at < _BEFORE)
    .order_by(versions.c.seen_at)
    .limit(_MOST)
)


def prune(
    connection: Connection, *, events_before: datetime, transactions_before: datetime, keys_before: datetime, batch: int
) -> int:
    """Delete at most `batch` transactions, events (deliveries and steps go with them), keys, pulled objects and versions."""
    gone = 0
    for table, old, before in (
        (transactions, _OLD_TRANSACTIONS, transactions_before),
        (events, _OLD_EVENTS, events_before),
        (repeat_keys, _OLD_KEYS, keys_before),
        (pulled, _OLD_OBJECTS, keys_before),
        (versions, _OLD_VERSIONS, keys_before),
    ):
        found = connection.execute(old, {"before": before, "most": batch - gone}).all() if gone < batch else ()
        if found:
            connection.execute(_delete(table), {"found": [tuple(row) for row in found]})
            gone += len(found)
    if gone:
        dialect.tidy(connection)
        crash.point("prune")
    return gone


def _delete(table: Table) -> Delete:
    return delete(table).where(tuple_(*table.primary_key).in_(bindparam("found", expanding=True)))
