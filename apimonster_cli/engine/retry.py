"""An error becomes: again at …, or failed."""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta

from apimonster_cli.bundles.model import Retry
from apimonster_cli.core.duration import format_duration
from apimonster_cli.core.errors import RefusedError, TransientError
from apimonster_cli.engine.circuit import PAUSE_REST

LONGEST_WAIT = timedelta(hours=1)
LONGEST_ASKED = timedelta(days=1)
"""A service may ask us to wait longer than we would, but a number with a slip in it may not put a lead off for years."""
_TURNED_AWAY_WAIT = timedelta(seconds=1)
_LARGEST_POWER = 32
_FIRST_PULL_WAIT = timedelta(seconds=5)
_LONGEST_PULL_WAIT = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Again:
    """Try once more at `at`; counts: this try counts towards giving up."""

    at: datetime
    counts: bool


@dataclass(frozen=True, slots=True)
class GiveUp:
    """Tried long enough; error says for how long and what the last try said."""

    error: str


def decide(
    error: TransientError, retry: Retry, *, tries: int, first_tried_at: datetime | None, now: datetime
) -> Again | GiveUp:
    """Return what follows from `error`.

    tries: earlier attempts of the delivery that count; first_tried_at: when the first attempt began, None on the first.
    Waits double from `retry.backoff` up to an hour, shaken by a fifth so that deliveries do not come back in one wave; a
    longer wait that the service asks for is honoured, up to a day. What was turned away by a limit before it was sent never counts.
    """
    asked = _asked(error)
    if error.turned_away:
        return Again(now + _shaken(max(asked, _TURNED_AWAY_WAIT), up=True), counts=False)
    tried = tries + 1
    deadline = (first_tried_at or now) + retry.lasts
    if (retry.attempts is not None and tried >= retry.attempts) or (tried > 1 and now >= deadline):
        return GiveUp(_given_up(error, tried, now - (first_tried_at or now)))
    wait = min(min(retry.backoff, LONGEST_WAIT) * 2 ** min(tries, _LARGEST_POWER), LONGEST_WAIT)
    at = min(now + _shaken(wait), max(deadline, now))  # the last try comes when the time is up, not after it
    return Again(max(at, now + asked), counts=True)


def next_pull(error: Exception, failures: int, now: datetime) -> datetime:
    """Return when to pull again after `error`; failures: how many pulls in a row had failed before it.

    A pull is never given up: waits double up to a quarter of an hour, or to what the service asks for.
    """
    asked = _asked(error) if isinstance(error, TransientError) else timedelta()
    if isinstance(error, TransientError) and error.turned_away:
        return now + _shaken(max(asked, _TURNED_AWAY_WAIT), up=True)
    if isinstance(error, RefusedError):
        return now + timedelta(seconds=PAUSE_REST)
    return now + max(asked, _shaken(min(_FIRST_PULL_WAIT * 2 ** min(failures, _LARGEST_POWER), _LONGEST_PULL_WAIT)))


def _asked(error: TransientError) -> timedelta:
    return timedelta(seconds=min(error.retry_after or 0, LONGEST_ASKED.total_seconds()))


def _shaken(wait: timedelta, *, up: bool = False) -> timedelta:
    return wait * random.uniform(1.0 if up else 0.8, 1.2)  # noqa: S311  # jitter, not a secret


def _given_up(error: TransientError, tried: int, lasted: timedelta) -> str:
    if tried == 1:
        return str(error)
    return f"given up after {tried} tries in {format_duration(lasted)}: {error}"
