"""Takes deliveries from the store and has the engine deliver them, many at a time."""

import queue
import threading
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from apimonster_cli.bundles.model import Bundle
from apimonster_cli.core import crash, log
from apimonster_cli.core.clock import Clock, Leaps
from apimonster_cli.core.errors import StoreError
from apimonster_cli.core.meter import SILENT, Meter
from apimonster_cli.daemon.shares import Share, bulk_room, shares
from apimonster_cli.engine.deliver import Engine
from apimonster_cli.store.api import LostLeaseError, Store
from apimonster_cli.store.rows import Claimed, Lease, Outcome

LEASE = timedelta(minutes=5)
DRY_LEASE = timedelta(days=7)  # a dry run holds what it has planned until it ends
_LONGEST_IDLE = 30.0
_SHORTEST_IDLE = 0.02
_LOOK = 1.0  # seconds between two looks for what another program has made due; one costs 0.3 ms
_SOON = 3.0  # what is due so soon is not left to another run: the rate of a connection puts off for less
_TROUBLE_IDLE = 1.0
_TROUBLES = 5  # in a row, before a run that should end says why it cannot


@dataclass(frozen=True, slots=True)
class _Job:
    claimed: Claimed
    bundle: Bundle
    engine: Engine
    connection: str


@dataclass(frozen=True, slots=True)
class _Stranded:
    """A delivery that is still held although nobody works on it: the store could not be written."""

    lease: Lease
    error: str
    wait: timedelta
    counts: bool


