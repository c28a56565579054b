"""`sync check`: every mistake at once."""

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from apimonster_cli.cli import output
from apimonster_cli.cli.boundary import WORK_FAILED
from apimonster_cli.cli.opening import AsJson, Files

if TYPE_CHECKING:
    from apimonster_cli.bundles.load import Loaded
    from apimonster_cli.engine.online import Standing


def command(
    files: Files = None,
    *,
    online: Annotated[
        bool,
        typer.Option("--online", help="Also ask each connection's service: does the key work, is what is named there."),
    ] = False,
    as_json: AsJson = False,
) -> int:
    """Show every mistake in the bundle files at once, each with its line and what was perhaps meant.

    Exit code 0 when there are no errors (warnings may be), 1 when there are, 2 when there is no file to check.
    """
    from apimonster_cli.bundles.load import load

    loaded = load(files, environ=os.environ, cwd=Path.cwd())
    standings = ask_services(loaded) if online else []
    if standings:
        problems = [*loaded.problems, *(problem for standing in standings for problem in standing.problems)]
        loaded = replace(loaded, problems=sorted(problems, key=lambda problem: problem.place))
    elif online and loaded.config is None:
        output.tell("No service was asked: mend the errors first.")
    errors = sum(problem.severity == "error" for problem in loaded.problems)
    warnings = len(loaded.problems) - errors
    if as_json:
        output.document(
            {
                "files": [str(file) for file in loaded.files],
                "errors": errors,
                "warnings": warnings,
                "problems": [problem.as_json() for problem in loaded.problems],
                **({"asked": [standing.connection.name for standing in standings]} if online else {}),
            }
        )
    else:
        output.problems(loaded.problems, loaded.sources)
        if online and loaded.config:
            output.say(asked(standings))
        output.say(summary(loaded, errors, warnings))
    return WORK_FAILED if errors else 0


def ask_services(loaded: "Loaded") -> "list[Standing]":
    """Ask the services of all connections that can be asked; [] when the files have errors."""
    if loaded.config is None or loaded.draft is None:
        return []
    from apimonster_cli.core.clock import SystemClock
    from apimonster_cli.daemon.clients import Clients
    from apimonster_cli.engine.online import ask_all

    clock = SystemClock()
    return ask_all(loaded.config, loaded.draft, Clients(loaded.config, clock).of, clock)


def asked(standings: "Sequence[Standing]") -> str:
    """Return the line that says whose services were asked."""
    from apimonster_cli.bundles.problem import all_of

    names = [standing.connection.name for standing in standings]
    return f"asked {all_of(names)}" if names else "no connection has a service that can be asked"


def summary(loaded: "Loaded", errors: int, warnings: int) -> str:
    """Return the last line: what was checked and how many mistakes were found."""
    checked = _count(len(loaded.files), "file")
    if loaded.config:
        checked += f", {_count(len(loaded.config.connections), 'connection')}, "
        checked += _count(len(loaded.config.bundles), "bundle")
    found = [_count(number, word) for number, word in ((errors, "error"), (warnings, "warning")) if number]
    return f"{checked}: {', '.join(found) or 'no mistakes'}"


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"
