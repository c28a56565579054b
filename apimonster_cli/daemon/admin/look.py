"""How the store stands, read not more often than it is worth."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass

from apimonster_cli.core import log
from apimonster_cli.core.clock import Clock
from apimonster_cli.core.errors import StoreError
from apimonster_cli.daemon.pulls import SCHEDULE
from apimonster_cli.store.api import Store
from apimonster_cli.store.figures import Figures
from apimonster_cli.store.rows import PullState

_TRUSTED_FOR = 1.0  # seconds: several who ask at once share one look
_SHARE = 0.05  # of the time may go into looking: with 200,000 deliveries open a look takes a tenth of a second


@dataclass(frozen=True, slots=True)
class Look:
    """What a look at the store showed. figures: None when it could not be read. pulls: those of schedules."""

    figures: Figures | None
    pulls: Sequence[PullState] = ()


class Looks:
    """Looks at the store. Thread-safe."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._lock = threading.Lock()
        self._last = Look(None)
        self._until = float("-inf")

    def last(self) -> Look:
        """Return how the store stands, or stood a moment ago."""
        with self._lock:
            began = self._clock.monotonic()
            if began >= self._until:
                self._last = self._look()
                ended = self._clock.monotonic()
                self._until = ended + max(_TRUSTED_FOR, (ended - began) / _SHARE)
            return self._last

    def _look(self) -> Look:
        try:
            pulls = [state for state in self._store.pull_states() if state.reading == SCHEDULE]
            return Look(self._store.figures(), pulls)
        except StoreError as error:
            log.get().error("the store could not be read for the figures on settings.admin", error=str(error))
            return Look(None)
