"""The Store, by noun: every verb is one commit, synced to disk when it returns. StoreError from any verb: nothing was written."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from datetime import datetime, timedelta
from typing import Protocol

from apimonster_cli.store.figures import Figures, Glance
from apimonster_cli.store.past import PastEvent, PastFilter, Replay
from apimonster_cli.store.rows import (
    Accepted,
    Claimed,
    ClaimedPull,
    Counts,
    DeliveryRow,
    EndedTransaction,
    EventRow,
    HistoryFilter,
    Lease,
    NewEvent,
    NewTransaction,
    Outcome,
    PageTaken,
    Pause,
    Pruned,
    PulledItem,
    PulledPage,
    PullLease,
    PullState,
    StepResult,
    TransactionRow,
    Unseen,
)
from apimonster_cli.store.traces import Erased, Holds, SameThing, Traces


class LostLeaseError(Exception):
    """The delivery is no longer held by this worker and attempt; nothing was written. The holder must stop at once."""


class IntakeStore(Protocol):
    """Events in."""

    def accept(self, event: NewEvent) -> "Future[Accepted]":
        """Keep an event and make its deliveries; the future is done once that is on disk.

        Concurrent calls share one commit. A repeat makes no row: it counts on the row that it repeats. An event with a lower
        version than was seen of its object before is late: its reason says so, and `stale` what becomes of its deliveries.
        """

    def on_work(self, wake: Callable[[], None]) -> None:
        """Have `wake` called (from the writer's thread) after each commit that made deliveries due."""


class DeliveryStore(Protocol):
    """Deliveries taken up, what was done for them, and their end."""

    def claim(  # noqa: PLR0913 - what is wanted, by name
        self,
        worker: str,
        bundles: Sequence[str],
        *,
        limit: int,
        lease: timedelta,
        now: datetime,
        bulk: int | None = None,
    ) -> list[Claimed]:
        """Take up to `limit` due deliveries of `bundles`, of each object and bundle only the oldest open one.

        Those of bulk events come after all others, and are at most `bulk`; None: as many as there is room for.
        A delivery whose lease has run out is taken again. attempt grows by one with each claim.
        """

    def extend(self, leases: Sequence[Lease], *, until: datetime) -> None:
        """Hold deliveries longer; those no longer held are left alone."""

    def begin_call(self, lease: Lease, call: NewTransaction, ended: Sequence[EndedTransaction] = ()) -> int:
        """Put the intent to call on record, before it is sent; return the transaction's id. LostLeaseError."""

    def end_step(
        self,
        lease: Lease,
        step: StepResult,
        ended: Sequence[EndedTransaction] = (),
        *,
        outcome: Outcome | None = None,
        error: str | None = None,
    ) -> None:
        """Keep a finished step and its transactions; with `outcome`, close the delivery in the same commit. LostLeaseError."""

    def put_off(
        self,
        lease: Lease,
        *,
        until: datetime,
        error: str,
        counts: bool,
        ended: Sequence[EndedTransaction] = (),
    ) -> None:
        """Give the delivery back to wait until then; `counts` says whether this try counts towards giving up. LostLeaseError."""

    def give_up(self, lease: Lease, *, error: str, until: datetime, ended: Sequence[EndedTransaction] = ()) -> None:
        """Mark the delivery as failing, on_failure steps still to run (Claimed.failing); it stays open and due at `until`."""

    def close(
        self,
        lease: Lease,
        outcome: Outcome,
        *,
        error: str | None = None,
        ended: Sequence[EndedTransaction] = (),
    ) -> None:
        """End the delivery. LostLeaseError."""

    def hand_back(self, worker: str) -> int:
        """Give back everything that `worker` holds, due at once and without counting a try; return how many."""

    def release_all(self) -> int:
        """Give back every held delivery and scheduled pull: for the one daemon of a file when it starts, after a kill."""

    def open_deliveries(self, bundle: str, *, due_by: datetime | None = None) -> int:
        """Return how many deliveries of a bundle have not ended; due_by: only those under way, or to be taken up by then."""

    def move(self, leap: timedelta) -> int:
        """Move with a clock that was set what waits by it, and since when it has been tried; return how many were moved."""

    def open_by_bundle(self) -> Mapping[str, int]:
        """Return how many deliveries have not ended, of each bundle that has any, also of those that are in no file any more."""

    def next_due(self, bundles: Sequence[str]) -> datetime | None:
        """Return when the next delivery of `bundles` becomes due or its lease runs out; None when nothing is open."""


class ReplayStore(Protocol):
    """Deliveries made again because a person asks for it."""

    def past(self, wanted: PastFilter) -> list[PastEvent]:
        """Return events with their deliveries, the oldest first."""

    def later(self, event_id: int, bundle: str, names: Sequence[str]) -> int | None:
        """Return the newest later event of the same object, called one of `names`, that a bundle has delivered; None without one."""

    def replay(self, items: Sequence[Replay], *, now: datetime) -> list[Replay]:
        """Let events go through bundles again, behind live traffic; return those that are on their way, which are left alone.

        A failed delivery keeps the steps that it has finished; any other one does all its steps again, and each looks for what
        an earlier time has made before it makes anything.
        """

    def store_id(self) -> str:
        """Return the name of this database; see Claimed.store_id."""


class PullStore(Protocol):
    """Pulls taken up, what they read, and how they stand."""

    def claim_pull(
        self, bundle: str, reading: str = "schedule", *, holder: str, lease: timedelta, now: datetime
    ) -> ClaimedPull | None:
        """Take the pull of a bundle; None while somebody has it, for this reading or another.

        reading: `schedule`, or the name of a backfill, which has a position of its own. A pull whose lease ran out is taken again.
        """

    def begin_pull_call(
        self, lease: PullLease, call: NewTransaction, ended: Sequence[EndedTransaction] = (), *, until: datetime
    ) -> int:
        """Put the intent to call on record, holding the pull until then; return the transaction's id. LostLeaseError."""

    def accept_page(
        self, lease: PullLease, page: PulledPage, ended: Sequence[EndedTransaction] = (), *, until: datetime
    ) -> PageTaken:
        """Keep a page: events for what is new, changed or gone, through this bundle alone, and the position. LostLeaseError.

        An object whose content is as it was makes no event. The cursor does not move.
        """

    def missing(self, unseen: Unseen) -> list[PulledItem]:
        """Return objects that earlier reads have shown and this one has not, as they were."""

    def finish_pull(
        self, lease: PullLease, *, complete: datetime | None, ended: Sequence[EndedTransaction] = ()
    ) -> None:
        """End a complete read that began at `complete`: the cursor moves there; None leaves it. LostLeaseError."""

    def release_pull(
        self, lease: PullLease, *, error: str | None, again: datetime, ended: Sequence[EndedTransaction] = ()
    ) -> None:
        """Give a pull back unfinished, its position kept; error: None when it was only stopped. LostLeaseError."""

    def hand_back_pulls(self, holder: str) -> int:
        """Give back the pulls of a program that is known to have ended, for others to take at once; return how many."""

    def pull_states(self) -> list[PullState]:
        """Return how the pulls of all bundles stand, backfills among them."""


class PauseStore(Protocol):
    """Connections whose credentials are refused."""

    def pause(self, connection: str, *, reason: str, now: datetime) -> None:
        """Put on record that a connection's credentials are refused."""

    def resume(self, connection: str) -> bool:
        """Take the record away and make its waiting deliveries due; False when there was none."""

    def pauses(self) -> list[Pause]:
        """Return the connections that wait for working credentials."""


class HistoryStore(Protocol):
    """What came in and what went out, for people and for later steps to read."""

    def events(self, wanted: HistoryFilter) -> list[EventRow]:
        """Return events, the newest first. status: accepted, stale, unmatched, rejected, or a delivery's state."""

    def event(self, event_id: int) -> EventRow | None:
        """Return one event."""

    def previous(self, event_id: int, bundle: str, names: Sequence[str]) -> str | None:
        """Return the payload of the event of the same connection and object before this one; None when there is none (any more).

        names: what it may be called. Before a pulled event only those of the same bundle count.
        """

    def deliveries(self, event_id: int) -> list[DeliveryRow]:
        """Return the deliveries of an event with their steps."""

    def transactions(self, wanted: HistoryFilter) -> list[TransactionRow]:
        """Return transactions, the newest first. status: a state, or an HTTP status as text."""

    def counts(self) -> Counts:
        """Return how many events and deliveries there are, by state."""

    def calls_since(self, moment: datetime) -> dict[str, int]:
        """Return how many calls each connection has made since then."""

    def figures(self) -> Figures:
        """Return how many deliveries are open, by bundle, and how many have failed. Costs what is open, not what has ended."""

    def glance(self, *, events: int, failures: int) -> Glance:
        """Return the last so many events and failed deliveries, without what was in them."""


class UpkeepStore(Protocol):
    """The rows and files themselves: pruned, erased, looked after."""

    def prune(self, *, events_before: datetime, transactions_before: datetime, batch: int = 500) -> Pruned:
        """Delete one small batch of old rows, or give some of their room back to the disk.

        Events with an open or a failed delivery stay, and with a delivery those of its transactions that changed something.
        """

    def traces(self, holds: Holds, same_thing: SameThing) -> Traces:
        """Return all that there is of the person whom `holds` knows: whole events, and rows of others that tell of them."""

    def erase(self, traces: Traces, holds: Holds) -> Erased:
        """Erase what was found; an event that has an open delivery by now is left alone. To be asked for a little at a time."""

    def empty_log(self, *, within: timedelta) -> bool:
        """Leave no byte in the log of the database; False when some program was in the way for all that time."""

    def writable(self) -> bool:
        """Return whether a commit works right now."""

    def close_store(self) -> None:
        """Finish what is queued and close the files."""


class Store(IntakeStore, DeliveryStore, ReplayStore, PullStore, PauseStore, HistoryStore, UpkeepStore, Protocol):
    """All that is asked of the database; who needs one part of it asks for that part alone."""
