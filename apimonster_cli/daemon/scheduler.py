"""What is done by the clock: retention."""

from datetime import timedelta

from apimonster_cli.bundles.model import Settings
from apimonster_cli.core import log
from apimonster_cli.core.clock import Clock
from apimonster_cli.core.errors import StoreError
from apimonster_cli.store.api import UpkeepStore

_EVERY = timedelta(hours=1).total_seconds()
_HELD = timedelta(minutes=1).total_seconds()


class Retention:
    """Prunes what is older than the settings keep, once an hour, one small batch at a time so that intake never waits long."""

    def __init__(self, store: UpkeepStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._due = clock.monotonic()
        self._pruned = 0
        self._held = False

    def work_once(self, settings: Settings) -> bool:
        """Prune one batch when it is time; return whether there may be more to prune at once."""
        if self._clock.monotonic() < self._due:
            return False
        now = self._clock.now()
        try:
            pruned = self._store.prune(
                events_before=now - settings.keep_events, transactions_before=now - settings.keep_transactions
            )
        except StoreError as error:
            log.get().error("old rows could not be pruned; trying again in an hour", error=str(error))
            self._rest(_EVERY)
            return False
        self._pruned += pruned.rows
        if pruned.held:
            self._wait_for_readers()
            return False
        self._held = False
        if not pruned.more:
            self._rest(_EVERY)
        return pruned.more

    def _wait_for_readers(self) -> None:
        if not self._held:
            log.get().warning(
                "old rows stay for now: some program has been reading the store for a long time, and until it ends the "
                "file beside it whose name ends in -wal only grows"
            )
        self._held = True
        self._rest(_HELD)

    def _rest(self, seconds: float) -> None:
        if self._pruned:
            log.get().info("old rows pruned", rows=self._pruned)
        self._pruned = 0
        self._due = self._clock.monotonic() + seconds
