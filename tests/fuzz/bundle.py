"""Bundle files: YAML text → a Config, or Problems with their places; nothing else."""

from collections.abc import Iterator
from pathlib import Path

from apimonster_cli.bundles.load import load_text
from apimonster_cli.bundles.problem import snippet
from apimonster_cli.bundles.rules.docs import VARIABLES
from apimonster_cli.bundles.substitute import read_env
from tests.fuzz import inputs

ABOUT = "YAML of bundle files with its variables, through every rule of `sync check`"
LONGEST = 1280
WORDS = (
    "connections:", "bundles:", "settings:", "steps:", "source:", "event:", "filter:", "fields:", "action:", "tests:", "expect:",
    "on_failure:", "each:", "for_each:", "from:", "value:", "lookup:", "default:", "template:", "type:", "token:", "connection:",
    "utmstat.new_lead", "retailcrm.create_order", "http.request", "calltouch.order", "${", "${A:-b}", "${file:x}", "$${", "}",
    "&a ", "*a", "<<: *a", "!!str ", "!!binary ", "--- ", "...", "? ", "- ", "|", ">-", "{{ id }}", "{% if a %}", "\t", "\n  ",
    "\n    ", "#", "'", '"', "\\x", "\\ud800", "\u2028", "\x85", "%YAML 1.2", "sample:", "~", "[", "]", "{", "}", ": ", ", ",
)  # fmt: skip
_NOWHERE = Path("/nowhere")
_SECRET = "kept-from-every-eye-0123456789"


def seeds() -> Iterator[bytes]:
    """Return the bundle files of the tests: those with mistakes and those without."""
    for file in inputs.BUNDLES:
        raw = file.read_bytes()
        if len(raw) <= LONGEST:
            yield raw
    yield b"connections:\n  crm: {type: retailcrm, url: https://demo.retailcrm.ru, api_key: '${SECRET}'}\n"
    yield b"connections: &c\n  a: {<<: *b}\n  b: [*c, ${A:-${B}}, '$${X}', ${file:secret}]\n"


def check(data: bytes) -> None:
    """Any text ends in a Config or in an error with a place inside the text, and shows no secret."""
    text = data.decode("utf-8", "replace")
    read_env(text)
    loaded = load_text(text, environ={**VARIABLES, "SECRET": _SECRET}, file="bundles.yaml", folder=_NOWHERE)
    assert (loaded.config is None) == any(problem.severity == "error" for problem in loaded.problems)
    lines = loaded.sources["bundles.yaml"]
    for problem in loaded.problems:
        assert 1 <= problem.place.line <= len(lines) + 1, problem
        assert problem.place.column >= 1, problem
        shown = problem.line() + snippet(problem, lines)
        assert _SECRET not in shown, problem
