"""The entry point: a table of commands, each imported only when it is the one that runs."""

import os
import sys
from collections.abc import Callable, Sequence
from functools import wraps
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup
from typer.main import get_command

from apimonster_cli.cli.boundary import guarded

# name → what it does, in one line. Each is the function `command` of the module apimonster_cli.cli.<name>.
COMMANDS = {
    "demo": "Show the whole system at work, with no account and no network.",
    "init": "Make a starter bundle file, .env, samples and the editor schema.",
    "check": "Show every mistake in the bundle files at once.",
    "test": "Run the bundles' own tests, without any network.",
    "run": "Run the daemon: receive webhooks and deliver them.",
    "pull": "Read a period of a bundle's past and deliver what is new in it.",
    "urls": "Show the webhook addresses to paste into Utmstat and other senders.",
    "history": "List the events that came in.",
    "show": "Show one event whole: what came in, what was sent, what was answered.",
    "transactions": "List the outgoing calls.",
    "replay": "Deliver events again: failed ones, or those a new bundle has not seen.",
    "forget": "Erase a person from the history, by phone or e-mail, and print a receipt.",
    "fields": "List the fields of an event or an action.",
    "schema": "Write the JSON Schema that completes bundle files in an editor.",
    "sandbox": "Run local look-alikes of RetailCRM and Calltouch, to try bundles on.",
    "doctor": "Look whether everything is as it should be: keys, clock, disk, addresses, deliveries.",
    "backup": "Copy the store, while the daemon runs.",
    "restore": "Put a copy of the store back, or look whether it is sound.",
    "prune": "Delete events and transactions older than the retention now.",
}
_COREUTILS_OPTIONS = {"-d", "--data", "-f", "--file-system"}


class LazyGroup(TyperGroup):
    """The group of all commands; knows their names and one-line helps without importing them."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        names: dict[str, Any] = dict.fromkeys(COMMANDS)
        self.commands = names  # near misses are offered from the names alone

    def list_commands(self, _ctx: Any) -> list[str]:
        """Return the names of all commands."""
        return list(COMMANDS)

    def get_command(self, _ctx: Any, cmd_name: str) -> Any:
        """Return the command called `cmd_name`, imported now; None when there is none."""
        if cmd_name not in COMMANDS:
            return None
        function = import_module(f"apimonster_cli.cli.{cmd_name}").command
        single = typer.Typer(add_completion=False, rich_markup_mode=None)
        single.command(cmd_name)(_exiting(function))
        return get_command(single)

    def format_commands(self, _ctx: Any, formatter: Any) -> None:
        """Write the table of commands."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


def _exiting(function: Callable[..., int]) -> Callable[..., None]:
    """Return `function` with the exit code that it returns turned into an exit."""

    @wraps(function)
    def run_and_exit(*args: Any, **options: Any) -> None:
        raise typer.Exit(function(*args, **options))

    return run_and_exit


app = typer.Typer(
    cls=LazyGroup,
    add_completion=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:  # noqa: FBT001 - typer calls it with the option's value
    if wanted:
        from apimonster_cli import __version__
        from apimonster_cli.cli import output

        output.say(f"sync {__version__} (apimonster_cli)")
        raise typer.Exit


@app.callback()
def _options(
    *,
    version: Annotated[
        bool, typer.Option("--version", help="Show the version and exit.", callback=_version, is_eager=True)
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks of errors; goes with any command.")] = False,
) -> None:
    """Carry leads into RetailCRM by the rules of your bundle files, losing none and doubling none.

    Try it with no account: sync demo. Start your own: sync init.
    """


def flushes_disks(arguments: Sequence[str]) -> bool:
    """Return whether these are arguments of coreutils' sync: none at all, its options, or files that exist."""
    if arguments and arguments[0] in COMMANDS:
        return False
    return all(argument in _COREUTILS_OPTIONS or Path(argument).exists() for argument in arguments)


def run(arguments: Sequence[str], *, program: str = "sync") -> int:
    """Do what the arguments say; return the exit code: 0 fine, 1 work failed, 2 usage or configuration, 3 a bug."""
    wanted = [argument for argument in arguments if argument != "--debug"]
    debug = len(wanted) < len(arguments)
    if flushes_disks(wanted):
        # A script that means coreutils' sync must get what it asked for, whichever comes first on its PATH.
        os.sync()
        wanted = ["--help"]
    return guarded(lambda: _dispatch(wanted, program), debug=debug)


def command_tree() -> Any:
    """Return the group of all commands as click has it: for shell completion, and for tests of the docs."""
    return get_command(app)


def _dispatch(arguments: list[str], program: str) -> int:
    try:
        command_tree().main(args=arguments, prog_name=program)
    except SystemExit as exit_:
        return exit_.code if isinstance(exit_.code, int) else int(exit_.code is not None)
    return 0


def main() -> None:
    """Run the program under the name it was called by."""
    program = "apimonster" if Path(sys.argv[0]).stem == "apimonster" else "sync"
    sys.exit(run(sys.argv[1:], program=program))
