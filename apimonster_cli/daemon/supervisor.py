"""Starts, reloads and stops the running program: store, listener, worker, pulls, retention."""

import gc
import os
import queue
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from apimonster_cli.bundles.model import Config, Settings
from apimonster_cli.core import crash, log
from apimonster_cli.core.clock import Clock, SystemClock
from apimonster_cli.core.errors import SyncError
from apimonster_cli.core.meter import SILENT
from apimonster_cli.daemon.asgi import App
from apimonster_cli.daemon.front import Front, bind
from apimonster_cli.daemon.health import Health
from apimonster_cli.daemon.limits import Guesses, named_proxies
from apimonster_cli.daemon.notify import notify, watchdog_seconds
from apimonster_cli.daemon.reload import Watch
from apimonster_cli.daemon.scheduler import Retention
from apimonster_cli.daemon.status import Status

if TYPE_CHECKING:
    from apimonster_cli.core.meter import Meter
    from apimonster_cli.daemon.admin.serve import AdminFront
    from apimonster_cli.daemon.clients import Rates
    from apimonster_cli.daemon.pulls import Pulls
    from apimonster_cli.daemon.worker import Worker
    from apimonster_cli.engine.deliver import Engine
    from apimonster_cli.store.api import Store

_SWITCH_INTERVAL = 0.0005  # seconds; with four busy workers the listener's p99 falls from 32 ms to 8–17 ms
_TURN = 1.0  # seconds between two looks at the files, the clock and the threads
_BUSY_TURN = 0.05  # while there is more to prune
_STOP_SECONDS = 9.0  # of the ten promised
_NEEDS_RESTART = ("store", "listen", "admin", "workers")

Order = Literal["stop", "reload"]


