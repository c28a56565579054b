"""The operators of filters: what a found value is held against."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import partial
from typing import Any

from apimonster_cli.values.convert import text
from apimonster_cli.values.dates import as_moment, in_zone, read_moment
from apimonster_cli.values.errors import ConversionError, LanguageError, shown
from apimonster_cli.values.numbers import looks_like_number
from apimonster_cli.values.pattern import compile_pattern
from apimonster_cli.values.scope import Locale, is_empty
from apimonster_cli.values.template import is_template

Holds = Callable[[Any, Locale], bool]


@dataclass(frozen=True, slots=True)
class Comparison:
    """One comparison. wish: what was wanted, as a sentence goes on after `status_id is 9, …`."""

    holds: Holds
    wish: str


def same(found: Any, wanted: Any, locale: Locale) -> bool:
    """Return whether a found value equals one that a bundle names.

    Two texts are equal letter by letter: "00042" is not "42". As soon as one side is a number, both are read as numbers: "1"
    and "1.0" equal 1. true equals true, 1, "1" and "true"; false equals false, 0, "0" and "false". A date that YAML
    read as one equals whatever names the same day or moment. A list or an object equals nothing.
    """
    if is_empty(found):
        return False
    if isinstance(found, bool) or isinstance(wanted, bool):
        return _flag(found) is not None and _flag(found) == _flag(wanted)
    if isinstance(found, str) and isinstance(wanted, str):
        return found == wanted
    if isinstance(wanted, date):
        return _order(found, wanted, locale) == 0
    number = looks_like_number(found)
    return number is not None and number == looks_like_number(wanted)


def one_of(wanted: Any) -> Comparison:
    """Return the test for a bare condition: equal to a scalar, or to one of a list."""
    if isinstance(wanted, list):
        options = tuple(_constant(option) for option in wanted)
        if not options:
            raise LanguageError("the list is empty, so nothing could ever be in it", rule="filter")
        return Comparison(
            lambda found, locale: any(same(found, option, locale) for option in options),
            f"not one of {_listed(wanted)}",
        )
    _constant(wanted)
    return Comparison(lambda found, locale: same(found, wanted, locale), f"not {shown(wanted)}")


def compile_operator(word: str, wanted: Any) -> Comparison:
    """Return the test that `{word: wanted}` means; LanguageError when the operator cannot take the value."""
    return OPERATORS[word](wanted)


def _flag(value: Any) -> bool | None:
    if isinstance(value, bool):
        return value
    return {"1": True, "true": True, "0": False, "false": False}.get(text(value).lower())


def _constant(wanted: Any) -> Any:
    if is_empty(wanted):
        raise LanguageError("nothing is equal to an empty value; write {empty: true} or {exists: false}", rule="filter")
    if isinstance(wanted, list | Mapping):
        raise LanguageError(f"{shown(wanted)} is not a single value to compare with", rule="filter")
    if isinstance(wanted, str) and is_template(wanted):
        raise LanguageError("a filter compares with constants; a template does not work here", rule="filter")
    return wanted


def _listed(options: Sequence[Any]) -> str:
    return ", ".join(shown(option) for option in options)


def _negated(test: Comparison, wish: str) -> Comparison:
    return Comparison(lambda found, locale: not test.holds(found, locale), wish)


def _not(wanted: Any) -> Comparison:
    if isinstance(wanted, Mapping):
        tests = [_nested(word, value) for word, value in wanted.items()]
        return Comparison(
            lambda found, locale: not all(test.holds(found, locale) for test in tests),
            f"which `not` rules out: {shown(wanted)}",
        )
    return _negated(one_of(wanted), "which `not` rules out")


def _nested(word: Any, value: Any) -> Comparison:
    if word not in OPERATORS:
        raise LanguageError(
            f"{word} is not an operator; known are {', '.join(OPERATORS)}", rule="filter", at=(str(word),)
        )
    return compile_operator(word, value)


def _in(wanted: Any) -> Comparison:
    if not isinstance(wanted, list):
        raise LanguageError("in takes a list: {in: [1, 2]}", rule="filter")
    return one_of(wanted)


def _not_in(wanted: Any) -> Comparison:
    if not isinstance(wanted, list):
        raise LanguageError("not_in takes a list: {not_in: [1, 2]}", rule="filter")
    return _negated(one_of(wanted), f"one of {_listed(wanted)}")


def _ordered(wish: str, accepts: Callable[[int], bool], wanted: Any) -> Comparison:
    """Return a comparison by size: of numbers when the bundle names a number, of dates when it names a date."""
    _constant(wanted)
    limit = looks_like_number(wanted)
    if limit is not None:
        return Comparison(partial(_number_holds, accepts, limit), f"{wish} {shown(wanted)}")
    try:
        read_moment(wanted, UTC)
    except ConversionError:
        raise LanguageError(f"{shown(wanted)} is neither a number nor a date", rule="filter") from None
    return Comparison(partial(_date_holds, accepts, wanted), f"{wish} {text(wanted)}")


def _number_holds(accepts: Callable[[int], bool], limit: int | Decimal, found: Any, _locale: Locale) -> bool:
    number = looks_like_number(found)
    return number is not None and accepts((number > limit) - (number < limit))


def _date_holds(accepts: Callable[[int], bool], wanted: Any, found: Any, locale: Locale) -> bool:
    order = _order(found, wanted, locale)
    return order is not None and accepts(order)


def _order(found: Any, wanted: Any, locale: Locale) -> int | None:
    """Return how two dates follow each other; by days in the sender's zone when the wanted one has no time."""
    try:
        left, right = read_moment(found, locale.source_zone), read_moment(wanted, locale.source_zone)
        if isinstance(right, datetime):
            left = as_moment(left, locale.source_zone)
        elif isinstance(left, datetime):
            left = in_zone(left, locale.source_zone).date()
    except ConversionError:
        return None
    return (left > right) - (left < right)


