"""`sync replay`: deliver again."""

import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from apimonster_cli.cli import masking, output
from apimonster_cli.cli.boundary import WORK_FAILED
from apimonster_cli.cli.opening import AsJson, ConfigFiles, load_config, parse_since, store_beside
from apimonster_cli.core.clock import SystemClock
from apimonster_cli.core.errors import ConfigError
from apimonster_cli.store.past import PastFilter, Replay

if TYPE_CHECKING:
    from apimonster_cli.bundles.model import Config
    from apimonster_cli.engine.replay import Choice, Chosen, LeftOut
    from apimonster_cli.store.api import Store

UNASKED = 20
"""More than so many are not delivered again without a yes."""
_SHOWN = 50  # and looked up in the CRM
_AT_ONCE = 100  # a commit: long enough to be quick, short enough that no webhook waits for it
_BUSY = "it, or another event of the same thing, is being delivered right now: ask again in a moment"


def command(  # noqa: PLR0913 - what to choose by, and how to answer
    ids: Annotated[
        list[int] | None, typer.Argument(help="Numbers of events, as sync history shows them.", show_default=False)
    ] = None,
    *,
    failed: Annotated[bool, typer.Option("--failed", help="Only deliveries that have failed.")] = False,
    bundle: Annotated[str | None, typer.Option(help="Only through this bundle.")] = None,
    since: Annotated[str | None, typer.Option(help="Only events from then on: 2h, 3d, 2026-03-01.")] = None,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help=f"Do not ask, however many: over {UNASKED} are asked for.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be delivered again, and deliver nothing.")
    ] = False,
    as_json: AsJson = False,
    config_files: ConfigFiles = None,
) -> int:
    """Deliver events again, under the bundles as they are now, behind what comes in meanwhile.

    What a failed delivery has done is kept; any other one does all its steps again, and finds what is there already. Events that
    never went through a bundle which takes them now do so. A running daemon delivers; without one, sync run --once does.
    """
    config = load_config(config_files)
    wanted = _wanted(config, ids, failed=failed, bundle=bundle, since=since)
    with store_beside(config) as store:
        from apimonster_cli.engine.replay import choose

        events = store.past(wanted)
        choice = choose(config, store, events, failed=failed, bundle=bundle)
        missing = sorted(set(ids or ()) - {event.id for event in events})
        there = _there(config, store, choice.chosen[:_SHOWN]) if dry_run or not as_json else {}
        if not as_json:
            _preview(config, store, choice, there, missing)
        if dry_run:
            _end_dry(config, choice, there, missing, as_json=as_json)
            return 0
        _ask(len(choice.chosen), yes=yes, may_ask=not as_json)
        refused = _replay(store, [chosen.item for chosen in choice.chosen])
    taken = [chosen for chosen in choice.chosen if chosen.item not in refused]
    if as_json:
        output.document(_document(config, taken, choice.left_out, refused, missing))
    else:
        _say(config, taken, refused)
    return WORK_FAILED if ids and not taken else 0


def _wanted(
    config: "Config", ids: Sequence[int] | None, *, failed: bool, bundle: str | None, since: str | None
) -> PastFilter:
    if not (ids or failed or bundle or since):
        raise ConfigError("say what to deliver again: numbers of events, --failed, --bundle NAME or --since 2h")
    connection = None
    if bundle is not None and bundle not in config.bundles:
        from apimonster_cli.bundles.problem import nearest, one_of

        near = nearest(bundle, config.bundles)
        raise ConfigError(
            f"--bundle {bundle}: there is no such bundle; "
            + (f"did you mean {near}?" if near else f"there is {one_of(config.bundles)}")
        )
    if bundle is not None:
        connection = config.bundles[bundle].connection.name
    start = parse_since(since, config, SystemClock().now())
    return PastFilter(tuple(ids or ()), failed, bundle, connection, start)


def _preview(
    config: "Config", store: "Store", choice: "Choice", there: Mapping[Replay, bool], missing: Sequence[int]
) -> None:
    """Show what would be delivered again, and what is known of it."""
    shown = choice.chosen[:_SHOWN]
    if shown:
        columns = ("event", "received", "object", "bundle", "was", "why", "in the CRM", "newer event")
        output.table(columns, (_cells(config, store, chosen, there) for chosen in shown))
        if len(choice.chosen) > _SHOWN:
            output.say(f"… and {len(choice.chosen) - _SHOWN} more; only the first {_SHOWN} were looked up in the CRM")
    for left in choice.left_out[:_SHOWN]:
        output.tell(f"Event {left.event_id} is left out: {left.why}.")
    if len(choice.left_out) > _SHOWN:
        output.tell(f"… and {len(choice.left_out) - _SHOWN} more are left out")
    for number in missing:
        output.tell(f"There is no event {number}.")


