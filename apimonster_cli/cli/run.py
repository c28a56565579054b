"""`sync run`: the daemon."""

from typing import Annotated

import typer

from apimonster_cli.cli.opening import Files, load_config
from apimonster_cli.core.errors import ConfigError


def command(
    files: Files = None,
    *,
    once: Annotated[bool, typer.Option("--once", help="Deliver what is due and end: for cron.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Do everything but the writing calls, which are logged as planned.")
    ] = False,
) -> int:
    """Run the daemon: receive webhooks, keep them, deliver them by the bundles.

    Ctrl-C or SIGTERM ends it within 10 seconds; what is under way is finished or handed back to the store.
    With --once the exit code is 1 when a delivery has failed.
    """
    config = load_config(files)
    if not (config.connections or config.bundles):
        names = ", ".join(file.name for file in config.files)
        raise ConfigError(
            f"{names}: there are no connections and no bundles, so there is nothing to run; start with sync init"
        )
    from apimonster_cli.core import log
    from apimonster_cli.daemon.supervisor import Supervisor

    log.configure(config.redactor)
    return Supervisor(config, load=lambda: load_config(files)).run(once=once, dry_run=dry_run)
