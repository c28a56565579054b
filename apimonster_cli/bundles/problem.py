"""A mistake found in a file, and how it is shown."""

import difflib
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any, Literal

from apimonster_cli.bundles.lookalike import latin, stranger
from apimonster_cli.core.errors import ConfigError
from apimonster_cli.core.place import Place

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake: where it is, the rule that found it, what is wrong and what was perhaps meant.

    width: how many characters of the line the caret underlines. related: a second place, such as the first definition.
    """

    place: Place
    rule: str
    message: str
    suggestion: str | None = None
    severity: Severity = "error"
    width: int = 1
    related: Place | None = None

    @property
    def text(self) -> str:
        """Return the message with its suggestion: `unknown key fitler (did you mean filter?)`.

        Where the two look the same, it says what the difference is: `(did you mean phone? its о is a Cyrillic letter)`.
        """
        if not self.suggestion:
            return self.message
        strange = stranger(self.message, self.suggestion)
        return f"{self.message} (did you mean {self.suggestion}?{f' {strange}' if strange else ''})"

    def line(self) -> str:
        """Return `file:line:col: error: message (did you mean …?) [rule]`."""
        return f"{self.place}: {self.severity}: {self.text} [{self.rule}]"

    def as_json(self) -> dict[str, Any]:
        """Return the problem as the object that `--json` prints."""
        return {
            **asdict(self.place),
            "severity": self.severity,
            "rule": self.rule,
            "message": self.message,
            "suggestion": self.suggestion,
            "related": asdict(self.related) if self.related else None,
        }


class BundleError(ConfigError):
    """The bundle files cannot be used; `problems` says why, all at once."""

    def __init__(self, problems: list[Problem], sources: dict[str, list[str]] | None = None) -> None:
        super().__init__(mistakes(problems))
        self.problems = problems
        self.sources = sources or {}
        """File → its lines, for snippets."""


def mistakes(problems: Iterable[Problem]) -> str:
    """Return how many mistakes there are, in words."""
    errors = sum(problem.severity == "error" for problem in problems)
    return f"the bundle files have {errors} {'mistake' if errors == 1 else 'mistakes'}"


def snippet(problem: Problem, lines: list[str]) -> str:
    """Return the source line with a caret under the mistake; empty when the line is not there."""
    if not 0 < problem.place.line <= len(lines):
        return ""
    source = "".join(sign if sign.isprintable() else " " for sign in lines[problem.place.line - 1])
    gutter = f"{problem.place.line:>5} | "
    caret = " " * (len(gutter) - 2) + "| " + " " * (problem.place.column - 1) + "^" + "~" * (problem.width - 1)
    return f"{gutter}{source}\n{caret}"


def nearest(word: str, known: Iterable[str], cutoff: float = 0.7) -> str | None:
    """Return the one of `known` that was perhaps meant by `word`."""
    names = {latin(name).lower(): name for name in known}
    found = difflib.get_close_matches(latin(word).lower(), names, n=1, cutoff=cutoff)
    return names[found[0]] if found else None


def nearest_dotted(word: str, known: Iterable[str]) -> str | None:
    """Return the one of `known`, such as `utmstat.new_lead`, that was perhaps meant by `word`, its connector left out or not."""
    names = list(known)
    short = {} if "." in word else {name.partition(".")[2]: name for name in names}
    return nearest(word, names) or short.get(nearest(word, short) or "")


def one_of(known: Iterable[str]) -> str:
    """Return the list of what is allowed, as it stands in a message: `skip, edit or fail`."""
    names = list(known)
    return f"{', '.join(names[:-1])} or {names[-1]}" if len(names) > 1 else "".join(names)


def all_of(names: Iterable[str]) -> str:
    """Return a list of several as it stands in a message: `order_read and order_write`."""
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last
