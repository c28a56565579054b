"""The time, handed in so that tests can move it."""

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """What the engine and the daemon ask for the time."""

    def now(self) -> datetime:
        """Return the present moment, aware, in UTC."""

    def monotonic(self) -> float:
        """Return seconds that only ever grow."""

    def sleep(self, seconds: float) -> None:
        """Wait."""


class SystemClock:
    """The clock of this machine."""

    def now(self) -> datetime:
        """Return the present moment, aware, in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return seconds that only ever grow."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)


LEAP = timedelta(minutes=1)
"""By how much the time on the wall has to leap before it is worth looking at what goes by it."""


class Leaps:
    """Notices when the clock on the wall is set, or the machine was asleep: it then shows more or less than has passed."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._now, self._monotonic = clock.now(), clock.monotonic()

    def look(self) -> tuple[datetime, timedelta]:
        """Return what the clock shows, and by how much that is a leap: less than nothing when set back, nothing below LEAP."""
        now = self._clock.now()
        leap = now - self._now - timedelta(seconds=self._clock.monotonic() - self._monotonic)
        return now, leap if abs(leap) >= LEAP else timedelta()

    def settle(self, leap: timedelta) -> None:
        """Take a leap as seen to: it is not told again."""
        self._now += leap
