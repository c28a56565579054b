"""What comes in over virtual weeks and what becomes of it: payloads of the connectors' samples, rows as long as those of a real run."""

import random
from collections.abc import Iterator
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from apimonster_cli.connectors import registry
from apimonster_cli.store.api import Store
from apimonster_cli.store.past import PastFilter, Replay
from apimonster_cli.store.rows import Claimed, EndedTransaction, NewEvent, NewTransaction, Outcome, StepResult

FAR = timedelta(days=4000)
LEASE = timedelta(minutes=5)
_AT_ONCE = 256
_ORDER_ANSWER = 1500
_NOTE_ANSWER = 25
"""Letters that the look-alike of RetailCRM answers with; an order comes back whole."""


@dataclass(frozen=True)
class _Kind:
    """A kind of event. share: of all events, in percent; steps: actions of its bundle, none when its filter refuses it."""

    connection: str
    event: str
    sample: str
    share: int
    bundle: str | None = None
    steps: tuple[str, ...] = ()
    versioned: bool = False

    @property
    def text(self) -> str:
        """The payload of the sample, without its opening brace."""
        connector = self.event.partition(".")[0]
        file = registry.connector(connector).catalogue.folder / "samples" / f"{self.sample}.json"
        return file.read_text(encoding="utf-8").lstrip()[1:]


_ORDER, _EDIT, _NOTE = "retailcrm.create_order", "retailcrm.edit_order", "retailcrm.create_customer_note"
_KINDS = (
    _Kind("leads", "utmstat.new_lead", "new_lead", 25, "orders", (_ORDER, _NOTE)),
    _Kind("leads", "utmstat.lead_status_changed", "lead_status_changed", 25, "statuses", (_EDIT,)),
    _Kind("leads", "utmstat.contact_scored", "contact_scored", 20, "scores"),
    _Kind("shop", "salesdrive.new_order", "new_order", 5, "shop-orders", (_ORDER,), versioned=True),
    _Kind("shop", "salesdrive.status_change", "status_change", 10, "shop-statuses", (_EDIT,), versioned=True),
    _Kind("site", "tilda.form_submitted", "form_submitted", 10, "forms", (_ORDER, _NOTE)),
    _Kind("site", "webhook.received", "form_lead", 5),
)
_STEPS = {kind.bundle: kind.steps for kind in _KINDS if kind.bundle}
BUNDLES = tuple(_STEPS)
_FAILS, _STAYS_OPEN = 0.01, 0.001


@dataclass
class Ledger:
    """What was done, kept apart from the store: ids of events by what became of their only delivery, and a few whole events."""

    failed: dict[int, datetime] = field(default_factory=dict)
    open: set[int] = field(default_factory=set)
    resolved: set[int] = field(default_factory=set)
    some: list[tuple[int, NewEvent]] = field(default_factory=list)
    accepted: int = 0
    ended: int = 0


