"""`sync init`: a folder to start from."""

import os
import secrets
import shlex
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import Annotated

import typer

from apimonster_cli.cli import output
from apimonster_cli.cli.schema import FILE_NAME, schema_text

# Beside the secrets the store, its logs and the copies that backups, upgrades and restores keep: they hold leads.
_IGNORED = ".env\n*.db\n*.db-*\n*.db.*\n"


def command(folder: Annotated[Path, typer.Argument(metavar="[DIR]", help="The folder to fill.")] = Path()) -> int:
    """Make a starter bundle file, a .env with fresh random tokens, sample events and the editor schema.

    Nothing that is there already is changed.
    """
    for name, text, mode in starter():
        file = folder / name
        kept = not write_new(file, text, mode)
        output.say(f"{'kept   ' if kept else 'written'} {file}")
    output.tell(
        "\nNext: put the API key of your RetailCRM into .env and its address into bundles.yaml, then\n"
        f"{'' if folder == Path() else f'  cd {shlex.quote(str(folder))}{chr(10)}'}"
        "  sync check    shows what is still missing\n"
        "  sync urls     prints the address to paste into Utmstat\n"
        "  sync run      starts the daemon"
    )
    return 0


def starter() -> list[tuple[Path, Callable[[], bytes], int]]:
    """Return the files of a fresh folder: name, what makes its bytes, mode."""
    bundle_file = resources.files("apimonster_cli.cli").joinpath("starter", "bundles.yaml")
    return [
        (Path("bundles.yaml"), bundle_file.read_bytes, 0o644),
        (Path(".env"), _env, 0o600),
        (Path(".gitignore"), _IGNORED.encode, 0o644),
        (Path("schemas", FILE_NAME), lambda: schema_text().encode(), 0o644),
        *((Path("samples", name, file.name), file.read_bytes, 0o644) for name, file in samples()),
    ]


def samples() -> list[tuple[str, Path]]:
    """Return the shipped sample events: connector and file."""
    from apimonster_cli.connectors import registry

    return [
        (connector.name, connector.catalogue.folder / "samples" / sample)
        for connector in map(registry.connector, registry.names())
        for event in connector.events
        for sample in event.samples
    ]


def write_new(file: Path, content: Callable[[], bytes], mode: int) -> bool:
    """Write a file that is not there yet, with this mode from its first byte; return False when it is there."""
    if file.exists():
        return False
    data = content()
    file.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(data)
    return True


def _env() -> bytes:
    return (
        "# Secrets of bundles.yaml. Keep this file out of git; the environment wins over it.\n"
        "# The token is the secret part of the webhook address: sync urls prints the whole of it.\n"
        f"UTMSTAT_HOOK_TOKEN={secrets.token_urlsafe(24)}\n"
        "# RetailCRM: Settings, Integration, API access keys. Take the # away and put the key behind the =.\n"
        "#RETAILCRM_API_KEY=\n"
    ).encode()
