"""What the store has of a person, and what became of it when it was erased."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from apimonster_cli.store.rows import DeliveryState

Holds = Callable[[str], bool]
"""Text → whether the person is in it."""
SameThing = Callable[[str], Sequence[str]]
"""Name of an event → names of all events that are about the same kind of thing: a lead and a contact may both be called 7."""

ERASED = "erased by sync forget"
"""What stands where an error was that told of the person."""


@dataclass(frozen=True, slots=True)
class TracedDelivery:
    """A delivery of an event of the person."""

    id: int
    bundle: str
    state: DeliveryState
    is_open: bool


@dataclass(frozen=True, slots=True)
class TracedEvent:
    """An event that holds the person, or is about the same thing as one that does."""

    id: int
    received_at: datetime
    deliveries: tuple[TracedDelivery, ...] = ()

    @property
    def is_open(self) -> bool:
        """Return whether it is still to be delivered: erased now, a lead would be lost."""
        return any(delivery.is_open for delivery in self.deliveries)


@dataclass(frozen=True, slots=True)
class Made:
    """What a step has made or changed in a service, by the ids that it gave out."""

    event_id: int
    bundle: str
    action: str
    ids: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Traces:
    """All that the store has of a person. events: whole; the rest are rows that hold the person and belong to none of them.

    steps: (delivery, step) of ended deliveries; held_by: events of others of which an open delivery's step holds the person.
    transactions: by number; deliveries: whose error tells. pulled, versions, cursors, pauses: primary keys.
    called: connections that were sent something for those events.
    """

    events: tuple[TracedEvent, ...] = ()
    steps: tuple[tuple[int, str], ...] = ()
    held_by: tuple[TracedEvent, ...] = ()
    transactions: tuple[int, ...] = ()
    deliveries: tuple[int, ...] = ()
    pulled: tuple[tuple[str, str], ...] = ()
    versions: tuple[tuple[str, str, str], ...] = ()
    cursors: tuple[tuple[str, str], ...] = ()
    pauses: tuple[str, ...] = ()
    made: tuple[Made, ...] = ()
    called: tuple[str, ...] = ()
    calls: int = 0
    """How many transactions the events have, and how many others hold the person."""

    @property
    def ended(self) -> tuple[TracedEvent, ...]:
        """Return the events that can be erased."""
        return tuple(event for event in self.events if not event.is_open)

    @property
    def left(self) -> tuple[TracedEvent, ...]:
        """Return the events that cannot."""
        return tuple(event for event in (*self.events, *self.held_by) if event.is_open)

    def parts(self, most: int) -> Iterator["Traces"]:
        """Yield what can be erased, at most so many events or rows of a kind at a time."""
        for events in _cut(self.ended, most):
            yield Traces(events=events)
        for name in ("steps", "transactions", "deliveries", "pulled", "versions", "cursors", "pauses"):
            for rows in _cut(getattr(self, name), most):
                part: dict[str, Any] = {name: rows}
                yield Traces(**part)

    @property
    def is_empty(self) -> bool:
        """Return whether the store knows nothing of the person."""
        return not self.left and next(self.parts(1), None) is None


def _cut(rows: tuple[Any, ...], most: int) -> Iterator[tuple[Any, ...]]:
    return (rows[start : start + most] for start in range(0, len(rows), most))


@dataclass(frozen=True, slots=True)
class Erased:
    """What was erased: table → rows, and the events that were erased whole."""

    rows: Counter[str] = field(default_factory=Counter)
    events: tuple[int, ...] = ()

    def __add__(self, other: "Erased") -> "Erased":
        """Return both together."""
        return Erased(self.rows + other.rows, (*self.events, *other.events))
