"""`sync prune`: retention, now."""

from apimonster_cli.cli import output
from apimonster_cli.cli.opening import Files, load_config, store_beside
from apimonster_cli.core.clock import SystemClock
from apimonster_cli.core.duration import format_duration


def command(files: Files = None) -> int:
    """Delete events and transactions older than settings.retention now.

    Events with a delivery that waits or has failed stay. Works beside a running daemon, in small batches.
    """
    config = load_config(files)
    settings, now = config.settings, SystemClock().now()
    gone = 0
    with store_beside(config) as store:
        while batch := store.prune(
            events_before=now - settings.keep_events, transactions_before=now - settings.keep_transactions
        ):
            gone += batch
    output.say(
        f"{gone} rows deleted: events older than {format_duration(settings.keep_events)}, "
        f"transactions older than {format_duration(settings.keep_transactions)}."
    )
    return 0
