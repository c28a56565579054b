"""Objects as pulls have shown them: what is new, changed or gone since becomes an event."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, bindparam, insert, or_, select, update

from apimonster_cli.store import cursors, intake, transactions
from apimonster_cli.store.prepared import Prepared
from apimonster_cli.store.rows import (
    Change,
    EndedTransaction,
    NewEvent,
    PageTaken,
    PulledItem,
    PulledPage,
    PullLease,
    Unseen,
)
from apimonster_cli.store.tables import pulled

_CLOCKS_SET_BACK = timedelta(hours=1)
_OF_BUNDLE = pulled.c.bundle == bindparam("of_bundle")
_THIS = (_OF_BUNDLE, pulled.c.object_key == bindparam("of_key"))
_KNOWN = select(pulled.c.object_key, pulled.c.content, pulled.c.gone, pulled.c.updated_at).where(
    _OF_BUNDLE, pulled.c.object_key.in_(bindparam("keys", expanding=True))
)
_INSERT = Prepared(insert(pulled))
_CHANGED = Prepared(
    update(pulled)
    .where(*_THIS)
    .values(
        {
            name: bindparam(f"new_{name}")
            for name in (
                "content",
                "moment",
                "updated_at",
                "gone",
                "payload",
                "event_id",
                "read",
                "seen_at",
                "asked_at",
            )
        }
    )
)
_SEEN = Prepared(
    update(pulled)
    .where(*_THIS)
    .values({name: bindparam(f"new_{name}") for name in ("moment", "read", "seen_at", "asked_at")})
)
_MISSING = (
    select(pulled.c.object_key, pulled.c.content, pulled.c.payload, pulled.c.moment, pulled.c.updated_at)
    .where(
        _OF_BUNDLE,
        pulled.c.moment >= bindparam("since", type_=pulled.c.moment.type),
        pulled.c.moment < bindparam("until", type_=pulled.c.moment.type),
        pulled.c.read != bindparam("read"),
        pulled.c.gone.is_(False),
        or_(pulled.c.asked_at.is_(None), pulled.c.asked_at < bindparam("asked_before", type_=pulled.c.asked_at.type)),
    )
    .order_by(pulled.c.asked_at.nulls_first(), pulled.c.moment)
    .limit(bindparam("most"))
)


@dataclass(frozen=True, slots=True)
class _Known:
    """An object as the last pull that changed it has left it."""

    content: str
    gone: bool
    updated: datetime | None

    def is_newer_than(self, item: PulledItem) -> bool:
        """Return whether an item is an old copy, or another object that goes by the same number: such a pair would change for ever.

        An hour is left in doubt: when clocks are set back, the same time of day comes twice.
        """
        return self.updated is not None and item.updated is not None and self.updated - item.updated > _CLOCKS_SET_BACK


def accept_page(
    connection: Connection,
    lease: PullLease,
    page: PulledPage,
    ended: Sequence[EndedTransaction],
    until: datetime,
) -> PageTaken:
    """Keep a page: an event and its delivery for each object that is not as it was, and how far the read has come."""
    cursors.move(connection, lease, page.position, until)
    transactions.end_pulls(connection, lease, ended)
    keys = [item.object_key for item in page.items]
    found = connection.execute(_KNOWN, {"of_bundle": lease.bundle, "keys": keys})
    known = {key: _Known(content, gone, updated) for key, content, gone, updated in found}
    changes = [(item, change) for item in page.items if (change := _change(item, known.get(item.object_key)))]
    events = [_event(item, change, lease, page) for item, change in changes]
    ids = [accepted.event_id for accepted in intake.accept(connection, events)]
    rows = {
        item.object_key: _row(item, lease, page) | {"event_id": event_id}
        for (item, _), event_id in zip(changes, ids, strict=True)
    }
    _INSERT.each(connection, (row for key, row in rows.items() if key not in known))
    _CHANGED.each(connection, (_named(row) for key, row in rows.items() if key in known))
    unchanged = [item for item in page.items if item.object_key not in rows]
    _SEEN.each(connection, (_named(_row(item, lease, page)) for item in unchanged))
    counts = Counter(change for _, change in changes)
    return PageTaken(counts["created"], counts["updated"], counts["deleted"], len(unchanged))


def missing(connection: Connection, unseen: Unseen) -> list[PulledItem]:
    """Return objects that were there and that the read has not shown, as they were."""
    wanted = {"of_bundle": unseen.bundle, "read": unseen.read, "since": unseen.since, "until": unseen.until}
    wanted |= {"asked_before": unseen.asked_before, "most": unseen.most}
    return [
        PulledItem(row.object_key, row.content, row.payload, row.moment, updated=row.updated_at)
        for row in connection.execute(_MISSING, wanted)
    ]


def _change(item: PulledItem, known: _Known | None) -> Change | None:
    """Return what happened to an object since it was known; nothing when this is an older copy of it."""
    if known is not None and (known.is_newer_than(item) or (known.content, known.gone) == (item.content, item.gone)):
        return None
    if item.gone:
        return "deleted"
    return "created" if known is None else "updated"


def _event(item: PulledItem, change: Change, lease: PullLease, page: PulledPage) -> NewEvent:
    return NewEvent(
        connection=page.connection,
        event=page.event,
        status="accepted",
        received_at=page.at,
        payload=item.payload,
        object_key=item.object_key,
        bundles=(lease.bundle,),
        bulk=page.bulk,
        change=change,
    )


def _row(item: PulledItem, lease: PullLease, page: PulledPage) -> dict[str, Any]:
    return {
        "bundle": lease.bundle,
        "object_key": item.object_key,
        "content": item.content,
        "moment": item.moment,
        "updated_at": item.updated,
        "gone": item.gone,
        "payload": item.payload,
        "read": page.position.read,
        "seen_at": page.at,
        "asked_at": page.at if item.alone else None,
    }


def _named(row: Mapping[str, Any]) -> dict[str, Any]:
    new = {f"new_{name}": value for name, value in row.items()}
    return {"of_bundle": row["bundle"], "of_key": row["object_key"], **new}
