"""How many calls a second a connection makes, over all its workers."""

import math
import threading
from collections import deque

from apimonster_cli.core.clock import Clock

# Calls leave a little slower than they may: a service counts them as they arrive, and on their way they bunch up.
_MARGIN = 1.04
_WINDOW_MARGIN = 1.03  # less, so that calls which left late are caught up with


class Rate:
    """Hands out moments at which a call may go, evenly spaced, none saved up (GCRA without a burst). Thread-safe.

    Between its moment and its sending a call is put on record, which takes as long as the disk takes. So calls are counted once
    more as they leave, by `depart`: after a pause of the disk a dozen would go at once otherwise.
    """

    def __init__(self, per_second: float, clock: Clock) -> None:
        self._interval = _MARGIN / per_second
        self._clock = clock
        self._lock = threading.Lock()
        self._next = -math.inf
        most = math.ceil(round(per_second, 6))  # what one second may hold at its fullest
        self._departures: deque[float] = deque(maxlen=most)
        self._window = most / per_second * _WINDOW_MARGIN

    def reserve(self, longest: float = math.inf) -> float:
        """Take the next free moment and return the seconds until then, 0 for now.

        Nothing is taken when those seconds are more than `longest`: try again after them.
        """
        with self._lock:
            now = self._clock.monotonic()
            moment = max(now, self._next)
            if moment - now <= longest:
                self._next = moment + self._interval
            return moment - now

    def depart(self) -> None:
        """Return when a call that has had its moment may leave, at once unless too many have left in the second before."""
        while (wait := self._count_out()) > 0:
            self._clock.sleep(wait)

    def _count_out(self) -> float:
        """Count a call that leaves now and return 0, or return after how many seconds it may."""
        with self._lock:
            now = self._clock.monotonic()
            full = len(self._departures) == self._departures.maxlen
            wait = self._departures[0] + self._window - now if full else 0.0
            if wait <= 0:
                self._departures.append(now)
            return wait

    def wait_time(self) -> float:
        """Return the seconds that a reservation made now would have to wait."""
        with self._lock:
            return max(0.0, self._next - self._clock.monotonic())
