"""What most commands begin with: the bundle files and the store, and the options that name them."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from apimonster_cli.cli import output
from apimonster_cli.core.clock import SystemClock
from apimonster_cli.core.duration import parse_duration
from apimonster_cli.core.errors import ConfigError

if TYPE_CHECKING:
    from apimonster_cli.bundles.model import Config
    from apimonster_cli.store.api import Store

Files = Annotated[
    list[Path] | None,
    typer.Argument(
        help="Bundle files or folders; without any, bundles.yaml, else every *.yaml in bundles/.", show_default=False
    ),
]
ConfigFiles = Annotated[
    list[Path] | None,
    typer.Option("--config", "-c", help="Bundle file or folder, may be repeated.", show_default="bundles.yaml"),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON on stdout and nothing else there.")]


def load_config(files: Sequence[Path] | None) -> "Config":
    """Return what the bundle files say; ConfigError when they are missing or have mistakes."""
    from apimonster_cli.bundles.load import load_or_raise

    return load_or_raise(files, environ=os.environ, cwd=Path.cwd())


def load_for_reading(files: Sequence[Path] | None) -> "Config":
    """Return what the bundle files say; of files with mistakes their settings alone, for commands that only read the store.

    ConfigError when the files are missing, or the settings may be others as well.
    """
    from apimonster_cli.bundles.load import load
    from apimonster_cli.bundles.problem import BundleError, mistakes

    loaded = load(files, environ=os.environ, cwd=Path.cwd())
    if loaded.config is not None:
        return loaded.config
    if loaded.settings_only is None:
        raise BundleError(loaded.problems, loaded.sources)
    from apimonster_cli.store.open import store_path

    store = store_path(loaded.settings_only.settings.store, loaded.settings_only.base)
    named = "".join(f" {file}" for file in files or ())
    output.tell(
        f"Warning: {mistakes(loaded.problems)}; sync check{named} shows more. Only their settings are used: the store is {store}."
    )
    return loaded.settings_only


@contextmanager
def store_beside(config: "Config") -> "Iterator[Store]":
    """Open the store that the files name, beside a daemon that may be running; StoreError when it cannot be used."""
    from apimonster_cli.store.open import open_store

    store = open_store(config.settings.store, base=config.base, daemon=False, clock=SystemClock())
    try:
        yield store
    finally:
        store.close_store()


def parse_since(text: str | None, config: "Config", now: datetime) -> datetime | None:
    """Return the moment that `2h`, `2026-03-01` or `2026-03-01T09:30` means; local times are in settings.timezone."""
    if text is None:
        return None
    try:
        return now - parse_duration(text)
    except ValueError:
        pass  # then it has to be a date
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ConfigError(
            f"--since {text}: write a duration such as 2h or 3d, or a date such as 2026-03-01 or 2026-03-01T09:30"
        ) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=config.settings.timezone)
