"""How much working out one event may cost: time, rounds of loops, and the size of what is made.

A thread cannot be stopped from outside. So whatever a template, a JSONPath or a pattern can do again and again asks here first, and
whatever one such step makes has a bound of its own: what would run for ever, or fill the memory, ends as an error of that event.
What counts is the time of this thread on a processor: a busy machine is no reason to fail.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from apimonster_cli.values.errors import TemplateError

SECONDS = 2.0
"""For one template or JSONPath."""

SECONDS_OF_A_MAP = 10.0
"""For all fields of a step, or a whole filter."""

LONGEST = 100_000
"""Characters of what a template gives, and of what one of its operations joins or repeats."""

HEAVIEST = 10_000_000
"""Characters of any value on the way, with 32 more for each element: about what it takes in memory."""

MOST_ROUNDS = 20_000
_ELEMENT = 32


class _Effort:
    """One part of the work. It is over when its seconds are gone on the clock on the wall, and once more on the processor.

    The first costs nothing to ask; the second is what counts, as the thread may have been kept waiting.
    """

    __slots__ = ("on_processor", "on_wall", "rounds", "seconds", "written")

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.on_wall = time.monotonic() + seconds
        self.on_processor: float | None = None
        self.rounds = 0
        self.written = 0

    def left(self) -> float:
        left = self.on_wall - time.monotonic()
        if left > 0:
            return left
        now = time.thread_time()
        if self.on_processor is None:
            self.on_processor = now + self.seconds
        return self.on_processor - now


class _Current(threading.local):
    effort: _Effort | None = None


_current = _Current()


@contextmanager
def allowed(seconds: float) -> Iterator[None]:
    """Let what is done inside take so long. TemplateError then; and at once when what it is a part of has taken too long already."""
    outer = _current.effort
    step()
    _current.effort = _Effort(seconds)
    try:
        yield
    finally:
        _current.effort = outer


def step() -> None:
    """Go on, unless it has taken too long. TemplateError."""
    effort = _current.effort
    if effort is not None and effort.left() <= 0:
        raise TemplateError(f"working it out takes more than {effort.seconds:g} s, and was given up")


def seconds_left(most: float) -> float:
    """Return how long something may take that stops by itself: at most `most`, above zero. TemplateError when the time is over."""
    step()
    effort = _current.effort
    return most if effort is None else max(min(most, effort.left()), 0.001)


def go_round(characters: int = 0) -> None:
    """Count a round of a loop, and what is written in it by itself. TemplateError."""
    effort = _current.effort
    if effort is not None:
        effort.rounds += 1
        if effort.rounds > MOST_ROUNDS:
            raise TemplateError(f"the loops go round more than {MOST_ROUNDS} times")
        write(characters)


def write(characters: int) -> None:
    """Count what a template prints, into its result or into a value of its own. TemplateError."""
    effort = _current.effort
    if effort is not None:
        effort.written += characters
        check_weight(effort.written)
    step()


def weighed(value: Any) -> Any:
    """Return a value that was just made; TemplateError when it would be endless written out.

    Elements that are in it several times count as often: a list of twice itself, forty times over, is a terabyte.
    """
    if isinstance(value, str):
        check_weight(len(value))
    elif isinstance(value, list | tuple | dict):
        weight = 0
        waiting = [value]
        while waiting:
            one = waiting.pop()
            children = one.values() if isinstance(one, dict) else one
            weight += _ELEMENT * len(children) + (sum(map(_length, one)) if isinstance(one, dict) else 0)
            check_weight(weight)
            for child in children:
                if isinstance(child, str):
                    weight += len(child)
                elif isinstance(child, list | tuple | dict):
                    waiting.append(child)
        check_weight(weight)
    return value


def check_length(characters: int) -> None:
    """Refuse what is longer than a template may give. TemplateError."""
    _check(characters, LONGEST)


def check_weight(weight: int) -> None:
    """Refuse what is heavier than a value may be. TemplateError."""
    _check(weight, HEAVIEST)


def _check(size: int, most: int) -> None:
    if size > most:
        raise TemplateError(f"the template makes something longer than {most} characters")


def _length(key: Any) -> int:
    return len(key) if isinstance(key, str) else _ELEMENT
