"""The Store over a database: one method a verb, the SQL in the file of its noun."""

import itertools
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

from sqlalchemy import Connection, Engine, bindparam, select, update
from sqlalchemy.exc import SQLAlchemyError

from apimonster_cli.core.clock import Clock
from apimonster_cli.core.errors import StoreError
from apimonster_cli.store import (
    connections,
    cursors,
    deliveries,
    dialect,
    errors,
    forget,
    history,
    intake,
    overview,
    pulled,
    replay,
    retention,
    transactions,
)
from apimonster_cli.store import leases as lease_rows
from apimonster_cli.store.cursors import Broken, Hold
from apimonster_cli.store.deliveries import Ending, Wait
from apimonster_cli.store.due import Wanted
from apimonster_cli.store.figures import Figures, Glance
from apimonster_cli.store.lock import DaemonLock
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
from apimonster_cli.store.tables import store
from apimonster_cli.store.traces import Erased, Holds, SameThing, Traces
from apimonster_cli.store.writer import Writer

KEYS_KEPT = timedelta(days=400)
_CHECK = update(store).values(checked_at=bindparam("now"))

Result = TypeVar("Result")
Given = ParamSpec("Given")


class DatabaseStore:
    """Store, on one database. Writes go through the writer's thread, reads happen in the thread that asks."""

    def __init__(self, engine: Engine, path: Path, clock: Clock, lock: DaemonLock | None = None) -> None:
        self._engine = engine
        self._path = path
        self._clock = clock
        self._lock = lock
        self._id = self._read(_store_id)
        self._writer = Writer(engine, path)
        self._turns = itertools.count()
        self._swept = retention.Place()

    # events in -----------------------------------------------------------------------------------------------------
    def accept(self, event: NewEvent) -> "Future[Accepted]":
        """Keep an event and make its deliveries."""

        def wakes(accepted: Accepted) -> bool:
            return not accepted.duplicate and bool(event.bundles)

        return self._writer.submit_item(intake.accept, event, wakes=wakes)

    def on_work(self, wake: Callable[[], None]) -> None:
        """Have `wake` called after each commit that made deliveries due."""
        self._writer.on_work(wake)

    # deliveries ----------------------------------------------------------------------------------------------------
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
        """Take up to `limit` due deliveries of `bundles`, at most `bulk` of them those of bulk events."""
        most = limit if bulk is None else bulk
        wanted = Wanted(worker, bundles, limit, until=now + lease, now=now, bulk=most, turn=next(self._turns))
        return self._writer.run(partial(deliveries.claim, wanted=wanted, store_id=self._id))

    def extend(self, leases: Sequence[Lease], *, until: datetime) -> None:
        """Hold deliveries longer."""
        self._writer.run(partial(lease_rows.extend, leases=leases, until=until, now=self._clock.now()))

    def begin_call(self, lease: Lease, call: NewTransaction, ended: Sequence[EndedTransaction] = ()) -> int:
        """Put the intent to call on record."""
        return self._writer.run(partial(transactions.begin, lease=lease, call=call, ended=ended))

    def end_step(
        self,
        lease: Lease,
        step: StepResult,
        ended: Sequence[EndedTransaction] = (),
        *,
        outcome: Outcome | None = None,
        error: str | None = None,
    ) -> None:
        """Keep a finished step."""
        ending = Ending(outcome, error, self._clock.now()) if outcome else None
        operation = partial(deliveries.end_step, lease=lease, step=step, ended=ended, ending=ending)
        self._writer.run(operation, wakes=bool)

    def put_off(
        self,
        lease: Lease,
        *,
        until: datetime,
        error: str,
        counts: bool,
        ended: Sequence[EndedTransaction] = (),
    ) -> None:
        """Give the delivery back to wait until then."""
        wait = Wait(until, error, counts)
        self._writer.run(partial(deliveries.put_off, lease=lease, wait=wait, ended=ended))

    def give_up(self, lease: Lease, *, error: str, until: datetime, ended: Sequence[EndedTransaction] = ()) -> None:
        """Mark the delivery as failing."""
        wait = Wait(until, error, counts=False)
        self._writer.run(partial(deliveries.give_up, lease=lease, wait=wait, ended=ended), wakes=lambda _: True)

    def close(
        self,
        lease: Lease,
        outcome: Outcome,
        *,
        error: str | None = None,
        ended: Sequence[EndedTransaction] = (),
    ) -> None:
        """End the delivery."""
        ending = Ending(outcome, error, self._clock.now())
        self._writer.run(partial(deliveries.close, lease=lease, ending=ending, ended=ended), wakes=bool)

    def hand_back(self, worker: str) -> int:
        """Give back everything that `worker` holds."""
        return self._writer.run(partial(lease_rows.hand_back, worker=worker, now=self._clock.now()), wakes=bool)

    def release_all(self) -> int:
        """Give back every held delivery."""
        self._writer.run(cursors.release_scheduled)
        return self._writer.run(partial(lease_rows.release_all, now=self._clock.now()), wakes=bool)

    def open_deliveries(self, bundle: str, *, due_by: datetime | None = None) -> int:
        """Return how many deliveries of a bundle have not ended, or are due by then."""
        return self._read(deliveries.count_open, bundle, due_by)

    def move(self, leap: timedelta) -> int:
        """Move with the clock what waits by it."""
        return self._writer.run(partial(lease_rows.move, now=self._clock.now(), leap=leap), wakes=bool)

    def open_by_bundle(self) -> Mapping[str, int]:
        """Return how many deliveries have not ended, of each bundle."""
        return self._read(deliveries.count_by_bundle)

    def next_due(self, bundles: Sequence[str]) -> datetime | None:
        """Return when the next delivery of `bundles` becomes due."""
        return self._read(deliveries.next_due, bundles)

    # again ---------------------------------------------------------------------------------------------------------
    def past(self, wanted: PastFilter) -> list[PastEvent]:
        """Return events with their deliveries."""
        return self._read(replay.past, wanted)

    def later(self, event_id: int, bundle: str, names: Sequence[str]) -> int | None:
        """Return the newest later event of the same object that a bundle has delivered."""
        return self._read(replay.later, event_id, bundle, names)

    def replay(self, items: Sequence[Replay], *, now: datetime) -> list[Replay]:
        """Let events go through bundles again."""
        return self._writer.run(partial(replay.replay, items=items, now=now), wakes=lambda _: True)

    def store_id(self) -> str:
        """Return the name of this database."""
        return self._id

    # pulls ---------------------------------------------------------------------------------------------------------
    def claim_pull(
        self, bundle: str, reading: str = cursors.SCHEDULE, *, holder: str, lease: timedelta, now: datetime
    ) -> ClaimedPull | None:
        """Take the pull of a bundle."""
        hold = Hold(holder, now, until=now + lease)
        return self._writer.run(partial(cursors.claim, bundle=bundle, reading=reading, hold=hold))

    def begin_pull_call(
        self, lease: PullLease, call: NewTransaction, ended: Sequence[EndedTransaction] = (), *, until: datetime
    ) -> int:
        """Put the intent to call on record."""
        return self._writer.run(partial(cursors.begin_call, lease=lease, call=call, ended=ended, until=until))

    def accept_page(
        self, lease: PullLease, page: PulledPage, ended: Sequence[EndedTransaction] = (), *, until: datetime
    ) -> PageTaken:
        """Keep what is new on a page."""
        operation = partial(pulled.accept_page, lease=lease, page=page, ended=ended, until=until)
        return self._writer.run(operation, wakes=lambda taken: taken.unchanged < len(page.items))

    def missing(self, unseen: Unseen) -> list[PulledItem]:
        """Return objects that a complete read should have shown and has not."""
        return self._read(pulled.missing, unseen)

    def finish_pull(
        self, lease: PullLease, *, complete: datetime | None, ended: Sequence[EndedTransaction] = ()
    ) -> None:
        """End a complete read."""
        self._writer.run(partial(cursors.finish, lease=lease, complete=complete, ended=ended))

    def release_pull(
        self, lease: PullLease, *, error: str | None, again: datetime, ended: Sequence[EndedTransaction] = ()
    ) -> None:
        """Give a pull back."""
        self._writer.run(partial(cursors.release, lease=lease, broken=Broken(error, again), ended=ended))

    def hand_back_pulls(self, holder: str) -> int:
        """Give back the pulls of a program that has ended."""
        return self._writer.run(partial(cursors.release_holder, holder=holder))

    def pull_states(self) -> list[PullState]:
        """Return how the pulls of all bundles stand."""
        return self._read(cursors.states)

    # connections ---------------------------------------------------------------------------------------------------
    def pause(self, connection: str, *, reason: str, now: datetime) -> None:
        """Put on record that a connection's credentials are refused."""
        self._writer.run(partial(connections.pause, name=connection, reason=reason, now=now))

    def resume(self, connection: str) -> bool:
        """Take the record away."""
        return self._writer.run(partial(connections.resume, name=connection, now=self._clock.now()), wakes=bool)

    def pauses(self) -> list[Pause]:
        """Return the connections that wait for working credentials."""
        return self._read(connections.paused)

    # reading -------------------------------------------------------------------------------------------------------
    def events(self, wanted: HistoryFilter) -> list[EventRow]:
        """Return events, the newest first."""
        return self._read(history.list_events, wanted)

    def event(self, event_id: int) -> EventRow | None:
        """Return one event."""
        return self._read(history.one_event, event_id)

    def previous(self, event_id: int, bundle: str, names: Sequence[str]) -> str | None:
        """Return the payload of the event of the same object before this one."""
        return self._read(history.previous, event_id, bundle, names)

    def deliveries(self, event_id: int) -> list[DeliveryRow]:
        """Return the deliveries of an event with their steps."""
        return self._read(history.list_deliveries, event_id)

    def transactions(self, wanted: HistoryFilter) -> list[TransactionRow]:
        """Return transactions, the newest first."""
        return self._read(history.list_transactions, wanted)

    def counts(self) -> Counts:
        """Return how many events and deliveries there are."""
        return self._read(history.count)

    def calls_since(self, moment: datetime) -> dict[str, int]:
        """Return how many calls each connection has made since then."""
        return self._read(history.calls_since, moment)

    def figures(self) -> Figures:
        """Return how many deliveries are open and failed."""
        return self._read(overview.figures)

    def glance(self, *, events: int, failures: int) -> Glance:
        """Return the last events and failed deliveries."""
        return self._read(overview.glance, events, failures)

    # upkeep --------------------------------------------------------------------------------------------------------
    def prune(
        self,
        *,
        events_before: datetime,
        transactions_before: datetime,
        keys_before: datetime | None = None,
        batch: int = 500,
    ) -> Pruned:
        """Delete one small batch of old rows; repeat keys live for 400 days unless `keys_before` says otherwise."""
        if dialect.log_is_held(self._path):
            return Pruned(0, held=True)
        bounds = retention.Bounds(events_before, transactions_before, keys_before or self._clock.now() - KEYS_KEPT)
        operation = partial(retention.prune, bounds=bounds, place=self._swept, batch=batch)
        pruned, self._swept = self._writer.run(operation)
        self._read(dialect.write_back)  # or else some webhook would wait for that, and for many batches at once
        return pruned

    def traces(self, holds: Holds, same_thing: SameThing) -> Traces:
        """Return all that there is of a person."""
        return self._read(forget.find, holds, same_thing)

    def erase(self, traces: Traces, holds: Holds) -> Erased:
        """Erase what was found."""
        return self._writer.run(partial(forget.erase, traces=traces, holds=holds))

    def empty_log(self, *, within: timedelta) -> bool:
        """Leave no byte in the log of the database."""
        return dialect.empty_log(self._path, time.monotonic() + within.total_seconds())

    def writable(self) -> bool:
        """Return whether a commit works right now."""
        now = self._clock.now()
        try:
            self._writer.run(lambda connection: connection.execute(_CHECK, {"now": now}).rowcount)
        except StoreError:
            return False
        return True

    def close_store(self) -> None:
        """Finish what is queued and close the files."""
        self._writer.close()
        self._engine.dispose()
        if self._lock:
            self._lock.release()

    def _read(
        self,
        query: Callable[Concatenate[Connection, Given], Result],
        *given: Given.args,
        **named: Given.kwargs,
    ) -> Result:
        try:
            with self._engine.connect() as connection:
                return query(connection, *given, **named)
        except SQLAlchemyError as error:
            raise errors.store_error(error, self._path) from error


def _store_id(connection: Connection) -> str:
    name: str = connection.execute(select(store.c.id)).scalar_one()
    return name