def _there(config: "Config", store: "Store", shown: "Sequence[Chosen]") -> dict[Replay, bool]:
    from apimonster_cli.daemon.clients import Clients
    from apimonster_cli.engine.replay import what_is_there

    clock = SystemClock()
    return what_is_there(config, store, shown, Clients(config, clock).of, clock)


def _cells(config: "Config", store: "Store", chosen: "Chosen", there: Mapping[Replay, bool]) -> tuple[Any, ...]:
    event, item, delivery = chosen.event, chosen.item, chosen.delivery
    names = [each.name for each in config.bundles[item.bundle].events]
    return (
        event.id,
        output.moment(event.received_at, config.settings.timezone),
        output.shorten(masking.words(event.object_key), 30),
        item.bundle,
        delivery.state if delivery else "new",
        output.shorten(masking.words(delivery.error), 60) if delivery else None,
        {True: "yes", False: "no", None: "?"}[there.get(item)],
        store.later(event.id, item.bundle, names) if delivery else None,
    )


def _end_dry(
    config: "Config", choice: "Choice", there: Mapping[Replay, bool], missing: Sequence[int], *, as_json: bool
) -> None:
    """Say what would be delivered again; in JSON with what the CRM has already, null where that is not known."""
    if as_json:
        found = _document(config, choice.chosen, choice.left_out, (), missing)
        for shown, chosen in zip(found["deliveries"], choice.chosen, strict=True):
            shown["in_crm"] = there.get(chosen.item)
        output.document(found)
        return
    count = len(choice.chosen)
    what = "1 delivery" if count == 1 else f"{count} deliveries"
    output.say(f"This is a dry run: {what} would be made again." if count else "Nothing would be delivered again.")


def _ask(count: int, *, yes: bool, may_ask: bool) -> None:
    if yes or count <= UNASKED:
        return
    if not may_ask or not sys.stdin.isatty():
        raise ConfigError(
            f"{count} deliveries would be made again, which is more than {UNASKED}: say --yes if that is meant"
        )
    typer.confirm(f"Make these {count} deliveries again?", abort=True, err=True)


def _replay(store: "Store", items: Sequence[Replay]) -> list[Replay]:
    """Put them into the queue, some at a time; return those that were left alone."""
    refused: list[Replay] = []
    for start in range(0, len(items), _AT_ONCE):
        refused += store.replay(items[start : start + _AT_ONCE], now=SystemClock().now())
    return refused


def _say(config: "Config", taken: "Sequence[Chosen]", refused: Sequence[Replay]) -> None:
    for item in refused:
        output.tell(f"Event {item.event_id} is left out: {_BUSY}.")
    if not taken:
        output.say("Nothing is delivered again.")
        return
    what, them = ("1 delivery is", "it") if len(taken) == 1 else (f"{len(taken)} deliveries are", "them")
    who = (
        f"the daemon takes {them} up now"
        if _daemon_runs(config)
        else f"no daemon is running: sync run --once delivers {them}"
    )
    output.say(f"{what} made again; {who}.")


def _daemon_runs(config: "Config") -> bool:
    from apimonster_cli.store.lock import is_taken
    from apimonster_cli.store.open import store_path

    return is_taken(store_path(config.settings.store, config.base))


def _document(
    config: "Config",
    taken: "Sequence[Chosen]",
    left_out: "Sequence[LeftOut]",
    refused: Sequence[Replay],
    missing: Sequence[int],
) -> dict[str, Any]:
    left = [{"event": each.event_id, "bundle": each.bundle, "why": each.why} for each in left_out]
    left += [{"event": item.event_id, "bundle": item.bundle, "why": _BUSY} for item in refused]
    left += [{"event": number, "bundle": None, "why": "there is no such event"} for number in missing]
    return {
        "deliveries": [
            {
                "event": chosen.event.id,
                "bundle": chosen.item.bundle,
                "was": chosen.delivery.state if chosen.delivery else None,
                "error": masking.words(chosen.delivery.error) if chosen.delivery else None,
            }
            for chosen in taken
        ],
        "left_out": left,
        "daemon": _daemon_runs(config),
    }
