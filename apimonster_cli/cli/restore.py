"""`sync restore`: a copy of the store back in its place."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from apimonster_cli.cli import output
from apimonster_cli.cli.opening import ConfigFiles, load_config
from apimonster_cli.core.clock import SystemClock

if TYPE_CHECKING:
    from apimonster_cli.store.backup import Contents


def command(
    file: Annotated[Path, typer.Argument(help="The copy, as sync backup wrote it.")],
    *,
    verify: Annotated[
        bool, typer.Option("--verify", help="Only look whether the copy is sound; change nothing.")
    ] = False,
    config_files: ConfigFiles = None,
) -> int:
    """Put a copy in the place of the store, once the daemon is stopped; the store that was there is kept under another name.

    The copy is looked through first, every page of it. What came in after the copy was made is only in the file kept aside.
    """
    from apimonster_cli.store import backup

    if verify:
        output.say(f"{file} is sound: {told(backup.verify(file))}.")
        return 0
    config = load_config(config_files)
    from apimonster_cli.store.open import store_path

    store = store_path(config.settings.store, config.base)
    contents, aside = backup.restore(store, file, SystemClock().now())
    output.say(f"{store} is now the copy: {told(contents)}.")
    if aside is not None:
        output.say(f"What was there before is kept as {aside}.")
    if not contents.current:
        output.say("The copy is of an older version of this program: start sync run once before anything else.")
    return 0


def told(contents: "Contents") -> str:
    """Return what is in a copy, in words."""
    newest = f", the last of {output.moment(contents.newest)} UTC" if contents.newest else ""
    return f"{contents.events} events{newest}, {contents.open_deliveries} deliveries open"
