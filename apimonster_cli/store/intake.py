"""Events in: repeats are told from new events, and a new one gets a delivery for each of its bundles."""

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, func, insert, select, update

from apimonster_cli.store import dialect
from apimonster_cli.store.prepared import Prepared
from apimonster_cli.store.rows import Accepted, NewEvent
from apimonster_cli.store.tables import deliveries, events, is_open, repeat_keys
from apimonster_cli.store.versions import Versions

_INSERT_EVENT = Prepared(insert(events))
_INSERT_KEY = Prepared(insert(repeat_keys))
_INSERT_DELIVERY = Prepared(
    insert(deliveries).values(
        event_id=bindparam("of_event"),
        bundle=bindparam("through"),
        object_key=bindparam("about"),
        state="waiting",
        # Rows of one statement do not find each other: see _insert_deliveries.
        behind=select(func.max(deliveries.c.id))
        .where(is_open, deliveries.c.bundle == bindparam("through"), deliveries.c.object_key == bindparam("about"))
        .scalar_subquery(),
        due_at=bindparam("received"),
        created_at=bindparam("received"),
        attempt=0,
        tries=0,
        turned_away=False,
        priority=bindparam("rank"),
    )
)
_COUNT_REPEAT = Prepared(
    update(events).where(events.c.id == bindparam("of_event")).values(repeats=events.c.repeats + bindparam("more"))
)
_KNOWN = Prepared(select(repeat_keys.c.key, repeat_keys.c.event_id).where(repeat_keys.c.key.in_([bindparam("hashed")])))
_LATEST = Prepared(
    select(events.c.id, events.c.repeat_key)
    .where(
        events.c.connection == bindparam("through"),
        events.c.event.is_not_distinct_from(bindparam("what")),
        events.c.object_key.is_not_distinct_from(bindparam("about")),
    )
    .order_by(events.c.id.desc())
    .limit(1)
)


def accept(connection: Connection, batch: Sequence[NewEvent]) -> list[Accepted]:
    """Keep the events that are no repeats, in the order given; return what became of each."""
    keys = [_hashed(event) if event.repeat_key is not None and event.repeat == "ever" else None for event in batch]
    repeats = _Repeats(connection, [key for key in keys if key is not None])
    versions = Versions(connection)
    ids = iter(dialect.reserve(connection, events, len(batch)))
    accepted: list[Accepted] = []
    new: list[tuple[int, NewEvent]] = []
    for event, key in zip(batch, keys, strict=True):
        original = repeats.original(event, key)
        if original is None:
            event_id = next(ids)
            repeats.remember(event_id, event, key)
            kept = event if event.version is None else versions.judge(event)
            new.append((event_id, kept))
            accepted.append(Accepted(event_id, duplicate=False, stale=kept.status == "stale"))
        else:
            accepted.append(Accepted(original, duplicate=True))
    _INSERT_EVENT.together(connection, (_event_row(event_id, event) for event_id, event in new))
    _insert_deliveries(connection, new)
    repeats.write()
    versions.write()
    return accepted


def _insert_deliveries(connection: Connection, new: Sequence[tuple[int, NewEvent]]) -> None:
    """Make the deliveries; those of an object that is in the batch more than once stand behind one another."""
    first: list[dict[str, Any]] = []
    later: list[dict[str, Any]] = []
    seen: set[tuple[str, str | None]] = set()
    for event_id, event in new:
        for bundle in event.bundles:
            row = {
                "of_event": event_id,
                "through": bundle,
                "about": event.object_key,
                "received": event.received_at,
                "rank": int(event.bulk),
            }
            again = event.object_key is not None and (bundle, event.object_key) in seen
            seen.add((bundle, event.object_key))
            (later if again else first).append(row)
    _INSERT_DELIVERY.together(connection, first)
    _INSERT_DELIVERY.each(connection, later)


class _Repeats:
    """Which events of a batch repeat an earlier one, on disk or in the batch."""

    def __init__(self, connection: Connection, keys: Sequence[str]) -> None:
        self._connection = connection
        known = _KNOWN.among(connection, keys).fetchall() if keys else []
        self._keys: dict[str, int] = dict(known)
        self._latest: dict[tuple[str, str | None, str | None], tuple[int, str | None] | None] = {}
        self._new_keys: list[dict[str, Any]] = []
        self._counts: Counter[int] = Counter()

    def original(self, event: NewEvent, key: str | None) -> int | None:
        """Return the id of the event that this one repeats, and count the repeat. key: the hash, where repeats count for ever."""
        if event.repeat_key is None:
            return None
        found = self._same_as_latest(event) if key is None else self._keys.get(key)
        if found is not None:
            self._counts[found] += 1
        return found

    def remember(self, event_id: int, event: NewEvent, key: str | None) -> None:
        """Take note of a new event."""
        self._latest[event.connection, event.event, event.object_key] = (event_id, event.repeat_key)
        if key is not None:
            self._keys[key] = event_id
            self._new_keys.append({"key": key, "event_id": event_id, "seen_at": event.received_at})

    def write(self) -> None:
        """Keep the new keys and the counts."""
        _INSERT_KEY.together(self._connection, self._new_keys)
        _COUNT_REPEAT.each(
            self._connection, ({"of_event": event_id, "more": more} for event_id, more in self._counts.items())
        )

    def _same_as_latest(self, event: NewEvent) -> int | None:
        thing = (event.connection, event.event, event.object_key)
        if thing not in self._latest:
            named = {"through": event.connection, "what": event.event, "about": event.object_key}
            row = _LATEST.once(self._connection, named).fetchone()
            self._latest[thing] = (row[0], row[1]) if row else None
        latest = self._latest[thing]
        return latest[0] if latest and latest[1] == event.repeat_key else None


def _hashed(event: NewEvent) -> str:
    parts = json.dumps([event.connection, event.event, event.object_key, event.repeat_key])
    return hashlib.blake2b(parts.encode(), digest_size=16).hexdigest()


def _event_row(event_id: int, event: NewEvent) -> dict[str, Any]:
    return {
        "id": event_id,
        "connection": event.connection,
        "event": event.event,
        "status": event.status,
        "object_key": event.object_key,
        "received_at": event.received_at,
        "repeats": 0,
        "repeat_key": event.repeat_key,
        "reason": event.reason,
        "remote": event.remote,
        "content_type": event.content_type,
        "query": event.query,
        "headers": event.headers,
        "payload": event.payload,
        "body": event.body,
        "change": event.change,
        "version": event.version,
    }
