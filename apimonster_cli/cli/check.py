"""`sync check`: every mistake at once."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from apimonster_cli.cli import output
from apimonster_cli.cli.boundary import WORK_FAILED
from apimonster_cli.cli.opening import AsJson, Files

if TYPE_CHECKING:
    from apimonster_cli.bundles.load import Loaded


def command(files: Files = None, *, as_json: AsJson = False) -> int:
    """Show every mistake in the bundle files at once, each with its line and what was perhaps meant.

    Exit code 0 when there are no errors (warnings may be), 1 when there are, 2 when there is no file to check.
    """
    from apimonster_cli.bundles.load import load

    loaded = load(files, environ=os.environ, cwd=Path.cwd())
    errors = sum(problem.severity == "error" for problem in loaded.problems)
    warnings = len(loaded.problems) - errors
    if as_json:
        output.document(
            {
                "files": [str(file) for file in loaded.files],
                "errors": errors,
                "warnings": warnings,
                "problems": [problem.as_json() for problem in loaded.problems],
            }
        )
    else:
        output.problems(loaded.problems, loaded.sources)
        output.say(summary(loaded, errors, warnings))
    return WORK_FAILED if errors else 0


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
