"""Rows of what has been, as far as it is needed to say what can be delivered again."""

from dataclasses import dataclass
from datetime import datetime

from apimonster_cli.store.rows import Change, DeliveryState, EventStatus


@dataclass(frozen=True, slots=True)
class PastFilter:
    """Which events may be delivered again: those with these ids, else all that were accepted or not matched.

    failed: only with a failed delivery, through `bundle` if that is given. connection: only those that came in there.
    """

    event_ids: tuple[int, ...] = ()
    failed: bool = False
    bundle: str | None = None
    connection: str | None = None
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class PastDelivery:
    """A delivery as it stands now. error: what went wrong last, or what the filter refused."""

    id: int
    bundle: str
    state: DeliveryState
    error: str | None


@dataclass(frozen=True, slots=True)
class PastEvent:
    """An event with its deliveries, as far as is needed to say whether and how it can be delivered again."""

    id: int
    connection: str
    event: str | None
    status: EventStatus
    object_key: str | None
    received_at: datetime
    change: Change | None
    deliveries: tuple[PastDelivery, ...] = ()


@dataclass(frozen=True, slots=True)
class Replay:
    """One event to go through one bundle again. delivery_id: of the ended delivery; None when it never went through.

    event, object_key: what an event turns out to be that nothing had recognised; None for all others.
    """

    event_id: int
    bundle: str
    delivery_id: int | None
    event: str | None = None
    object_key: str | None = None