class Worker:
    """A thread that claims and a number of threads that deliver.

    engine: what to deliver with; `swap` exchanges it while the worker runs. name: who holds the leases.
    bulk_workers: how many of the threads may be busy with deliveries that nobody waits for; half of them unless set.
    failed: how many deliveries have failed since the start. meter: who counts those that end.
    """

    def __init__(  # noqa: PLR0913  # its parts, and how many of it
        self,
        store: Store,
        engine: Engine,
        clock: Clock,
        *,
        name: str,
        workers: int,
        lease: timedelta = LEASE,
        bulk_workers: int | None = None,
        meter: Meter = SILENT,
    ) -> None:
        self.failed = 0
        self._store = store
        self._engine = engine
        self._clock = clock
        self._meter = meter
        self._name = name
        self._workers = workers
        self._bulk_workers = max(1, workers // 2) if bulk_workers is None else bulk_workers
        self._lease = lease
        self._lock = threading.Lock()
        self._held: dict[int, _Job] = {}
        self._stranded: list[_Stranded] = []
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._wake = threading.Event()
        self._awaited = False  # whether somebody waits for the end of everything
        self._hungry = False  # whether a delivery that ends makes room for another that could be claimed
        self._quiet = threading.Event()
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []
        self._extended_at, self._leaps = clock.monotonic(), Leaps(clock)
        self._troubles: list[StoreError] = []
        store.on_work(self._wake.set)

    def swap(self, engine: Engine) -> None:
        """Claim and deliver with another engine from now on; what is under way ends with the one it began with."""
        self._engine = engine
        self._wake.set()

    def work_once(self) -> bool:
        """Claim one round of deliveries and deliver them one after the other; return whether there were any."""
        jobs = self._claim(self._keep_up())
        for job in jobs:
            self._deliver(job)
        return bool(jobs)

    def start(self) -> None:
        """Start the threads; they end with `stop`, or with the program."""
        loops = [self._dispatch, *[self._work] * self._workers]
        self._threads = [
            threading.Thread(target=loop, name=f"worker-{number}", daemon=True) for number, loop in enumerate(loops)
        ]
        for thread in self._threads:
            thread.start()

    def quiet(self, seconds: float) -> bool:
        """Wait until nothing is due and nothing is under way; return whether it came to that. StoreError when it cannot."""
        if not self._awaited:
            self._awaited = True
            self._wake.set()  # for a look at whether that was all
        if self._quiet.wait(seconds):
            return True
        if len(self._troubles) >= _TROUBLES:
            raise self._troubles[-1]
        return False

    def stop(self, seconds: float) -> None:
        """Claim nothing more, let what is under way end for so long, and give back the rest."""
        self._stopping.set()
        self._wake.set()
        for _ in self._threads:
            self._jobs.put(None)
        deadline = self._clock.monotonic() + seconds
        for thread in self._threads:
            thread.join(max(0.0, deadline - self._clock.monotonic()))
        try:
            given_back = self._store.hand_back(self._name)
        except StoreError as error:
            log.get().error(
                "deliveries under way could not be given back; they are taken up when their lease ends",
                error=str(error),
            )
        else:
            log.get().info("worker stopped", given_back=given_back)

    # the claiming thread -------------------------------------------------------------------------------------------
    def _dispatch(self) -> None:
        while not self._stopping.is_set():
            self._wake.clear()
            try:
                nothing_under_way = not self._held
                jobs = self._claim(self._keep_up())
                idle = 0.0 if jobs else self._idle()
                self._troubles.clear()
                for job in jobs:
                    self._jobs.put(job)
                if not jobs:
                    if nothing_under_way and idle > _SOON:
                        self._quiet.set()
                    self._doze(idle)
            except StoreError as error:
                log.get().error("the store cannot be used; trying again", error=str(error))
                self._troubles.append(error)
                self._stopping.wait(_TROUBLE_IDLE)
            except Exception:  # noqa: BLE001  # logged whole; without this thread nothing is delivered any more
                log.get().exception("claiming broke off; trying again")
                self._stopping.wait(_TROUBLE_IDLE)

    def _doze(self, idle: float) -> None:
        """Wait so long, until something wakes the thread, or until another program has made a delivery due: `sync replay`."""
        for _ in range(ceil(idle / _LOOK)):
            if self._wake.wait(min(idle, _LOOK)):
                return
            idle -= _LOOK
            due = self._next_due()
            if due is not None and due <= self._clock.now():
                return

    def _claim(self, now: datetime) -> list[_Job]:
        engine, jobs = self._engine, list[_Job]()
        self._hungry = True  # while this looks around, whatever ends is worth another look
        claims = self._shares(engine)
        with self._lock:
            bulk = bulk_room(sum(job.claimed.bulk for job in self._held.values()), most=self._bulk_workers)
        hungry = not bulk or sum(len(share.bundles) for share in claims) < len(engine.config.bundles)
        for share in claims:
            try:
                taken = self._store.claim(
                    self._name, share.bundles, limit=share.limit, lease=self._lease, now=now, bulk=bulk
                )
            except StoreError:
                if not jobs:
                    raise
                break  # what is claimed already has to be worked on; the next look says what is wrong
            if taken:
                crash.point("after-claim")
            bulk -= sum(claimed.bulk for claimed in taken)
            hungry = hungry or not bulk or len(taken) == share.limit
            for claimed in taken:
                bundle = engine.config.bundles[claimed.bundle]
                jobs.append(_Job(claimed, bundle, engine, bundle.steps[0].connection.name))
        with self._lock:
            self._held.update({job.claimed.lease.delivery_id: job for job in jobs})
        self._hungry = hungry
        return jobs

    def _shares(self, engine: Engine) -> list[Share]:
        with self._lock:
            held = Counter(job.connection for job in self._held.values())
        return shares(engine.config.bundles, engine.circuits, held, workers=self._workers)

    def _idle(self) -> float:
        """Return how long nothing is to be claimed, unless something wakes the thread earlier."""
        waits = [_LONGEST_IDLE, self._lease.total_seconds() / 3]
        resting = self._engine.circuits.wait()
        if resting is not None:
            waits.append(resting)
        due = self._next_due()
        if due is not None:
            waits.append((due - self._clock.now()).total_seconds())
        return max(min(waits), _SHORTEST_IDLE)

    def _next_due(self) -> datetime | None:
        bundles = [bundle for share in self._shares(self._engine) for bundle in share.bundles]
        return self._store.next_due(bundles) if bundles else None

    def _keep_up(self) -> datetime:
        """Hold on to what is under way, and let go of what nobody works on; return the moment by which that holds."""
        now, leap = self._leaps.look()  # one look for both: a leap behind it is for the next turn
        while self._stranded:
            self._let_go(self._stranded[0], now)
            self._stranded.pop(0)
        # Leases end by the clock on the wall, which may have leapt over them.
        passed = timedelta(seconds=self._clock.monotonic() - self._extended_at)
        if leap or passed >= self._lease / 3:
            with self._lock:
                leases = [job.claimed.lease for job in self._held.values()]
            self._store.extend(leases, until=now + self._lease)
            self._extended_at = self._clock.monotonic()
        if leap:  # at the end: what was moved must not be moved again because the store failed behind it
            moved = self._store.move(leap)
            self._leaps.settle(leap)
            log.get().warning("the clock was set, or the machine was asleep", seconds=leap.total_seconds(), moved=moved)
        return now

    def _let_go(self, stranded: _Stranded, now: datetime) -> None:
        try:
            self._store.put_off(stranded.lease, until=now + stranded.wait, error=stranded.error, counts=stranded.counts)
        except LostLeaseError:
            log.get().info("delivery is in other hands", delivery_id=stranded.lease.delivery_id)

    # the delivering threads ----------------------------------------------------------------------------------------
    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            if not self._stopping.is_set():
                self._deliver(job)

    def _deliver(self, job: _Job) -> None:
        lease = job.claimed.lease
        ended = False
        try:
            outcome = job.engine.deliver(job.claimed, job.bundle)
            ended = outcome is not None
            self._count(job, outcome)
            if outcome == "failed":
                with self._lock:
                    self.failed += 1
        except LostLeaseError:
            log.get().info("delivery is in other hands; dropped here", delivery_id=lease.delivery_id)
        except StoreError as error:
            log.get().error(
                "the store could not be written during a delivery", delivery_id=lease.delivery_id, error=str(error)
            )
            self._strand(lease, f"the store could not be written: {error}", timedelta(seconds=1), counts=False)
        except Exception as error:  # noqa: BLE001  # logged whole; the thread has to live on
            log.get().exception("delivery broke off", delivery_id=lease.delivery_id)
            reason = f"broke off because of a mistake in this program ({type(error).__name__}); the log has more"
            self._strand(lease, reason, timedelta(minutes=1), counts=True)
        finally:
            with self._lock:
                self._held.pop(lease.delivery_id, None)
            if self._hungry or self._awaited or not ended:
                self._wake.set()

    def _count(self, job: _Job, outcome: Outcome | None) -> None:
        if job.engine.dry_run:
            return  # nothing has ended
        if outcome is None:
            self._meter.put_off(job.bundle.name)
            return
        took = (self._clock.now() - job.claimed.received_at).total_seconds()
        # Of a replay that is the time since the event came in first.
        self._meter.delivered(job.bundle.name, outcome, None if job.claimed.bulk else took)

    def _strand(self, lease: Lease, error: str, wait: timedelta, *, counts: bool) -> None:
        self._stranded.append(_Stranded(lease, error, wait, counts))