class Supervisor:
    """The daemon as a whole.

    load: reads the files again for a reload, BundleError or ConfigError when they have mistakes; without it the files of
    `config` are read. `tell` gives orders from other threads and from signals; signals are only taken in the main thread.
    """

    def __init__(self, config: Config, *, load: Callable[[], Config] | None = None, clock: Clock | None = None) -> None:
        self._config = config
        self._load = load or self._load_same_files
        self._clock = clock or SystemClock()
        self._orders: queue.SimpleQueue[Order] = queue.SimpleQueue()
        self._dry_run = False
        self._meter: Meter = SILENT
        self._rates: Rates | None = None
        self._guesses = Guesses(self._clock)

    def run(self, *, once: bool = False, dry_run: bool = False) -> int:
        """Run until told to stop and return the exit code.

        once: no listener; pull and deliver what is due, then end with 1 when a pull or a delivery failed. dry_run: see engine.journal.DryJournal.
        ConfigError when the address is taken, StoreError when the store cannot be opened.
        """
        self._dry_run = dry_run
        before = sys.getswitchinterval()
        sys.setswitchinterval(_SWITCH_INTERVAL)
        try:
            with self._signals():
                return self._once() if once else self._serve()
        finally:
            sys.setswitchinterval(before)

    def tell(self, order: Order) -> None:
        """Stop, or read the files again."""
        self._orders.put(order)

    # the daemon ----------------------------------------------------------------------------------------------------
    def _serve(self) -> int:
        with ExitStack() as parts:
            listening = bind(self._config.settings.listen)
            parts.callback(listening.close)
            admin = self._admin(parts)
            store = self._open_store(parts)
            engine = self._engine(self._config, store)
            status = Status(engine, self._clock.now())
            health = Health(store, self._clock, status.pauses)
            front = Front(self._app(self._config, store, health), listening)
            front.proxies = named_proxies(self._config)
            front.start()
            parts.callback(front.stop, _STOP_SECONDS)
            if admin is not None:
                admin.start(store, status, health, self._clock)
            store.release_all()
            worker, pulls = self._worker(store, engine), self._pulls(store, engine)
            worker.start()
            pulls.start()
            gc.freeze()  # what is there now stays, so the collector need not look through it: docs/decisions/0005
            host, port = listening.getsockname()[:2]
            log.get().info("listening", host=host, port=port, bundles=len(self._config.bundles), dry_run=self._dry_run)
            self._tell_of_strays(store)
            notify("READY=1")
            try:
                code = self._watch_over(_Parts(store, status, health, front, worker, pulls, admin))
            finally:
                notify("STOPPING=1")
                health.stopping = True
                front.stop(_STOP_SECONDS / 3)
                pulls.stop(_STOP_SECONDS / 6)
                worker.stop(_STOP_SECONDS / 2)
        log.get().info("stopped")
        return code

    def _watch_over(self, parts: "_Parts") -> int:
        """Look after everything until told to stop; return the exit code."""
        retention = Retention(parts.store, self._clock)
        watch = Watch(self._config.files)
        turn = min(_TURN, watchdog_seconds() or _TURN)
        busy = False
        while True:
            order = self._next_order(_BUSY_TURN if busy else turn)
            if order == "stop":
                return 0
            if not parts.front.alive:
                log.get().error("the listener has ended by itself; stopping so that it can be started again")
                return 1
            if parts.admin is not None and not parts.admin.alive:
                log.get().error("page and metrics have ended by themselves; webhooks are taken as before")
                parts.admin = None
            if order == "reload":
                watch.take()
            if order == "reload" or watch.changed():
                files = self._config.files
                self._reload(parts)
                if self._config.files != files:
                    watch.follow(self._config.files)
            parts.pulls.keep_up()
            busy = retention.work_once(self._config.settings)
            notify("WATCHDOG=1")

    def _reload(self, parts: "_Parts") -> None:
        """Take over the files as they are now, all at once; when they have mistakes the old bundles stay in force."""
        notify("RELOADING=1")
        try:
            config = self._load()
            app = self._app(config, parts.store, parts.health)
            engine = self._engine(config, parts.store)
        except SyncError as error:
            log.get().error(
                "the files were not taken over, the old bundles stay in force", error=str(error), **_first(error)
            )
            parts.status.not_taken_over(str(error), self._clock.now())
        except Exception as error:  # noqa: BLE001  # logged whole; a file that is being edited may not stop what runs
            log.get().exception("the files were not taken over: reading them broke off; the old bundles stay in force")
            parts.status.not_taken_over(f"reading them broke off ({type(error).__name__})", self._clock.now())
        else:
            for name in _changed(self._config.settings, config.settings):
                log.get().warning(f"settings.{name} has changed: that takes effect when the program is started again")
            self._config = config
            parts.front.app = app
            parts.front.proxies = named_proxies(config)
            crash.point("reload")
            parts.worker.swap(engine)
            parts.pulls.swap(engine)
            parts.status.taken_over(engine, self._clock.now())
            if parts.admin is not None:
                parts.admin.counters.expect(config.bundles.values())
            log.configure(config.redactor)
            log.get().info("files taken over", bundles=len(config.bundles))
            self._tell_of_strays(parts.store)
        notify("READY=1")

    # one run -------------------------------------------------------------------------------------------------------
    def _once(self) -> int:
        with ExitStack() as parts:
            store = self._open_store(parts)
            store.release_all()
            engine = self._engine(self._config, store)
            worker, pulls = self._worker(store, engine), self._pulls(store, engine)
            try:
                self._pull_and_drain(pulls, worker)
            finally:
                pulls.stop(_STOP_SECONDS / 3)
                worker.stop(_STOP_SECONDS * 2 / 3)
            paused = engine.circuits.paused()
        log.get().info("nothing more is due", failed=worker.failed, failed_pulls=pulls.failed, paused=paused)
        return 1 if worker.failed or pulls.failed or paused else 0

    def _pull_and_drain(self, pulls: "Pulls", worker: "Worker") -> None:
        """Do what is due, the pulls first, until it is done or an order to stop comes."""
        pulls.start_once()
        while not pulls.quiet(0.0):
            if self._next_order(_BUSY_TURN) == "stop":
                return
        worker.start()
        while not worker.quiet(0.0) and self._next_order(_BUSY_TURN) != "stop":
            pass

    # parts ---------------------------------------------------------------------------------------------------------
    def _open_store(self, parts: ExitStack) -> "Store":
        from apimonster_cli.store.open import open_store

        store = open_store(self._config.settings.store, base=self._config.base, daemon=True, clock=self._clock)
        parts.callback(store.close_store)
        return store

    def _admin(self, parts: ExitStack) -> "AdminFront | None":
        """Return page and metrics, not yet answering; None when the files want none. What happens is counted from here on."""
        address = self._config.settings.admin
        if address is None:
            return None
        from apimonster_cli.daemon.admin.serve import AdminFront

        admin = AdminFront(address)
        parts.callback(admin.stop, _STOP_SECONDS / 9)
        admin.counters.expect(self._config.bundles.values())
        self._meter = admin.counters
        log.get().info("page and metrics", host=admin.address[0], port=admin.address[1])
        return admin

    def _app(self, config: Config, store: "Store", health: Health) -> App:
        from apimonster_cli.daemon.listener import build_app

        return build_app(config, store, self._clock, health, guesses=self._guesses, meter=self._meter)

    def _worker(self, store: "Store", engine: "Engine") -> "Worker":
        from apimonster_cli.daemon.worker import DRY_LEASE, LEASE, Worker

        return Worker(
            store,
            engine,
            self._clock,
            name=f"{socket.gethostname()}-{os.getpid()}",
            workers=self._config.settings.workers,
            lease=DRY_LEASE if self._dry_run else LEASE,
            meter=self._meter,
        )

    def _pulls(self, store: "Store", engine: "Engine") -> "Pulls":
        from apimonster_cli.daemon.pulls import Pulls

        return Pulls(store, engine, self._clock, name=f"{socket.gethostname()}-{os.getpid()}", meter=self._meter)

    def _engine(self, config: Config, store: "Store") -> "Engine":
        from apimonster_cli.daemon.clients import Clients, Rates
        from apimonster_cli.engine.deliver import Engine

        self._rates = self._rates or Rates(self._clock)
        clients = Clients(config, self._clock, self._rates)
        engine = Engine(store, config, clients.of, self._clock, dry_run=self._dry_run, meter=self._meter)
        engine.try_paused()
        return engine

    def _tell_of_strays(self, store: "Store") -> None:
        """Say which deliveries wait for a bundle that was renamed or taken out: nobody works on them."""
        for bundle, waiting in store.open_by_bundle().items():
            if bundle not in self._config.bundles:
                log.get().warning(
                    "deliveries wait for a bundle that is not in the files; they go on when it is there again by this name",
                    bundle=bundle,
                    waiting=waiting,
                )

    def _next_order(self, seconds: float) -> Order | None:
        try:
            return self._orders.get(timeout=seconds)
        except queue.Empty:
            return None

    def _load_same_files(self) -> Config:
        from apimonster_cli.bundles.load import load_or_raise

        return load_or_raise(self._config.files, environ=os.environ, cwd=Path.cwd())

    @contextmanager
    def _signals(self) -> Iterator[None]:
        """Turn SIGTERM, SIGINT and SIGHUP into orders. A SimpleQueue may be filled from a signal handler, an Event may not."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        wanted: dict[signal.Signals, Order] = {signal.SIGTERM: "stop", signal.SIGINT: "stop", signal.SIGHUP: "reload"}
        before = {
            number: signal.signal(number, lambda *_, order=order: self.tell(order)) for number, order in wanted.items()
        }
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


@dataclass(slots=True)
class _Parts:
    """What runs, and has to be looked after."""

    store: "Store"
    status: Status
    health: Health
    front: Front
    worker: "Worker"
    pulls: "Pulls"
    admin: "AdminFront | None"


def _changed(old: Settings, new: Settings) -> list[str]:
    return [name for name in _NEEDS_RESTART if getattr(old, name) != getattr(new, name)]


def _first(error: SyncError) -> dict[str, str]:
    """Return the first mistake of bundle files, for the log line."""
    problems = getattr(error, "problems", None)
    return {"first": problems[0].line()} if problems else {}
