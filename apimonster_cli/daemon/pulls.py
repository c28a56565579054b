"""Pulls what is due, in threads of its own, so that neither hooks nor deliveries wait for a slow diary.

What is due is read off the store: after a stop of any length there is one pull, which reads all that was missed. APScheduler only
keeps the times and wakes a thread; its jobs are in memory and made from the bundles at each start and reload.
"""

import queue
import threading
from concurrent.futures import Future, wait
from datetime import UTC, datetime, timedelta
from typing import Any

from apimonster_cli.bundles.model import Bundle
from apimonster_cli.core import log
from apimonster_cli.core.clock import Clock, Leaps
from apimonster_cli.core.errors import StoreError
from apimonster_cli.core.meter import SILENT, Meter
from apimonster_cli.engine.deliver import Engine
from apimonster_cli.engine.journal import PULL_LEASE
from apimonster_cli.engine.pull import Order, Progress
from apimonster_cli.store.api import LostLeaseError, PullStore
from apimonster_cli.store.rows import PullState

THREADS = 4
SCHEDULE = "schedule"
_SHORTEST_WAIT = timedelta(seconds=0.5)  # between two looks at one bundle
_TROUBLE_WAIT = timedelta(seconds=5)


def due_at(bundle: Bundle, state: PullState | None, now: datetime) -> datetime | None:
    """Return when a bundle is to be pulled next; None: never. state: how its scheduled pull stands, None when there was none."""
    if bundle.pull is None:
        return None
    if state is None:
        return now
    if state.held and state.held_until and state.held_until > now:
        return state.held_until
    if state.retry_at is not None and state.tried_at and state.tried_at > now:
        return now  # the clock was set back since
    if state.retry_at is not None:
        return state.retry_at
    return now if state.complete is None else bundle.pull.after(min(state.complete, now))


