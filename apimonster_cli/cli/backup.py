"""`sync backup`: a sound copy of the store."""

from pathlib import Path
from typing import Annotated

import typer

from apimonster_cli.cli import output
from apimonster_cli.cli.opening import ConfigFiles, load_for_reading
from apimonster_cli.core.clock import SystemClock


def command(
    file: Annotated[
        Path | None,
        typer.Argument(
            help="The file to write, or a folder; a name with the date beside the store unless set.", show_default=False
        ),
    ] = None,
    *,
    config_files: ConfigFiles = None,
) -> int:
    """Copy the store to a file that only you may read, and look through the copy. The daemon goes on meanwhile.

    Nothing is written over. sync restore brings the copy back.
    """
    config = load_for_reading(config_files)
    from apimonster_cli.store.backup import back_up
    from apimonster_cli.store.open import store_path

    store = store_path(config.settings.store, config.base)
    named = f"{store.stem}-{SystemClock().now():%Y%m%d-%H%M%S}{store.suffix}"
    target = store.with_name(named) if file is None else file / named if file.is_dir() else file
    contents = back_up(store, target)
    output.say(f"{target}: {contents.events} events, {contents.open_deliveries} deliveries open.")
    return 0
