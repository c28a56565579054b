"""Keeps one connection that does not work from holding up all that do.

After several failed calls in a row a connection rests; its deliveries wait instead of running into the same wall. When the
rest is over one call is let through: an answer opens the connection to all again, a failure makes the next rest longer.
A connection whose credentials are refused rests in the same way until a call is answered.
"""

import random
import threading
from collections import Counter
from collections.abc import Iterable

from apimonster_cli.core.clock import Clock
from apimonster_cli.core.errors import TransientError
from apimonster_cli.store.rows import Pause

FAILURES = 5  # in a row: fewer happen on a healthy line
REFUSALS = 3  # of one delivery, while others are answered in between
FIRST_REST = 2.0
LONGEST_REST = 60.0
PAUSE_REST = 60.0
_LONGEST_ASKED_REST = 600.0  # a service may ask for more than our longest rest, but not for a day
_SHORTEST_WAIT = 1.0


class Circuit:
    """Whether calls of one connection may go out: all, none for a while, or one on trial. Thread-safe."""

    def __init__(self, name: str, clock: Clock) -> None:
        self.name = name
        self._clock = clock
        self._lock = threading.Lock()
        self._failures = 0
        self._rests = 0
        self._until: float | None = None
        self._trial: int | None = None
        self._why = ""
        self._paused: Pause | None = None
        self._doubted = False  # on record is a pause that may be over
        self._works: set[str] = set()  # kinds of calls that were answered since one of the kind was refused
        self._blamed: Counter[str] = Counter()

    @property
    def resting(self) -> bool:
        """Return whether calls are held back, all or all but one."""
        return self._until is not None

    @property
    def paused(self) -> bool:
        """Return whether it rests because its credentials are refused."""
        return self._paused is not None

    @property
    def pause(self) -> Pause | None:
        """Return since when and why it is paused; None when it is not."""
        return self._paused

    @property
    def why(self) -> str:
        """Return why calls are held back; empty when they are not."""
        with self._lock:
            return "" if self._until is None else self._why

    def room(self) -> int | None:
        """Return how many deliveries may set out now: 0, 1 (on trial), or None for any number."""
        with self._lock:
            if self._until is None:
                return None
            return 1 if self._until <= self._clock.monotonic() else 0

    def wait(self) -> float:
        """Return seconds until a call may go out."""
        with self._lock:
            return 0.0 if self._until is None else max(0.0, self._until - self._clock.monotonic())

    def enter(self) -> None:
        """Ask leave for one call, which ends with `leave`; TransientError (turned away) while the connection rests."""
        with self._lock:
            if self._until is None:
                return
            wait = self._until - self._clock.monotonic()
            if wait <= 0 and self._trial is None:
                self._trial = threading.get_ident()
                return
        raise TransientError(
            self._why, may_have_happened=False, retry_after=max(wait, _SHORTEST_WAIT), turned_away=True
        )

    def leave(self) -> None:
        """End a call, whatever became of it."""
        with self._lock:
            if self._trial == threading.get_ident():
                self._trial = None

    def answered(self, kind: str = "") -> bool:
        """Open the connection to all: the service works; return whether it had been paused, be it before the last reload.

        kind: of the call, see `blames`.
        """
        with self._lock:
            self._works.add(kind)
            was_paused = self._paused is not None or self._doubted
            self._paused, self._doubted = None, False
            self._failures = self._rests = 0
            self._until = None
            return was_paused

    def failed(self, error: TransientError) -> None:
        """Count a call that failed on the way or was not answered properly."""
        with self._lock:
            self._failures += 1
            on_trial = self._trial == threading.get_ident()
            if not on_trial and (self._until is not None or self._failures < FAILURES):
                return
            rest = min(FIRST_REST * 2**self._rests, LONGEST_REST)
            asked = min(error.retry_after or 0.0, _LONGEST_ASKED_REST)
            self._rest(max(rest, asked))
            self._rests = min(self._rests + 1, 16)
            if self._paused is None:
                self._why = f"{error}; deliveries wait until connection {self.name} works again"

    def blames(self, kind: str, asker: str) -> bool:
        """Take note that a call was refused, and return whether that is due to the asker and not to the connection.

        So it is after several times, before each of which a call of the same kind was answered to others.
        """
        with self._lock:
            if kind not in self._works:
                return False
            self._works.remove(kind)
            self._blamed[asker] += 1  # one entry for a rest of the connection: there are never many
            return self._blamed[asker] >= REFUSALS

    def refused(self, reason: str) -> bool:
        """Let the connection wait for a working key; return whether this is news."""
        with self._lock:
            before, self._doubted = self._paused, False
            self._paused = Pause(self.name, before.since if before else self._clock.now(), reason)
            self._rest(PAUSE_REST)
            self._why = f"connection {self.name} is paused, its deliveries wait for a working key: {reason}"
            return before is None

    def doubt(self) -> None:
        """Let one call try first: on record is a trouble that may be over by now."""
        with self._lock:
            self._until = self._clock.monotonic()
            self._doubted = True
            self._why = (
                f"connection {self.name} did not work before, so one call goes first; deliveries wait for its answer"
            )

    def _rest(self, seconds: float) -> None:
        self._until = self._clock.monotonic() + seconds * random.uniform(0.8, 1.2)  # noqa: S311  # jitter, not a secret


class Circuits:
    """The circuits of all connections, by name."""

    def __init__(self, names: Iterable[str], clock: Clock) -> None:
        self._circuits = {name: Circuit(name, clock) for name in names}

    def __getitem__(self, name: str) -> Circuit:
        return self._circuits[name]

    def paused(self) -> list[str]:
        """Return the names of the connections that wait for working credentials."""
        return [name for name, circuit in self._circuits.items() if circuit.paused]

    def pauses(self) -> list[Pause]:
        """Return since when and why those connections wait."""
        return [circuit.pause for circuit in self._circuits.values() if circuit.pause is not None]

    def doubt(self, names: Iterable[str]) -> None:
        """Let one call of each of these connections try first; those that are gone from the files are left out."""
        for name in names:
            if name in self._circuits:
                self._circuits[name].doubt()

    def wait(self) -> float | None:
        """Return seconds until the first resting connection may be tried again; None when none has to wait for that."""
        waits = [circuit.wait() for circuit in self._circuits.values()]
        return min((wait for wait in waits if wait > 0), default=None)
