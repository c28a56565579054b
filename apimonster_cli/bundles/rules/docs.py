"""docs/checks.md, made from the docstrings of the rules and from what the checker really says of their examples."""

import re
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from apimonster_cli.bundles.load import load_text
from apimonster_cli.bundles.problem import Problem, snippet

RULES = (
    *(
        "syntax",
        "variable",
        "version",
        "key",
        "value",
        "name",
        "duplicate",
        "secret",
        "admin",
        "connection",
        "event",
        "schedule",
    ),
    *(
        "action",
        "target",
        "needs",
        "field",
        "path",
        "template",
        "constant",
        "filter",
        "step",
        "cache",
        "case",
        "unused",
        "zone",
    ),
)
"""Every rule, in the order in which somebody who writes a file meets them."""

VARIABLES = {
    "UTMSTAT_HOOK_TOKEN": "u-0123456789abcdef",
    "LANDING_HOOK_TOKEN": "l-0123456789abcdef",
    "SALESDRIVE_HOOK_TOKEN": "s-0123456789abcdef",
    "CALLTOUCH_TOKEN": "c-0123456789abcdef",
    "RETAILCRM_API_KEY": "k-0123456789abcdef",
}
"""What the examples find in the environment."""

_EXAMPLE = re.compile(r"^(Bad|Good):\n+```yaml\n(.*?)```\n?", re.DOTALL | re.MULTILINE)
_CONNECTIONS = """\
connections:
  site: {type: utmstat, token: "${UTMSTAT_HOOK_TOKEN}"}
  landing: {type: webhook, token: "${LANDING_HOOK_TOKEN}"}
  crm: {type: retailcrm, url: "https://demo.retailcrm.ru", api_key: "${RETAILCRM_API_KEY}"}
  calls: {type: calltouch, site_id: 12345, token: "${CALLTOUCH_TOKEN}"}
  chat: {type: http, url: "https://chat.example.org"}
"""
_FRAME = {"version:": "version: 1\n", "connections:": _CONNECTIONS}


@dataclass(frozen=True, slots=True)
class Example:
    """An example of a rule's docstring and what the checker says of the lines in it."""

    text: str
    problems: tuple[Problem, ...]

    def output(self) -> str:
        """Return the problems as the command line prints them."""
        lines = self.text.splitlines()
        return "\n".join(f"{problem.line()}\n{snippet(problem, lines)}" for problem in self.problems)


def example(rule: str, which: str) -> Example:
    """Return the Bad or Good example of a rule.

    What an example leaves out (version, connections) is put after it, so that the lines keep their numbers.
    """
    found = dict(_EXAMPLE.findall(_docstring(rule)))
    text = found[which]
    frame = "".join(part for start, part in _FRAME.items() if not re.search(f"^{start}", text, re.MULTILINE))
    loaded = load_text(text + frame, environ=VARIABLES, file="bundles.yaml", folder=Path("nowhere"))
    count = len(text.splitlines())
    return Example(text, tuple(problem for problem in loaded.problems if problem.place.line <= count))


def checks_page() -> str:
    """Return the whole page."""
    parts = [_HEAD, *(_section(rule) for rule in RULES)]
    return "\n".join(parts)


def _section(rule: str) -> str:
    """Return the part of one rule. Its blocks say yml, not yaml: they are fragments, and some are wrong on purpose."""
    text = _EXAMPLE.sub("", _docstring(rule)).strip()
    headline, _, rest = text.partition("\n")
    bad, good = example(rule, "Bad"), example(rule, "Good")
    return (
        f"## {rule}\n\n{headline}\n{rest}\n\n```yml\n{bad.text}```\n\n```text\n{bad.output()}\n```\n\n"
        f"Instead:\n\n```yml\n{good.text}```\n"
    )


def _docstring(rule: str) -> str:
    return import_module(f"apimonster_cli.bundles.rules.{rule}").__doc__ or ""


_HEAD = """\
# What `sync check` finds

Every mistake in the bundle files is told at once, as `file:line:column: error: what is wrong (did you mean …?) [rule]`. Errors keep
the daemon from starting; warnings do not. This page lists the rules by the name in the brackets. It is made from the
code (`python -m tests.bundles.regenerate`), and what is shown under each example is what the program really says.

The examples leave out `version: 1` and the connections they use, unless those are what the rule is about.
"""
