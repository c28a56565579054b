"""Regular expressions that strangers' text cannot stall.

The `regex` library reads Python's own syntax, knows every alphabet, and stops after a time limit: a pattern that would take
minutes on a text made for it (`(a+)+$`) is given up instead.
"""

import math
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from apimonster_cli.values import effort
from apimonster_cli.values.errors import LanguageError, Rule, shown

LONGEST_PATTERN = 500
LONGEST_TEXT = 100_000
SECONDS = 0.25
MOST_PLACES = 20_000
"""Of a pattern whose counts are written out, as the library does with them: `(a{999}){999}` takes 270 MB."""

_TOKEN = re.compile(r"\\.|\[(?:\\.|[^\]\\])*\]|\{(\d+)(?:,\d*)?\}|.", re.DOTALL)
_COUNT = re.compile(r"\{(\d+)")
_COMMENTED = re.compile(r"\(\?(?:#|[a-zA-Z0-9]*x)")


class PatternTimeout(ValueError):  # noqa: N818 - what happened reads better than Error
    """A pattern took too long on a text; str(error) is a sentence."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """A compiled pattern; both methods raise PatternTimeout instead of running on, and TemplateError as `effort` does."""

    text: str
    _regex: Any

    def matches(self, text: str) -> bool:
        """Return whether the whole of `text` matches."""
        return self._run("fullmatch", text) is not None

    def find(self, text: str, group: int | str | None = None) -> str | None:
        """Return a group of the first match: by default the first group, or the whole match of a pattern without groups.

        None when nothing matches or the group took no part; IndexError when there is no such group.
        """
        found = self._run("search", text)
        if found is None:
            return None
        part: str | None = found[(1 if self._regex.groups else 0) if group is None else group]
        return part

    def _run(self, method: str, text: str) -> Any:
        if len(text) > LONGEST_TEXT:
            raise PatternTimeout(f"a text of {len(text)} characters is too long for the pattern {shown(self.text)}")
        try:
            return getattr(self._regex, method)(text, timeout=effort.seconds_left(SECONDS))
        except TimeoutError:
            raise PatternTimeout(
                f"the pattern {shown(self.text)} took too long on {shown(text)}; write it without repeats inside repeats"
            ) from None


@lru_cache(maxsize=512)
def compile_pattern(text: str, rule: Rule) -> Pattern:
    """Return the compiled pattern; LanguageError under `rule` when it is none."""
    import regex

    if len(text) > LONGEST_PATTERN:
        raise LanguageError(f"the pattern has {len(text)} characters, more than {LONGEST_PATTERN}", rule=rule)
    if _places(text) > MOST_PLACES:
        raise LanguageError(f"the pattern {shown(text)} repeats too much: its counts multiply", rule=rule)
    try:
        return Pattern(text, regex.compile(text))
    except (regex.error, ValueError, OverflowError) as error:
        raise LanguageError(f"{shown(text)} is not a pattern: {error}", rule=rule) from None


def _places(text: str) -> int:
    """Return how many places a pattern has when each `x{n}` is written out, or more.

    What a comment hides cannot be told without reading the pattern; there all its counts are taken to multiply.
    """
    if _COMMENTED.search(text):
        return math.prod(max(int(count), 1) for count in _COUNT.findall(text))
    groups, last = [0], 0
    for found in _TOKEN.finditer(text):
        sign = found[0]
        if sign == "(":
            groups.append(0)
            last = 0
        elif sign == ")" and len(groups) > 1:
            last = groups.pop()
            groups[-1] += last
        elif found[1]:
            count = max(int(found[1]), 1)
            groups[-1] += last * (count - 1)
            last *= count
        else:
            groups[-1] += 1
            last = 1
    return sum(groups)
