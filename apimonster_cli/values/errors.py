"""What can be wrong with a value: while bundles are compiled, and while an event is worked through."""

import difflib
from collections.abc import Iterable, Sequence
from typing import Any, Literal

Rule = Literal["path", "template", "filter", "field"]
At = tuple[str | int, ...]

_SHOWN = 60


class LanguageError(ValueError):
    """Something written in a bundle means nothing; str(error) is a whole sentence.

    at: leads from the compiled data to the culprit key or item: `("contact.phone", "gte")`.
    rule: which part of the language was broken. suggestion: what was perhaps meant.
    line: counted from 1 inside a template, None elsewhere.
    """

    def __init__(
        self,
        message: str,
        *,
        rule: Rule,
        at: At = (),
        suggestion: str | None = None,
        line: int | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.rule = rule
        self.at = at
        self.suggestion = suggestion
        self.line = line

    @property
    def errors(self) -> Sequence["LanguageError"]:
        """Return every mistake found: this one."""
        return (self,)

    def under(self, *at: str | int) -> "LanguageError":
        """Return the same mistake as seen from further out."""
        return LanguageError(
            self.message, rule=self.rule, at=(*at, *self.at), suggestion=self.suggestion, line=self.line
        )


class LanguageErrors(LanguageError):  # noqa: N818 - it is several, and is caught as one
    """Several mistakes found at once; it reads as the first of them, `errors` has all."""

    def __init__(self, errors: Sequence[LanguageError]) -> None:
        first = errors[0]
        super().__init__(first.message, rule=first.rule, at=first.at, suggestion=first.suggestion, line=first.line)
        self._errors = tuple(errors)

    @property
    def errors(self) -> Sequence[LanguageError]:
        """Return every mistake found, in the order of the data."""
        return self._errors


class ConversionError(ValueError):
    """A value cannot become what its target asks for; str(error) is a sentence without the target's name."""


class TemplateError(ValueError):
    """A template cannot be worked out for this event; str(error) is a sentence."""


def closest(word: object, options: Iterable[str]) -> str | None:
    """Return the option that was perhaps meant by `word`."""
    by_lower = {option.lower(): option for option in options}
    found = difflib.get_close_matches(str(word).lower(), by_lower, n=1, cutoff=0.6)
    return by_lower[found[0]] if found else None


def shown(value: Any) -> str:
    """Return a value as sentences show it: text in quotes, on one line, shortened."""
    from apimonster_cli.values.convert import text

    try:
        written = " ".join(text(value).split())
    except RecursionError:
        return "something nested too deeply"
    if len(written) > _SHOWN:
        written = written[: _SHOWN - 1] + "…"
    return f'"{written}"' if isinstance(value, str) else written
