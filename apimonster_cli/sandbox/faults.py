"""Faults: how the look-alike misbehaves, as real services do.

Written as `lost=0.05,500=0.1,reset=0.02,slow=0.03,limit=10/s`; `sync sandbox --faults` and `POST /sandbox/faults` take it.

lost         carried out, then the connection is closed without an answer
500          an HTML page with status 500; half of them after the call was carried out
reset        the connection is reset (RST) and nothing is carried out
slow         carried out, but answered after `delay` only, later than a client waits
truncated    carried out; half the answer arrives: some as cut JSON, some with the connection closed inside the body
maintenance  an HTML page with status 503; nothing is carried out
echo         a page of debugging, or an error in JSON, with status 500 that quotes the whole call, its key too; nothing is carried out
limit        `10/s`: calls above that in a second are turned away, per key of RetailCRM; `0.03`: that part of all calls is
overload     of Calltouch's calls alone: refused with 429, as if there had been too many
pagefail     of Calltouch's calls alone: a page after the first is answered 500
latency      added to every answer, such as 50ms
delay        how long a slow answer takes, 40s unless set
"""

from collections import deque
from dataclasses import dataclass
from enum import Enum
from random import Random

from apimonster_cli.core.duration import parse_duration, parse_rate


class Fault(Enum):
    """What may happen to a call, by the name it is asked for with."""

    LOST = "lost"
    ERROR = "500"
    RESET = "reset"
    SLOW = "slow"
    TRUNCATED = "truncated"
    MAINTENANCE = "maintenance"
    ECHO = "echo"
    LIMIT = "limit"
    OVERLOAD = "overload"
    PAGEFAIL = "pagefail"


@dataclass(frozen=True, slots=True)
class Faults:
    """How often each fault happens (0…1), the real limit in calls a second (None: none), and delays in seconds."""

    chances: tuple[tuple[Fault, float], ...] = ()
    per_second: float | None = None
    latency: float = 0.0
    delay: float = 40.0


def parse_faults(text: str) -> Faults:
    """Return the faults that `text` asks for; ValueError with a sentence when it makes no sense."""
    chances: dict[Fault, float] = {}
    settings: dict[str, float] = {}
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        name, _, value = (piece.strip() for piece in part.partition("="))
        if name in ("latency", "delay"):
            settings[name] = parse_duration(value).total_seconds()
        elif name == "limit" and "/" in value:
            settings["per_second"] = parse_rate(value)
        elif name in {fault.value for fault in Fault}:
            chances[Fault(name)] = _chance(name, value)
        else:
            known = ", ".join([*(fault.value for fault in Fault), "latency", "delay"])
            raise ValueError(f"{name!r} is no fault; known are {known}")
    if sum(chances.values()) > 1:
        raise ValueError("the chances of the faults add up to more than 1")
    return Faults(tuple(chances.items()), **settings)


@dataclass(frozen=True, slots=True)
class Fate:
    """What is to happen to one call: a fault or none, and a coin for faults that come in two forms."""

    fault: Fault | None
    coin: bool


class Dice:
    """Decides the fate of each call in the order of arrival; the same seed and faults decide the same again."""

    def __init__(self, faults: Faults, seed: int) -> None:
        self.faults = faults
        self._random = Random(seed)  # noqa: S311 - repeatable on purpose

    def roll(self) -> Fate:
        """Return the fate of the next call. Two numbers are drawn each time, so that no fate shifts the next."""
        point, coin = self._random.random(), self._random.random() < 0.5
        for fault, chance in self.faults.chances:
            if point < chance:
                return Fate(fault, coin)
            point -= chance
        return Fate(None, coin)


class Window:
    """Counts the calls of the last second, or of a longer while."""

    def __init__(self, seconds: float = 1.0) -> None:
        self._seconds = seconds
        self._times: deque[float] = deque()

    def add(self, now: float) -> None:
        """Count a call at `now`, in seconds of a clock that only grows."""
        self._times.append(now)

    def count(self, now: float) -> int:
        """Return how many calls the while before `now` has seen."""
        while self._times and self._times[0] <= now - self._seconds:
            self._times.popleft()
        return len(self._times)


def _chance(name: str, value: str) -> float:
    try:
        chance = float(value)
    except ValueError:
        chance = -1
    if not 0 <= chance <= 1:
        raise ValueError(f"{name}={value} makes no sense; write a chance from 0 to 1, such as {name}=0.05")
    return chance
