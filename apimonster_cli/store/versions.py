"""Versions of objects: an event that shows an older one than was seen before is late."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection, bindparam, insert, select, update

from apimonster_cli.store.prepared import Prepared
from apimonster_cli.store.rows import NewEvent
from apimonster_cli.store.tables import versions

_OF_OBJECT = (versions.c.connection == bindparam("through"), versions.c.object_key == bindparam("about"))
_SEEN = Prepared(select(versions.c.event, versions.c.version).where(*_OF_OBJECT))
_INSERT = Prepared(insert(versions))
_MOVE = Prepared(
    update(versions)
    .where(*_OF_OBJECT, versions.c.event == bindparam("what"))
    .values(version=bindparam("reached"), seen_at=bindparam("now"))
)
_Key = tuple[str, str, str]
"""Connection, object key and event."""


class Versions:
    """The highest versions seen, on disk or in the batch at hand."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._seen: dict[tuple[str, str], dict[str, int]] = {}
        self._on_disk: set[_Key] = set()
        self._reached: dict[_Key, tuple[int, datetime]] = {}

    def judge(self, event: NewEvent) -> NewEvent:
        """Return an event as it is to be kept, and take note of its version."""
        if event.version is None or event.object_key is None or event.event is None:
            return event
        seen = self._of_object(event.connection, event.object_key)
        judged = event if event.version >= max(seen.values(), default=0) else _late(event, event.version, seen)
        if event.version > seen.get(event.event, -1):
            seen[event.event] = event.version
            self._reached[event.connection, event.object_key, event.event] = (event.version, event.received_at)
        return judged

    def write(self) -> None:
        """Keep what was reached."""
        reached = [(key, *found) for key, found in self._reached.items()]
        _INSERT.each(
            self._connection,
            (
                {"connection": key[0], "object_key": key[1], "event": key[2], "version": version, "seen_at": at}
                for key, version, at in reached
                if key not in self._on_disk
            ),
        )
        _MOVE.each(
            self._connection,
            (
                {"through": key[0], "about": key[1], "what": key[2], "reached": version, "now": at}
                for key, version, at in reached
                if key in self._on_disk
            ),
        )

    def _of_object(self, connection: str, object_key: str) -> dict[str, int]:
        """Return event → highest version of it."""
        if (connection, object_key) not in self._seen:
            found = _SEEN.once(self._connection, {"through": connection, "about": object_key}).fetchall()
            seen: dict[str, int] = {event: version for event, version in found}  # noqa: C416  # dict() loses the types
            self._seen[connection, object_key] = seen
            self._on_disk.update((connection, object_key, event) for event in seen)
        return self._seen[connection, object_key]


def _late(event: NewEvent, version: int, seen: Mapping[str, int]) -> NewEvent:
    """Return a late event: through the bundles that no newer version went through, or all if it says so.

    A bundle for new orders alone still takes an order that was overtaken by a change of its status: it has not seen it yet.
    """
    reason = f"late: version {version} came after version {max(seen.values())}"
    if event.stale == "deliver":
        return replace(event, reason=reason)
    bundles = tuple(
        name for name in event.bundles if all(seen.get(other, 0) <= version for other in event.takes.get(name, seen))
    )
    return replace(event, reason=reason, bundles=bundles, status=event.status if bundles else "stale")
