"""What is done by the clock: retention."""

from datetime import timedelta

from apimonster_cli.bundles.model import Settings
from apimonster_cli.core import log
from apimonster_cli.core.clock import Clock
from apimonster_cli.core.errors import StoreError
from apimonster_cli.store.api import Store

_EVERY = timedelta(hours=1).total_seconds()


class Retention:
    """Prunes what is older than the settings keep, once an hour, one small batch at a time so that intake never waits long."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._due = clock.monotonic()
        self._pruned = 0

    def work_once(self, settings: Settings) -> bool:
        """Prune one batch when it is time; return whether there may be more to prune at once."""
        if self._clock.monotonic() < self._due:
            return False
        now = self._clock.now()
        try:
            rows = self._store.prune(
                events_before=now - settings.keep_events, transactions_before=now - settings.keep_transactions
            )
        except StoreError as error:
            log.get().error("old rows could not be pruned; trying again in an hour", error=str(error))
            rows = 0
        self._pruned += rows
        if rows:
            return True
        if self._pruned:
            log.get().info("old rows pruned", rows=self._pruned)
        self._pruned = 0
        self._due = self._clock.monotonic() + _EVERY
        return False