class Traffic:
    """Lets events come in and be delivered through the verbs of a store, many at a time."""

    def __init__(self, store: Store, pool: Executor, seed: int) -> None:
        self.store = store
        self.ledger = Ledger()
        self._pool = pool
        self._dice = random.Random(seed)
        self._texts = {kind.event: kind.text for kind in _KINDS}
        self._number = 0
        self._mending = False

    def come_in(self, count: int, start: datetime, span: timedelta, *, bulk: bool = False) -> None:
        """Let `count` events come in, spread over `span`; returns when all are on disk."""
        for first in range(0, count, _AT_ONCE * 4):
            batch = [
                self._event(start + span * (place / count), bulk=bulk)
                for place in range(first, min(count, first + _AT_ONCE * 4))
            ]
            futures = [self.store.accept(event) for event in batch]
            for event, future in zip(batch, futures, strict=True):
                accepted = future.result()
                assert not accepted.duplicate
                self.ledger.accepted += 1
                if accepted.event_id % 200 == 0 and event.bundles:
                    self.ledger.some.append((accepted.event_id, event))

    def deliver(self, now: datetime) -> None:
        """Work on all that is due."""
        while claimed := self.store.claim("weeks", BUNDLES, limit=_AT_ONCE, lease=LEASE, now=now):
            for each in self._pool.map(lambda one: self._work(one, now), claimed):
                self.ledger.ended += each

    def mend(self, before: datetime, now: datetime) -> int:
        """Deliver again every other one that has failed before then, with success; return how many."""
        wanted = sorted(number for number, at in self.ledger.failed.items() if at < before)[::2]
        past = self.store.past(PastFilter(event_ids=tuple(wanted[:900]))) if wanted else []
        items = [Replay(event.id, each.bundle, each.id) for event in past for each in event.deliveries]
        assert self.store.replay(items, now=now) == []
        self._mending = True
        self.deliver(now)
        self._mending = False
        for event in past:
            del self.ledger.failed[event.id]
            self.ledger.resolved.add(event.id)
        return len(past)

    def _event(self, moment: datetime, *, bulk: bool) -> NewEvent:
        self._number += 1
        (kind,) = self._dice.choices(_KINDS, [kind.share for kind in _KINDS])
        key = str(self._number)
        return NewEvent(
            connection=kind.connection,
            event=kind.event if kind.bundle else None,
            status="accepted" if kind.bundle else "unmatched",
            received_at=moment,
            payload=f'{{"id":{self._dice.getrandbits(62)},{self._texts[kind.event]}',
            content_type="application/json",
            headers={"User-Agent": "weeks/1.0", "Content-Type": "application/json"},
            remote="203.0.113.7",
            object_key=key,
            repeat_key=f"{self._dice.getrandbits(120):x}",
            bundles=(kind.bundle,) if kind.bundle else (),
            bulk=bulk,
            version=10 if kind.versioned else None,
        )

    def _work(self, claimed: Claimed, now: datetime) -> bool:
        """Deliver one; return whether it has ended."""
        fate = random.Random(claimed.event_id).random()  # not what the store says, and the same each time
        fails = fate < _FAILS and not self._mending
        steps = _STEPS[claimed.bundle]
        if _FAILS <= fate < _FAILS + _STAYS_OPEN:
            self.store.put_off(claimed.lease, until=now + FAR, error="the service asks to wait", counts=False)
            self.ledger.open.add(claimed.event_id)
            return False
        if fails:
            self.ledger.failed[claimed.event_id] = claimed.received_at
        if not steps:
            outcome: Outcome = "failed" if fails else "filtered"
            self.store.close(claimed.lease, outcome, error="score: 3 is not above 50")
        for position in range(len(steps)):
            _step(self.store, claimed, position, now, fails=fails)
            if fails:
                break
        return True


def _step(store: Store, claimed: Claimed, position: int, now: datetime, *, fails: bool) -> None:
    """Do one step of a delivery: a call, its answer, and what is kept of both; the last one ends the delivery."""
    steps = _STEPS[claimed.bundle]
    action, name = steps[position], f"step{position}"
    answer = _filled(claimed.event_id, _NOTE_ANSWER if action == _NOTE else _ORDER_ANSWER)
    call = NewTransaction(
        name,
        "crm",
        action,
        "POST",
        "https://demo.retailcrm.ru/api/v5/orders/create",
        _filled(1, 120),
        writes=True,
        sent_at=now,
    )
    transaction = store.begin_call(claimed.lease, call)
    ended = EndedTransaction(transaction, "answered", now, 400 if fails else 201, answer)
    result = StepResult(
        name,
        position,
        action,
        "failed" if fails else "done",
        now,
        fields={"externalId": claimed.object_key, "phone": "74950000042", "managerComment": _filled(2, 40)},
        origins={"externalId": "template", "phone": "path contact.phone", "managerComment": "template"},
        output={} if fails else {"answer": answer},
        error="phone: wrong" if fails else None,
    )
    outcome: Outcome | None = "failed" if fails else "done" if position == len(steps) - 1 else None
    store.end_step(claimed.lease, result, [ended], outcome=outcome, error="phone: wrong" if fails else None)


def _filled(number: int, letters: int) -> str:
    return (f"{number} " * (letters // 2))[:letters]


def repeats_of(some: list[tuple[int, NewEvent]], before: datetime) -> Iterator[tuple[int, NewEvent]]:
    """Yield the ids of events that came before then, each with the very same event."""
    for number, event in some:
        if event.received_at < before:
            yield number, event


def late(event: NewEvent, now: datetime) -> NewEvent:
    """Return an older version of what an event is about, which never came in before."""
    assert event.version
    return replace(event, version=event.version - 1, received_at=now, repeat_key=f"{now} {event.repeat_key}")
