"""Reads a period of a bundle's past and, where no daemon does, delivers what it brings."""

import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import timedelta

from apimonster_cli.bundles.model import Bundle, Config, PullPlan
from apimonster_cli.connectors.spec import Window
from apimonster_cli.core.clock import Clock
from apimonster_cli.core.errors import SyncError
from apimonster_cli.daemon.clients import Clients
from apimonster_cli.daemon.worker import Worker
from apimonster_cli.engine.bulk import BatchingClient, batches_of
from apimonster_cli.engine.call import Client
from apimonster_cli.engine.deliver import Engine
from apimonster_cli.engine.journal import PULL_LEASE
from apimonster_cli.engine.pull import Order, Progress, Pulled
from apimonster_cli.store.api import Store
from apimonster_cli.store.rows import ClaimedPull

PIECE = timedelta(days=1)
"""What is read at a time: pages of one day shift least, and a bar that moves by days tells something."""
_PATIENCE = 60.0  # seconds for a scheduled pull of the bundle to end
_SOON = timedelta(minutes=1)
_STOP_SECONDS = 9.0
_LOOK_AGAIN = 0.5
_BATCHED_WORKERS = 64  # more than go in one upload, so that the next one gathers meanwhile


class Backfill:
    """The reading of one period, day by day. It may be stopped or killed at any point; the same period then goes on from there.

    stopping: asked all the time. ConfigError when `bulk` is wanted of a bundle whose calls cannot go together.
    """

    def __init__(  # noqa: PLR0913 - its parts, by name
        self, config: Config, bundle: Bundle, store: Store, clock: Clock, *, bulk: bool, stopping: Callable[[], bool]
    ) -> None:
        self.failed = 0
        """How many deliveries have failed."""
        self._batches = batches_of(bundle) if bulk else ()
        self._config = replace(config, bundles={bundle.name: bundle})
        self._bundle = bundle
        self._store = store
        self._clock = clock
        self._stopping = stopping
        self._name = f"{socket.gethostname()}-{os.getpid()}"
        self._clients = Clients(self._config, clock)
        self._engine = Engine(store, self._config, self._client_of(), clock)

    def read(self, plan: PullPlan, period: Window, told: Callable[[Progress], None]) -> Pulled:
        """Read the period, or what an earlier run has left of it. SyncError when another program does not let go of the bundle."""
        claimed = self._claim(f"{period.start:%Y-%m-%d} {period.end:%Y-%m-%d}")
        by_day = replace(self._bundle, pull=replace(plan, pull=replace(plan.pull, longest=PIECE)))
        return self._engine.pull(Order(claimed, by_day, period, self._stopping, told))

    @contextmanager
    def delivering(self) -> Iterator[Callable[[float], bool]]:
        """Deliver what the bundle has open for the length of a block; give a wait, in seconds, that tells whether all is done.

        What has to be tried again within a minute is waited for, what has to wait longer is not.
        """
        self._engine.try_paused()
        workers = _BATCHED_WORKERS if self._batches else self._config.settings.workers
        worker = Worker(self._store, self._engine, self._clock, name=self._name, workers=workers, bulk_workers=workers)

        def drained(seconds: float) -> bool:
            if not self._store.open_deliveries(self._bundle.name, due_by=self._clock.now() + _SOON):
                return True
            self._clock.sleep(seconds)
            return False

        worker.start()
        try:
            yield drained
        finally:
            worker.stop(_STOP_SECONDS)
            self.failed += worker.failed

    def _client_of(self) -> Callable[[str], Client]:
        if not self._batches:
            return self._clients.of
        name = self._bundle.steps[0].connection.name
        batching = BatchingClient(self._clients.of(name), self._batches)
        return lambda connection: batching if connection == name else self._clients.of(connection)

    def _claim(self, reading: str) -> ClaimedPull:
        deadline = self._clock.monotonic() + _PATIENCE
        while True:
            self._release_dead()
            claimed = self._store.claim_pull(
                self._bundle.name, reading, holder=self._name, lease=PULL_LEASE, now=self._clock.now()
            )
            if claimed is not None:
                return claimed
            if self._stopping() or self._clock.monotonic() > deadline:
                raise SyncError(f"another program is pulling {self._bundle.name} right now; try again in a few minutes")
            self._clock.sleep(_LOOK_AGAIN)

    def _release_dead(self) -> None:
        """Give back the pull of a program of this machine that was killed; others are waited for until their lease ends."""
        for state in self._store.pull_states():
            if state.bundle == self._bundle.name and state.holder and _has_ended(state.holder):
                self._store.hand_back_pulls(state.holder)


def _has_ended(holder: str) -> bool:
    host, _, pid = holder.rpartition("-")
    if host != socket.gethostname() or not pid.isdecimal():
        return False
    with suppress(PermissionError):  # it runs, and is somebody else's
        try:
            os.kill(int(pid), 0)
        except (ProcessLookupError, OverflowError):
            return True
    return False
