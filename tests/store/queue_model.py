"""The queue in plain Python, as its promises describe it: what the state machine compares the store with.

A delivery is free when it is open and no older open one of the same object and bundle is before it; it is due from `due` on,
a running one when its lease ends.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from apimonster_cli.store.rows import Accepted, Claimed, EndedTransaction, Lease, NewEvent

_SUSPECT = 3
_APART = timedelta(seconds=2)
_LEAP = timedelta(minutes=1)
_PUT_OFF_AT_MOST = timedelta(days=2)
_ENDED = ("done", "filtered", "failed")


@dataclass(slots=True)
class Event:
    """An event that is in the store."""

    id: int
    name: str | None
    about: str | None
    repeat_key: str | None
    received: datetime
    status: str
    repeats: int = 0


@dataclass(slots=True)
class Delivery:
    """A delivery that is in the store. steps: finished ones and their outcomes."""

    id: int
    event: int
    bundle: str
    about: str | None
    due: datetime
    priority: int
    state: str = "waiting"
    worker: str | None = None
    attempt: int = 0
    tries: int = 0
    interrupted: int = 0
    turned_away: bool = False
    failing: str | None = None
    first_tried: datetime | None = None
    steps: dict[str, str] = field(default_factory=dict)

    @property
    def open(self) -> bool:
        """Return whether it has not ended."""
        return self.state not in _ENDED


@dataclass(slots=True)
class Call:
    """A transaction that is in the store."""

    delivery: int
    step: str
    writes: bool
    sent: datetime
    state: str = "sent"
    status: int | None = None


class Model:
    """What the store should hold. takes: bundle → events. seen: what the clock showed when that was last put on record."""

    def __init__(self, takes: dict[str, tuple[str, ...]], seen: datetime) -> None:
        self.seen = seen
        self.takes = takes
        self.events: dict[int, Event] = {}
        self.deliveries: dict[int, Delivery] = {}
        self.calls: dict[int, Call] = {}
        self.paused: set[str] = set()
        self._last_event = 0
        self._first_with: dict[tuple[str | None, str | None, str], int] = {}
        self._versions: list[tuple[str, str, int]] = []

    # events in
    def accept(self, new: NewEvent) -> tuple[Accepted, tuple[str, ...]]:
        """Keep an event; return what becomes of it and the bundles that it goes through."""
        original = self._original(new)
        if original is not None:
            if original in self.events:
                self.events[original].repeats += 1
            return Accepted(original, duplicate=True), ()
        self._last_event += 1
        bundles, stale = self._judged(new)
        status = "stale" if stale else new.status
        kept = Event(self._last_event, new.event, new.object_key, new.repeat_key, new.received_at, status)
        self.events[kept.id] = kept
        if new.repeat_key is not None and new.repeat == "ever":
            self._first_with[new.event, new.object_key, new.repeat_key] = kept.id
        return Accepted(kept.id, duplicate=False, stale=stale), bundles

    def _original(self, new: NewEvent) -> int | None:
        if new.repeat_key is None:
            return None
        if new.repeat == "ever":
            return self._first_with.get((new.event, new.object_key, new.repeat_key))
        same = [one for one in self.events.values() if (one.name, one.about) == (new.event, new.object_key)]
        return same[-1].id if same and same[-1].repeat_key == new.repeat_key else None

    def _judged(self, new: NewEvent) -> tuple[tuple[str, ...], bool]:
        """Return the bundles of an event and whether it comes too late for all of them."""
        if new.version is None or new.object_key is None or new.event is None:
            return new.bundles, False
        newer = {name for about, name, version in self._versions if about == new.object_key and version > new.version}
        self._versions.append((new.object_key, new.event, new.version))
        if not newer or new.stale == "deliver":
            return new.bundles, False
        bundles = tuple(bundle for bundle in new.bundles if not newer & set(self.takes[bundle]))
        return bundles, not bundles

    # deliveries
    def add(self, delivery: Delivery) -> None:
        """Note a new delivery; it comes after all others of its object."""
        assert delivery.id not in self.deliveries
        assert delivery.about is None or all(one.id < delivery.id for one in self._line(delivery))
        self.deliveries = dict(sorted({**self.deliveries, delivery.id: delivery}.items()))

    def before(self, delivery: Delivery) -> int | None:
        """Return the delivery that has to end before this one."""
        if delivery.about is None or not delivery.open:
            return None
        return max((one.id for one in self._line(delivery) if one.id < delivery.id), default=None)

    def _line(self, delivery: Delivery) -> Iterable[Delivery]:
        """Return the open deliveries of the same object and bundle."""
        same = (delivery.bundle, delivery.about)
        return (one for one in self.deliveries.values() if one.open and (one.bundle, one.about) == same)

    def free(self, bundles: Collection[str]) -> list[Delivery]:
        """Return the open deliveries of `bundles` that have none before them."""
        return [
            one for one in self.deliveries.values() if one.open and one.bundle in bundles and self.before(one) is None
        ]

    def take(self, claimed: Claimed, now: datetime, lease: timedelta) -> None:
        """Let a free and due delivery be claimed; what it says of itself has to be so."""
        one = self.deliveries[claimed.lease.delivery_id]
        assert one.open, "it has ended and was not replayed"
        assert self.before(one) is None, "an older one of its object is open"
        assert one.due <= now, "it is not due, or somebody holds it"
        one.state, one.worker, one.due, one.attempt = "running", claimed.lease.worker, now + lease, one.attempt + 1
        assert claimed.first_tried_at == one.first_tried
        one.first_tried = one.first_tried or now
        assert claimed.lease.attempt == one.attempt
        assert (claimed.event_id, claimed.bundle, claimed.object_key) == (one.event, one.bundle, one.about)
        assert (claimed.tries, claimed.failing, claimed.interrupted) == (one.tries, one.failing, one.interrupted)
        assert claimed.bulk == bool(one.priority)
        assert {step.step: step.outcome for step in claimed.finished} == one.steps
        assert set(claimed.doubtful) == self._doubtful(one)

    def _doubtful(self, delivery: Delivery) -> set[str]:
        """Return the steps that may have changed something without being finished."""
        first = delivery.first_tried
        assert first
        return {
            call.step
            for call in self.calls.values()
            if call.delivery == delivery.id and call.writes and call.step not in delivery.steps
            if call.state in ("sent", "unknown") or (call.status == 201 and call.sent < first)
        }

    def holds(self, lease: Lease) -> bool:
        """Return whether a lease is the one that counts."""
        one = self.deliveries.get(lease.delivery_id)
        held = one is not None and one.state == "running"
        return bool(held and one and (one.worker, one.attempt) == (lease.worker, lease.attempt))

    def wait(self, delivery: int, until: datetime, *, counts: bool) -> None:
        """Let a delivery wait; counts: its try counts towards giving up."""
        one = self.deliveries[delivery]
        one.state, one.worker, one.due = "waiting", None, until
        one.tries, one.turned_away, one.interrupted = one.tries + counts, not counts, 0

    def give_up(self, delivery: int, until: datetime, error: str) -> None:
        """Let a delivery wait for its on_failure steps."""
        self.wait(delivery, until, counts=True)
        one = self.deliveries[delivery]
        one.tries, one.first_tried, one.failing = 0, None, error

    def close(self, delivery: int, outcome: str, now: datetime) -> None:
        """End a delivery."""
        one = self.deliveries[delivery]
        one.state, one.worker, one.due, one.turned_away = outcome, None, now, False

    def end(self, ended: Iterable[EndedTransaction]) -> None:
        """Note what became of calls."""
        for each in ended:
            call = self.calls[each.transaction_id]
            call.state, call.status = each.state, each.status

    def hand_back(self, worker: str, now: datetime) -> int:
        """Give back what a worker holds; return how many."""
        held = [one for one in self.deliveries.values() if one.state == "running" and one.worker == worker]
        for one in held:
            one.state, one.worker, one.due = "waiting", None, now
        return len(held)

    def move(self, now: datetime, leap: timedelta) -> int:
        """Let what waits follow a clock that was set; return how many moments were moved.

        What was replayed stays tried since later than its calls of before; nothing waits longer for a clock that is set on.
        """
        self.seen, back = now, leap < timedelta()
        tried = [
            one for one in self.deliveries.values() if one.open and one.first_tried and not (back and one.priority)
        ]
        waiting = [one for one in self.deliveries.values() if one.state == "waiting" and back]
        for one in tried:
            one.first_tried = (one.first_tried or now) + leap
        for one in waiting:
            one.due += leap
        return len(tried) + len(waiting)

    def start_again(self, now: datetime) -> None:
        """Give back what was held when the program ended; suspects go one after the other."""
        if not -_LEAP < now - self.seen < _PUT_OFF_AT_MOST:
            self.move(now, now - self.seen)
        self.seen = now
        for one in self.deliveries.values():
            if one.state == "waiting" and one.due > now + _PUT_OFF_AT_MOST:
                one.due = now
        held = [one for one in self.deliveries.values() if one.state == "running"]
        for one in held:
            one.state, one.worker, one.due, one.interrupted = "waiting", None, now, one.interrupted + 1
        suspects = [one for one in self.deliveries.values() if one.state == "waiting" and one.interrupted >= _SUSPECT]
        for place, one in enumerate(suspects if held else ()):
            one.due = now + _APART * place

    def resume(self, connection: str, now: datetime) -> bool:
        """Make due what a paused connection has turned away; False when it is not paused."""
        if connection not in self.paused:
            return False
        self.paused.remove(connection)
        for one in self.deliveries.values():
            if one.state == "waiting" and one.turned_away:
                one.due = now
        return True

    def can_replay(self, event: int, bundle: str, delivery: int | None) -> bool:
        """Return whether an event can go through a bundle again, or for the first time."""
        kept = self.events.get(event)
        if kept is None:
            return False
        line = [one for one in self.deliveries.values() if (one.bundle, one.about) == (bundle, kept.about)]
        if kept.about is not None and any(one.state == "running" for one in line):
            return False
        if delivery is not None:
            return delivery in self.deliveries and not self.deliveries[delivery].open
        return not any((one.event, one.bundle) == (event, bundle) for one in self.deliveries.values())

    def open_again(self, delivery: int, now: datetime) -> None:
        """Replay an ended delivery: a failed one keeps the steps that were done."""
        one = self.deliveries[delivery]
        kept = {name: outcome for name, outcome in one.steps.items() if one.state == "failed" and outcome != "failed"}
        one.steps = {name: outcome for name, outcome in kept.items() if not name.startswith("on_failure.")}
        one.state, one.due, one.priority, one.first_tried, one.failing = "waiting", now, 1, None, None
        one.tries, one.interrupted, one.turned_away = 0, 0, False

    def prune(self, before: datetime) -> None:
        """Let go what is old: never what is open or failed, nor what says what is in doubt."""
        staying = {one.event for one in self.deliveries.values() if one.open or one.state == "failed"}
        self.events = {
            number: one for number, one in self.events.items() if number in staying or one.received >= before
        }
        self.deliveries = {number: one for number, one in self.deliveries.items() if one.event in self.events}
        self.calls = {
            number: call
            for number, call in self.calls.items()
            if call.sent >= before
            or (call.delivery in self.deliveries and (call.writes or self.deliveries[call.delivery].open))
        }

    def states(self) -> Counter[str]:
        """Return how many deliveries there are by state."""
        return Counter(one.state for one in self.deliveries.values())

    def rows(self) -> dict[str, Sequence[Sequence[object]]]:
        """Return the tables as the store should have them, by their names, each row in the order of its number."""
        return {
            "events": [(one.id, one.repeats, one.status) for one in self.events.values()],
            "deliveries": [
                (
                    *(one.id, one.event, one.bundle, one.about, one.state, self.before(one), _moment(one.due)),
                    *(one.attempt, one.tries, one.worker, one.priority, one.interrupted, one.failing),
                )
                for one in self.deliveries.values()
            ],
            "steps": sorted((one.id, *step) for one in self.deliveries.values() for step in one.steps.items()),
            "transactions": [(number, call.delivery, call.state) for number, call in sorted(self.calls.items())],
        }


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S.%f}Z"
