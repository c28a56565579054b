"""`sync sandbox`: the look-alikes of RetailCRM and of Calltouch's orders diary alone."""

import gc
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from apimonster_cli.cli import output
from apimonster_cli.cli.stopping import until_stopped
from apimonster_cli.core.errors import ConfigError

if TYPE_CHECKING:
    from apimonster_cli.sandbox.server import Running

# No options: the list of processes shows those to every user of the machine.
API_KEY = "SANDBOX_API_KEY"
TOKEN = "SANDBOX_CALLTOUCH_TOKEN"  # noqa: S105 - the name of a variable
_USUAL = "sandbox"
# Whole collections: over a hundred thousand calls on record each holds all others up for as long as dozens of calls take.
_NEVER = 1_000_000_000


def command(
    *,
    listen: Annotated[str, typer.Option(help="The address to listen on; port 0 takes a free one.")] = "127.0.0.1:8090",
    faults: Annotated[
        str,
        typer.Option(help="How it misbehaves: lost=0.05,500=0.1,reset=0.02,slow=0.03,limit=10/s", show_default=False),
    ] = "",
    seed: Annotated[int, typer.Option(help="The same seed misbehaves in the same way.")] = 0,
    deals: Annotated[int, typer.Option(min=0, help="Put so many made-up deals of the last week into the diary.")] = 0,
    database: Annotated[
        Path | None, typer.Option(help="A file to keep orders in; without it they end with the program.")
    ] = None,
) -> int:
    """Run local look-alikes of RetailCRM and Calltouch, to try bundles on.

    Point a retailcrm connection at it: url: http://127.0.0.1:8090, api_key: sandbox, site: main. A calltouch one takes the
    same url, token: sandbox and site_id: 12345; --deals fills its diary. The variables SANDBOX_API_KEY and
    SANDBOX_CALLTOUCH_TOKEN of the environment give it another key and another token.
    """
    host, port = parse_address(listen)
    from apimonster_cli.sandbox.faults import parse_faults
    from apimonster_cli.sandbox.server import Sandbox

    try:
        wanted = parse_faults(faults)
    except ValueError as error:
        raise ConfigError(f"--faults {faults}: {error}") from None
    gc.set_threshold(*gc.get_threshold()[:2], _NEVER)
    with until_stopped() as wait:
        key, token = os.environ.get(API_KEY) or _USUAL, os.environ.get(TOKEN) or _USUAL
        sandbox = Sandbox(keys=(key,), token=token, faults=wanted, seed=seed, database=database)
        if deals:
            sandbox.calltouch.make_up(deals, seed=seed)
        running = sandbox.serve(host, port)
        try:
            _introduce(running, key, token)
            wait()
        finally:
            running.stop()
    return 0


def _introduce(running: "Running", key: str, token: str) -> None:
    """Say where the look-alikes are, and with what they are called."""
    diary = running.sandbox.calltouch
    output.say(f"RetailCRM look-alike at {running.url}, API key {_shown(key, API_KEY)}, site main.")
    output.say(
        f"Calltouch look-alike at {running.url}, token {_shown(token, TOKEN)}, site_id {diary.sites[0]}, "
        f"{len(diary.deals())} deals. Ctrl-C ends it."
    )
    output.flush()


def _shown(secret: str, variable: str) -> str:
    return secret if secret == _USUAL else f"from {variable}"


def parse_address(text: str) -> tuple[str, int]:
    """Return host and port of `127.0.0.1:8090`; ConfigError when it is no address."""
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit() or int(port) > 65535:
        raise ConfigError(f"--listen {text}: write an address and a port such as 127.0.0.1:8090")
    return host.strip("[]"), int(port)