def _textual(wish: str, accepts: Callable[[str, str], bool], wanted: Any) -> Comparison:
    """Return a comparison of text that ignores case."""
    needle = text(_constant(wanted)).casefold()

    def holds(found: Any, _locale: Locale) -> bool:
        folded = _folded(found)
        return folded is not None and accepts(folded, needle)

    return Comparison(holds, f"{wish} {shown(wanted)}")


def _contains(wanted: Any) -> Comparison:
    return Comparison(partial(_has, wanted, text(_constant(wanted)).casefold()), f"not containing {shown(wanted)}")


def _has(wanted: Any, needle: str, found: Any, locale: Locale) -> bool:
    if isinstance(found, Mapping):
        found = list(found.values())
    if isinstance(found, list):
        return any(same(member, wanted, locale) or _folded(member) == needle for member in found)
    return needle in (_folded(found) or "")


def _folded(found: Any) -> str | None:
    """Return a value as text for comparing without case; None when it is empty, a list or an object."""
    return None if is_empty(found) or isinstance(found, list | dict) else text(found).casefold()


def _matches(wanted: Any) -> Comparison:
    if not isinstance(wanted, str) or not wanted:
        raise LanguageError("matches takes a pattern as text", rule="filter")
    pattern = compile_pattern(wanted, "filter")
    return Comparison(
        lambda found, _locale: (
            not is_empty(found) and not isinstance(found, list | dict) and pattern.matches(text(found))
        ),
        f"not matching {shown(wanted)}",
    )


def _asked(word: str, holds: Callable[[Any], bool], yes: str, no: str, wanted: Any) -> Comparison:
    if not isinstance(wanted, bool):
        raise LanguageError(f"{word} takes true or false", rule="filter")
    return Comparison(lambda found, _locale: holds(found) is wanted, yes if wanted else no)


def _changed(_wanted: Any) -> Comparison:
    raise LanguageError(
        "changed compares with the event before, not with a value; write {changed: false}", rule="filter"
    )


def _exists(found: Any) -> bool:
    return not is_empty(found)


OPERATORS: Mapping[str, Callable[[Any], Comparison]] = {
    "not": _not,
    "in": _in,
    "not_in": _not_in,
    "gt": partial(_ordered, "not greater than", lambda order: order > 0),
    "gte": partial(_ordered, "less than", lambda order: order >= 0),
    "lt": partial(_ordered, "not less than", lambda order: order < 0),
    "lte": partial(_ordered, "greater than", lambda order: order <= 0),
    "contains": _contains,
    "not_contains": lambda wanted: _negated(_contains(wanted), f"containing {shown(wanted)}"),
    "starts_with": partial(_textual, "not starting with", str.startswith),
    "ends_with": partial(_textual, "not ending with", str.endswith),
    "matches": _matches,
    "exists": partial(_asked, "exists", _exists, "but it has to exist", "but it has to be absent"),
    "empty": partial(_asked, "empty", is_empty, "but it has to be empty", "but it must not be empty"),
    "changed": _changed,
}
"""Operator → what makes a test of the value beside it."""

ALIASES = {
    "eq": "in", "equals": "in", "is": "in", "ne": "not", "neq": "not", "is_not": "not", "regex": "matches", "regexp": "matches",
    "min": "gte", "max": "lte", "greater": "gt", "less": "lt", "more": "gt", "before": "lt", "after": "gt", "exist": "exists",
    "startswith": "starts_with", "endswith": "ends_with", "present": "exists", "includes": "contains",
}  # fmt: skip
"""Words of other languages → ours."""
