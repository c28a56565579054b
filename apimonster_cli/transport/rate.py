"""How many calls a second a connection makes, over all its workers."""

import math
import threading

from apimonster_cli.core.clock import Clock

# Calls leave a little slower than they may: a service counts them as they arrive, and on their way they bunch up.
_MARGIN = 1.02


class Rate:
    """Hands out moments at which a call may go, evenly spaced, none saved up (GCRA without a burst). Thread-safe."""

    def __init__(self, per_second: float, clock: Clock) -> None:
        self._interval = _MARGIN / per_second
        self._clock = clock
        self._lock = threading.Lock()
        self._next = -math.inf

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

    def wait_time(self) -> float:
        """Return the seconds that a reservation made now would have to wait."""
        with self._lock:
            return max(0.0, self._next - self._clock.monotonic())
