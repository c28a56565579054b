"""Regular expressions that strangers' text cannot stall.

The `regex` library reads Python's own syntax, knows every alphabet, and stops after a time limit: a pattern that would take
minutes on a text made for it (`(a+)+$`) is given up instead.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from apimonster_cli.values.errors import LanguageError, Rule, shown

LONGEST_PATTERN = 500
LONGEST_TEXT = 100_000
SECONDS = 0.25


class PatternTimeout(ValueError):  # noqa: N818 - what happened reads better than Error
    """A pattern took too long on a text; str(error) is a sentence."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """A compiled pattern; both methods raise PatternTimeout instead of running on."""

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
            return getattr(self._regex, method)(text, timeout=SECONDS)
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
    try:
        return Pattern(text, regex.compile(text))
    except (regex.error, ValueError, OverflowError) as error:
        raise LanguageError(f"{shown(text)} is not a pattern: {error}", rule=rule) from None
