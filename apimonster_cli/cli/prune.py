"""`sync prune`: retention, now."""

from typing import TYPE_CHECKING, Annotated

import typer

from apimonster_cli.cli import output
from apimonster_cli.cli.opening import Files, load_config, store_beside
from apimonster_cli.core.clock import SystemClock
from apimonster_cli.core.duration import format_duration

if TYPE_CHECKING:
    from apimonster_cli.bundles.model import Config

_MIB = 1024 * 1024
_PAUSE_SECONDS = (
    0.05  # in which the daemon's own commits have their turn: a lock is not handed on by those who waited longest
)


def command(
    files: Files = None,
    *,
    compact: Annotated[
        bool,
        typer.Option(
            "--compact", help="Write the whole store anew afterwards, as small as it can be; not beside a daemon."
        ),
    ] = False,
) -> int:
    """Delete events and transactions older than settings.retention now.

    Events with a delivery that waits or has failed stay. Works beside a running daemon, in small batches.
    """
    config = load_config(files)
    _prune(config)
    if compact:
        from apimonster_cli.store.open import compact as write_anew
        from apimonster_cli.store.open import store_path

        store = store_path(config.settings.store, config.base)
        before, after = write_anew(store)
        output.say(f"{store} was {before / _MIB:.1f} MiB long and is {after / _MIB:.1f} MiB now.")
    return 0


def _prune(config: "Config") -> None:
    settings, clock = config.settings, SystemClock()
    now, gone = clock.now(), 0
    with store_beside(config) as store:
        while (
            batch := store.prune(
                events_before=now - settings.keep_events, transactions_before=now - settings.keep_transactions
            )
        ).more:
            gone += batch.rows
            clock.sleep(_PAUSE_SECONDS)
        gone += batch.rows
    output.say(
        f"{gone} rows deleted: events older than {format_duration(settings.keep_events)}, "
        f"transactions older than {format_duration(settings.keep_transactions)}."
    )
    if batch.held:
        output.tell(
            "Some program has been reading the store for a long time; until it ends old rows stay. End it, then run sync prune again."
        )
