"""The rows of the store as the rest of the program sees them. All times are aware and in UTC."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

EventStatus = Literal["accepted", "stale", "unmatched", "rejected", "forgotten"]
Stale = Literal["drop", "deliver"]
DeliveryState = Literal["waiting", "running", "done", "filtered", "failed"]
Outcome = Literal["done", "filtered", "failed"]
Change = Literal["created", "updated", "deleted"]
StepOutcome = Literal["done", "skipped", "failed"]
TransactionState = Literal["sent", "answered", "unknown", "turned_away", "planned"]


@dataclass(frozen=True, slots=True)
class NewEvent:
    """What a listener or a pull hands in.

    event: full event name, None for unmatched and rejected ones. bundles: names of the bundles it goes through.
    payload: the event as JSON text, the sender's own text where that was JSON. body: the raw body where it was not.
    repeat: see connectors.spec.Recognised. reason: why it was rejected or not matched. change: of a pulled one, what happened.
    bulk: nobody waits for it, so its deliveries give way to those of other events.
    version: see connectors.spec.Recognised. stale: what becomes of it when it is late: it goes through none of the bundles that
    a newer version went through (drop), or through all (deliver). takes: bundle → all the events it takes, for those with a version.
    """

    connection: str
    event: str | None
    status: EventStatus
    received_at: datetime
    payload: str | None
    body: bytes | None = None
    content_type: str | None = None
    query: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    remote: str | None = None
    object_key: str | None = None
    repeat_key: str | None = None
    repeat: Literal["ever", "latest"] = "ever"
    bundles: tuple[str, ...] = ()
    reason: str | None = None
    bulk: bool = False
    change: Change | None = None
    version: int | None = None
    stale: Stale = "drop"
    takes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Accepted:
    """What became of a NewEvent: the id of its row, or of the row it repeats. stale: it came too late to be delivered."""

    event_id: int
    duplicate: bool
    stale: bool = False


@dataclass(frozen=True, slots=True)
class Lease:
    """A claimed delivery: who holds it and for which attempt. Every write names both, so a late holder changes nothing."""

    delivery_id: int
    worker: str
    attempt: int


@dataclass(frozen=True, slots=True)
class FinishedStep:
    """A step that will not be done again. Position counts from 0; steps of on_failure are called `on_failure.<id>`."""

    step: str
    outcome: StepOutcome
    output: Mapping[str, Any] = field(default_factory=dict)
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Claimed:
    """A delivery to work on, with all that is needed for it.

    payload: JSON text. doubtful: steps with a writing call that was sent and of which no answer is on record, or
    that was answered before the delivery was replayed; with each the moment at which the last such call was given up on, or sent.
    store_id: names this database; ids derived from row numbers carry it, so a new database cannot repeat them.
    first_tried_at: when the first attempt began; None on the first. tries: attempts that count towards giving up.
    """

    lease: Lease
    event_id: int
    event: str
    connection: str
    bundle: str
    object_key: str | None
    received_at: datetime
    payload: str
    query: Mapping[str, Any]
    headers: Mapping[str, str]
    finished: tuple[FinishedStep, ...]
    doubtful: Mapping[str, datetime]
    store_id: str
    tries: int
    first_tried_at: datetime | None
    failing: str | None = None
    """The error of a delivery that has been given up and whose on_failure steps are still to run."""
    interrupted: int = 0
    """How many times in a row the program ended in the middle of an attempt."""
    bulk: bool = False
    """Its event is one of a great many that nobody waits for."""
    actions: Mapping[str, str] = field(default_factory=dict)
    """The actions of the steps that were begun before, by their names, in the order that they were begun."""
    change: Change | None = None
    """Of a pulled event: what happened to the object."""


@dataclass(frozen=True, slots=True)
class NewTransaction:
    """An outgoing call about to be sent. Everything in it is redacted."""

    step: str
    connection: str
    action: str
    method: str
    url: str
    request: str | None
    writes: bool
    sent_at: datetime
    state: TransactionState = "sent"


@dataclass(frozen=True, slots=True)
class EndedTransaction:
    """What became of a call. state: answered, unknown (it may have happened), turned_away (it surely did not)."""

    transaction_id: int
    state: TransactionState
    ended_at: datetime
    status: int | None = None
    answer: str | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class StepResult:
    """A finished step as it is kept: what was sent, where each target field came from, what came out.

    fields: the built target fields, redacted. origins: target → text such as `path contact.phone` or `default`.
    """

    step: str
    position: int
    action: str
    outcome: StepOutcome
    ended_at: datetime
    fields: Mapping[str, Any] = field(default_factory=dict)
    origins: Mapping[str, str] = field(default_factory=dict)
    output: Mapping[str, Any] = field(default_factory=dict)
    error: str | None = None


@dataclass(frozen=True, slots=True)
class EventRow:
    """An event as history shows it. deliveries: bundle → state."""

    id: int
    connection: str
    event: str | None
    status: EventStatus
    object_key: str | None
    received_at: datetime
    repeats: int
    reason: str | None
    payload: str | None
    body: bytes | None
    content_type: str | None
    query: Mapping[str, Any]
    headers: Mapping[str, str]
    remote: str | None
    change: Change | None = None
    version: int | None = None
    deliveries: Mapping[str, DeliveryState] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DeliveryRow:
    """A delivery as history shows it."""

    id: int
    event_id: int
    bundle: str
    object_key: str | None
    state: DeliveryState
    attempt: int
    created_at: datetime
    due_at: datetime
    closed_at: datetime | None
    error: str | None
    steps: tuple[StepResult, ...] = ()


@dataclass(frozen=True, slots=True)
class TransactionRow:
    """A transaction as history shows it. event_id and bundle are those of its delivery; a pull has neither delivery nor event."""

    id: int
    delivery_id: int | None
    event_id: int | None
    bundle: str
    step: str
    connection: str
    action: str
    method: str
    url: str
    writes: bool
    state: TransactionState
    status: int | None
    request: str | None
    answer: str | None
    error: str | None
    sent_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class HistoryFilter:
    """Which rows a listing shows, the newest first. search: text in the payload or unread body, object key, or request and answer."""

    connection: str | None = None
    bundle: str | None = None
    status: str | None = None
    since: datetime | None = None
    search: str | None = None
    event_id: int | None = None
    limit: int = 50


@dataclass(frozen=True, slots=True)
class Pause:
    """A connection whose credentials are refused: deliveries that need it wait."""

    connection: str
    since: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Position:
    """How far a read has come: its number, its window, when it began, the last page that is kept and how many there are."""

    read: int
    start: datetime
    end: datetime
    began_at: datetime
    page: int = 0
    pages: int | None = None


@dataclass(frozen=True, slots=True)
class PullLease:
    """A claimed pull: whose, who holds it, for which attempt. Every write names all of it, so a late holder changes nothing."""

    bundle: str
    reading: str
    holder: str
    attempt: int


@dataclass(frozen=True, slots=True)
class ClaimedPull:
    """A pull to do. complete: when the last complete read began; None for the first. read: the number of the read to come.

    position: where a read broke off; None when the last one was finished.
    """

    lease: PullLease
    complete: datetime | None
    read: int
    position: Position | None
    failures: int = 0


@dataclass(frozen=True, slots=True)
class PulledItem:
    """One object as a pull shows it. content: a hash; gone: it is deleted; alone: it was asked for by itself.

    updated: when the service says that it was last changed.
    """

    object_key: str
    content: str
    payload: str
    moment: datetime | None
    gone: bool = False
    alone: bool = False
    updated: datetime | None = None


@dataclass(frozen=True, slots=True)
class PulledPage:
    """What one page brings, each object once. connection, event: of the events it makes; bulk: see NewEvent."""

    connection: str
    event: str
    items: tuple[PulledItem, ...]
    position: Position
    at: datetime
    bulk: bool = False


@dataclass(frozen=True, slots=True)
class Unseen:
    """Which objects a complete read should have shown and has not: those of `bundle` dated from `since` to `until`.

    Left out are those known to be gone, and those asked for alone since `asked_before`; the longest unasked come first.
    """

    bundle: str
    read: int
    since: datetime
    until: datetime
    asked_before: datetime
    most: int


@dataclass(frozen=True, slots=True)
class PageTaken:
    """What became of a page: how many of its objects made an event of each kind, and how many none."""

    created: int = 0
    updated: int = 0
    deleted: int = 0
    unchanged: int = 0


@dataclass(frozen=True, slots=True)
class PullState:
    """How the pull of a bundle stands. held: some program, the `holder`, is pulling right now, until `held_until` at the latest."""

    bundle: str
    reading: str
    complete: datetime | None
    tried_at: datetime | None
    failures: int
    retry_at: datetime | None
    error: str | None
    held: bool
    held_until: datetime | None
    position: Position | None
    holder: str | None = None


@dataclass(frozen=True, slots=True)
class Counts:
    """How the store stands: deliveries by state, and the moment the oldest waiting one was created."""

    events: int
    deliveries: Mapping[DeliveryState, int]
    oldest_waiting: datetime | None
    next_due: datetime | None


@dataclass(frozen=True, slots=True)
class Pruned:
    """What a batch of retention did: how many rows went. more: there is more to do at once.

    held: nothing was done, for the log is long: some program reads on and on, and until it ends the log only grows.
    """

    rows: int
    more: bool = False
    held: bool = False
