"""How the store stands, in figures and at a glance. Nothing in it is about a person but the object keys and the errors."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from apimonster_cli.store.rows import DeliveryState, EventStatus


@dataclass(frozen=True, slots=True)
class Queue:
    """The open deliveries of a bundle. oldest: when the first of those that somebody waits for was made; replays are left out."""

    waiting: int = 0
    running: int = 0
    oldest: datetime | None = None


@dataclass(frozen=True, slots=True)
class Figures:
    """queues: bundle → its open deliveries, where it has any. failed: how many deliveries have failed and wait for a person."""

    queues: Mapping[str, Queue]
    failed: int


@dataclass(frozen=True, slots=True)
class EventGlance:
    """An event without what was in it. deliveries: bundle → state."""

    id: int
    received_at: datetime
    connection: str
    event: str | None
    status: EventStatus
    object_key: str | None
    deliveries: Mapping[str, DeliveryState] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FailureGlance:
    """A failed delivery, and of which event."""

    event_id: int
    connection: str
    event: str | None
    object_key: str | None
    bundle: str
    closed_at: datetime | None
    error: str | None


@dataclass(frozen=True, slots=True)
class Glance:
    """What came in last and what failed last, the newest first."""

    events: Sequence[EventGlance]
    failures: Sequence[FailureGlance]
