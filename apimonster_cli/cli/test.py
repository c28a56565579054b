"""`sync test`: the bundles' own tests."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from apimonster_cli.cli import output
from apimonster_cli.cli.boundary import WORK_FAILED
from apimonster_cli.cli.opening import AsJson, Files, load_config

if TYPE_CHECKING:
    from apimonster_cli.bundles.model import Bundle, Case, Config
    from apimonster_cli.engine.case import Difference


@dataclass(frozen=True, slots=True)
class Tried:
    """A case that was run, and where it came out otherwise than expected."""

    bundle: "Bundle"
    case: "Case"
    differences: "list[Difference]"


def command(files: Files = None, *, as_json: AsJson = False) -> int:
    """Run the cases that stand under tests: in the bundles, without any network.

    A case that comes out otherwise than expected is shown with its line. Exit code 1 when there is one.
    """
    tried = run_cases(load_config(files))
    if as_json:
        output.document({"cases": [as_object(one) for one in tried]})
    else:
        print_cases(tried)
    return WORK_FAILED if any(one.differences for one in tried) else 0


def run_cases(config: "Config") -> list[Tried]:
    """Run every case of every bundle."""
    from apimonster_cli.core import log
    from apimonster_cli.engine.case import run_case

    log.configure(config.redactor)
    return [
        Tried(bundle, case, run_case(bundle, case, config))
        for bundle in config.bundles.values()
        for case in bundle.tests
    ]


def as_object(one: Tried) -> dict[str, Any]:
    """Return the case as the object that `--json` prints."""
    return {
        "bundle": one.bundle.name,
        "name": one.case.name,
        "file": one.case.place.file,
        "line": one.case.place.line,
        "passed": not one.differences,
        "differences": [
            {"place": str(found.place), "what": found.what, "expected": found.expected, "got": found.got}
            for found in one.differences
        ],
    }


def print_cases(tried: Sequence[Tried]) -> None:
    """Print a line for each case, and under it what came out otherwise."""
    for one in tried:
        mark = "failed" if one.differences else "passed"
        output.marked(mark, f"{one.case.place}: {one.bundle.name}: {one.case.name}")
        for found in one.differences:
            output.say(f"        {found}")
    failed = sum(bool(one.differences) for one in tried)
    if not tried:
        output.say("No cases: the bundles have no tests:")
    else:
        passed = len(tried) - failed
        output.say(f"{passed} passed, {failed} failed" if failed else f"{passed} passed")