class Pulls:
    """Sees to the scheduled pulls of all bundles.

    engine: what to pull with; `swap` exchanges it. name: who holds the leases. failed: how many pulls have failed since the start.
    meter: who counts the events.
    """

    def __init__(self, store: PullStore, engine: Engine, clock: Clock, *, name: str, meter: Meter = SILENT) -> None:
        self.failed = 0
        self._meter = meter
        self._store = store
        self._engine = engine
        self._clock = clock
        self._name = name
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._due: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._scheduler: Any = None
        self._leaps = Leaps(clock)
        self._done: Future[bool] = Future()

    def work_once(self) -> bool:
        """Do every pull that is due, one after the other; return whether there was any. StoreError when the store does not work."""
        engine, pulled = self._engine, False
        for bundle in engine.config.bundles.values():
            if not self._stopping.is_set() and self._is_due(bundle):
                pulled = self._pull(engine, bundle) or pulled
        return pulled

    def start_once(self) -> None:
        """Do what is due, in a thread; `quiet` tells when that is done."""
        thread = threading.Thread(target=self._run_once, name="pull", daemon=True)
        self._threads.append(thread)
        thread.start()

    def quiet(self, seconds: float) -> bool:
        """Wait until what `start_once` began is done; return whether it came to that. StoreError when the store did not work."""
        if not wait([self._done], seconds).done:
            return False
        self._done.result()
        return True

    def start(self) -> None:
        """Start the threads and the timer; they end with `stop`, or with the program. Without a bundle that pulls there are none."""
        if self._scheduler is None and any(bundle.pull for bundle in self._engine.config.bundles.values()):
            from apscheduler.executors.debug import DebugExecutor
            from apscheduler.schedulers.background import BackgroundScheduler

            # Its own pool would keep the program from ending while a call hangs; its jobs only name a bundle in a queue.
            self._scheduler = BackgroundScheduler(
                executors={"default": DebugExecutor()},
                job_defaults={"misfire_grace_time": None, "coalesce": True},
                timezone=UTC,
            )
            self._threads = [
                threading.Thread(target=self._work, name=f"pull-{number}", daemon=True) for number in range(THREADS)
            ]
            for thread in self._threads:
                thread.start()
            self._scheduler.start()
        self._plan_all()

    def swap(self, engine: Engine) -> None:
        """Pull with another engine, by its bundles' schedules, from now on; what is under way ends with the one it began with."""
        self._engine = engine
        if self._scheduler is not None:
            self._scheduler.remove_all_jobs()
        self.start()

    def keep_up(self) -> None:
        """Plan anew after a leap of the clock: the timer sleeps by what it showed before."""
        _, leap = self._leaps.look()
        if leap:
            self._leaps.settle(leap)
            self._plan_all()

    def stop(self, seconds: float) -> None:
        """Begin no more calls, and let those under way end for so long. A pull that was stopped is due at the next start."""
        self._stopping.set()
        if self._scheduler is not None:
            self._scheduler.shutdown(wait=False)
        for _ in self._threads:
            self._due.put(None)
        deadline = self._clock.monotonic() + seconds
        for thread in self._threads:
            thread.join(max(0.0, deadline - self._clock.monotonic()))

    # the timer -----------------------------------------------------------------------------------------------------
    def _plan_all(self) -> None:
        for name in self._engine.config.bundles:
            self._plan(name)

    def _plan(self, name: str, *, after: timedelta = timedelta()) -> None:
        """Have a bundle named in the queue when it is due, and not before `after` has passed."""
        bundle = self._engine.config.bundles.get(name)
        if self._scheduler is None or bundle is None or self._stopping.is_set():
            return
        now = self._clock.now()
        try:
            due = due_at(bundle, self._state(name), now)
        except StoreError as error:
            log.get().error("the store cannot be used; looking again", bundle=name, error=str(error))
            due, after = now, _TROUBLE_WAIT
        if due is not None:
            moment = max(due, now + after)
            self._scheduler.add_job(
                self._due.put, "date", run_date=moment, args=(name,), id=name, replace_existing=True
            )

    def _run_once(self) -> None:
        try:
            self._done.set_result(self.work_once())
        except Exception as error:  # noqa: BLE001  # whatever it is, who waits has to hear of it
            self._done.set_exception(error)

    # the threads ---------------------------------------------------------------------------------------------------
    def _work(self) -> None:
        while (name := self._due.get()) is not None and not self._stopping.is_set():
            engine = self._engine
            bundle = engine.config.bundles.get(name)
            pause = _SHORTEST_WAIT
            try:
                if bundle is not None and self._is_due(bundle):
                    self._pull(engine, bundle)
            except StoreError as error:
                log.get().error("the store could not be used during a pull", bundle=name, error=str(error))
                pause = _TROUBLE_WAIT
            except Exception:  # noqa: BLE001  # logged whole; the thread has to live on
                log.get().exception("pull broke off", bundle=name)
                pause = _TROUBLE_WAIT
            self._plan(name, after=pause)

    def _is_due(self, bundle: Bundle) -> bool:
        if bundle.pull is None:
            return False
        now = self._clock.now()
        due = due_at(bundle, self._state(bundle.name), now)
        return due is not None and due <= now

    def _pull(self, engine: Engine, bundle: Bundle) -> bool:
        """Pull; return whether there was a pull to do: somebody else may have it."""
        claimed = self._store.claim_pull(
            bundle.name, SCHEDULE, holder=self._name, lease=PULL_LEASE, now=self._clock.now()
        )
        if claimed is None:
            return False
        try:
            pulled = engine.pull(
                Order(claimed, bundle, stopping=self._stopping.is_set, told=_Count(bundle, self._meter))
            )
        except LostLeaseError:
            log.get().info("pull is in other hands; dropped here", bundle=bundle.name)
            return True
        if pulled.error is not None:
            with self._lock:
                self.failed += 1
        return True

    def _state(self, name: str) -> PullState | None:
        return next(
            (state for state in self._store.pull_states() if (state.bundle, state.reading) == (name, SCHEDULE)), None
        )


class _Count:
    """Has the events of a pull counted, page by page."""

    def __init__(self, bundle: Bundle, meter: Meter) -> None:
        self._bundle = bundle
        self._meter = meter
        self._counted = 0

    def __call__(self, progress: Progress) -> None:
        taken = progress.taken
        made = taken.created + taken.updated + taken.deleted
        if made > self._counted:
            self._meter.event(
                self._bundle.connection.name, self._bundle.events[0].name, "accepted", made - self._counted
            )
        self._counted = made
