"""A person erased from the store while the daemon goes on: found, erased a little at a time, and looked for again."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from apimonster_cli.core.clock import Clock
from apimonster_cli.core.personal.person import Person
from apimonster_cli.engine.previous import about_the_same
from apimonster_cli.store.api import UpkeepStore
from apimonster_cli.store.traces import Erased, TracedEvent, Traces

_AT_ONCE = 50  # events, or rows of a kind, in one commit: no webhook waits for it
_PAUSE_SECONDS = 0.02  # in which the daemon's own commits have their turn
_ROUNDS = 5  # what comes in meanwhile is found by the next one
_LOG_PATIENCE = timedelta(seconds=20)


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What became of it. left: events that are still to be delivered; emptied: the log of the database holds nothing more."""

    erased: Erased
    left: tuple[TracedEvent, ...]
    emptied: bool


def look(store: UpkeepStore, person: Person) -> Traces:
    """Return all that the store has of a person."""
    return store.traces(person.is_in, about_the_same)


def forget(
    store: UpkeepStore, person: Person, found: Traces, clock: Clock, told: Callable[[int], None] = lambda _: None
) -> Forgotten:
    """Erase what was found, and what has come in since; told: how many events are done."""
    erased = Erased()
    for _ in range(_ROUNDS):
        for part in found.parts(_AT_ONCE):
            erased += store.erase(part, person.is_in)
            told(len(erased.events))
            clock.sleep(_PAUSE_SECONDS)
        found = look(store, person)
        if next(found.parts(1), None) is None:
            break
    return Forgotten(erased, (*found.left, *found.ended), store.empty_log(within=_LOG_PATIENCE))
