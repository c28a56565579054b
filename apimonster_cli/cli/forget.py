"""`sync forget`: a person's data, out of the history."""

import sys
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from apimonster_cli.cli import output, receipt
from apimonster_cli.cli.boundary import WORK_FAILED
from apimonster_cli.cli.opening import AsJson, ConfigFiles, load_config, store_beside
from apimonster_cli.core.clock import SystemClock
from apimonster_cli.core.errors import ConfigError

if TYPE_CHECKING:
    from apimonster_cli.bundles.model import Config
    from apimonster_cli.core.personal.person import Person
    from apimonster_cli.engine.forget import Forgotten
    from apimonster_cli.store.api import UpkeepStore
    from apimonster_cli.store.traces import TracedEvent, Traces

_REGIONS = (
    "RU",
    "UA",
    "BY",
    "KZ",
)  # of phones that are written without their country, after those that connections name
_NAMED = 20


def command(
    who: Annotated[
        str, typer.Argument(metavar="PHONE|EMAIL", help="The person's phone or e-mail, written in any way.")
    ],
    *,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before erasing.")] = False,
    as_json: AsJson = False,
    config_files: ConfigFiles = None,
) -> int:
    """Erase a person from the history, and print a receipt that names nobody.

    Erased are the events that hold the phone or e-mail, those of the same object, and all that was sent and answered because of them.
    What is still to be delivered stays, and is named. Works beside a running daemon. Exit code 1 when anything is left in the store.
    """
    config = load_config(config_files)
    person = _person(config, who)
    clock = SystemClock()
    with store_beside(config) as store:
        from apimonster_cli.engine import forget

        found = forget.look(store, person)
        if not as_json:
            _preview(config, person, found)
        _ask(found, yes=yes, may_ask=not as_json)
        done = _forget(store, person, found)
    from apimonster_cli.store import remains
    from apimonster_cli.store.open import store_path

    path = store_path(config.settings.store, config.base)
    file = "left" if done.left else remains.clean(path, person.is_in, emptied=done.emptied)
    copies = tuple(copy.name for copy in remains.copies(path))
    given = receipt.Receipt(clock.now(), person.shown, found, done.erased, done.left, file, copies)
    if as_json:
        output.document(given.as_object())
    else:
        given.say(config.settings.timezone)
    return 0 if given.complete else WORK_FAILED


def _person(config: "Config", who: str) -> "Person":
    from apimonster_cli.core.personal.person import person

    named = [connection.settings.get("phone_region") for connection in config.connections.values()]
    regions = dict.fromkeys(region.upper() for region in (*named, *_REGIONS) if isinstance(region, str))
    try:
        return person(who, regions)
    except ValueError as error:
        raise ConfigError(str(error)) from None


def _preview(config: "Config", person: "Person", found: "Traces") -> None:
    """Show what would be erased, and what would stay."""
    zone = config.settings.timezone
    events = found.events
    if not events:
        output.say(
            f"No event holds {person.shown}." if not found.is_empty else f"Nobody with {person.shown} is in the store."
        )
    else:
        first, last = (output.moment(events[at].received_at, zone) for at in (0, -1))
        when = first if first == last else f"{first} to {last}"
        states = Counter(delivery.state for event in events for delivery in event.deliveries)
        output.say(
            f"{person.shown} is in {receipt.counted(len(events), 'event')} ({numbers(events)}), of {when}, "
            f"with {receipt.counted(states.total(), 'delivery')} and {receipt.counted(found.calls, 'call')}."
        )
        if states["failed"]:
            output.say(
                f"{receipt.counted(states['failed'], 'delivery')} failed: once erased, it cannot be delivered again."
            )
    if found.left:
        output.say(f"{receipt.LEFT}: {numbers(found.left)}.")


def numbers(events: "Sequence[TracedEvent]") -> str:
    """Return the numbers of events in a sentence."""
    more = f" and {len(events) - _NAMED} more" if len(events) > _NAMED else ""
    return ", ".join(str(event.id) for event in events[:_NAMED]) + more


def _ask(found: "Traces", *, yes: bool, may_ask: bool) -> None:
    if yes or next(found.parts(1), None) is None:
        return
    if not may_ask or not sys.stdin.isatty():
        raise ConfigError("what is erased does not come back: say --yes if that is meant")
    typer.confirm("Erase it for good?", abort=True, err=True)


def _forget(store: "UpkeepStore", person: "Person", found: "Traces") -> "Forgotten":
    from apimonster_cli.engine.forget import forget

    total = len(found.ended)
    if not total:
        return forget(store, person, found, SystemClock())
    with output.progress(f"Erasing {receipt.counted(total, 'event')}", total) as advance:
        return forget(store, person, found, SystemClock(), advance)
