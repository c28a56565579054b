"""The filters of templates: those that BUNDLES promises, and Jinja's own where Jinja would guess, cut or print "None".

A filter on a missing or null value gives no value again: alone, `{{ contact.phone | phone }}` leaves its target out, and
printed inside a text it is the usual error. Where a filter reads a value (a phone, a number, a date), "" is no value either.
"""

import functools
import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Context, Decimal
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from jinja2 import Environment, pass_context, pass_environment
from jinja2 import filters as jinja_filters
from jinja2.runtime import Context as JinjaContext

from apimonster_cli.core import exactjson
from apimonster_cli.values import convert
from apimonster_cli.values.absent import Absent, no_value, nothing, printed
from apimonster_cli.values.convert import text
from apimonster_cli.values.dates import WrittenDate, format_moment, in_zone, read_moment
from apimonster_cli.values.effort import LONGEST, check_length, check_weight
from apimonster_cli.values.errors import TemplateError, shown
from apimonster_cli.values.numbers import read_integer, read_number
from apimonster_cli.values.pattern import compile_pattern
from apimonster_cli.values.scope import Locale, is_empty

_WIDEST = 1_000  # of padding: more is a mistake, and `%999999999d` would fill the memory
_LONGEST_WRAPPED = 20_000  # characters: spaces take the square of their number
_ROUNDINGS = {"common": ROUND_HALF_UP, "ceil": ROUND_CEILING, "floor": ROUND_FLOOR}
_DEEPEST_INDENT = 8
_DIGITS = Context(prec=100)
_UNKNOWN_FILTERS = ("attr", "pprint", "random", "urlize", "xmlattr")  # repr of Python, chance, and HTML
_OF_TEXT = (
    "capitalize",
    "e",
    "escape",
    "forceescape",
    "lower",
    "title",
    "trim",
    "upper",
    "wordcount",
)
_PADDED = ("batch", "center", "slice")

_Filter = Callable[..., Any]


def join_parts(parts: Iterable[Any], separator: str = "") -> str:
    """Return parts printed one after the other; TemplateError when one is missing or all are too long."""
    written: list[str] = []
    length = 0
    for part in parts:
        written.append(printed(part))
        length += len(written[-1]) + len(separator)
        check_length(length)
    return separator.join(written)


def all_filters() -> dict[str, _Filter]:
    """Return every filter of the sandbox by its name."""
    kept: dict[str, _Filter] = {
        name: function for name, function in jinja_filters.FILTERS.items() if name not in _UNKNOWN_FILTERS
    }
    kept |= {name: _modest(kept[name]) for name in _PADDED}
    kept |= {name: _of_text(kept[name]) for name in _OF_TEXT}
    return kept | _OURS


def _skipping(is_nothing: Callable[[Any], bool]) -> Callable[[_Filter], _Filter]:
    """Return a decorator that gives no value for no value, whatever Jinja passes before it."""

    def decorate(function: _Filter) -> _Filter:
        at = 1 if hasattr(function, "jinja_pass_arg") else 0

        @functools.wraps(function)
        def skipping(*args: Any, **kwargs: Any) -> Any:
            value = args[at]
            if is_nothing(value):
                return value if isinstance(value, Absent) else Absent()
            return function(*args, **kwargs)

        return skipping

    return decorate


def _no_value(value: Any) -> bool:
    return isinstance(value, Absent) or is_empty(value)


_on_something = _skipping(nothing)
_on_value = _skipping(_no_value)


def _of_text(function: _Filter) -> _Filter:
    """Return a Jinja filter that is handed text as this language prints it."""
    at = 1 if hasattr(function, "jinja_pass_arg") else 0

    @functools.wraps(function)
    def on_text(*args: Any, **kwargs: Any) -> Any:
        return function(*args[:at], text(args[at]), *args[at + 1 :], **kwargs)

    return _on_something(on_text)


def _modest(function: _Filter) -> _Filter:
    """Return a Jinja filter that pads or divides no more than is sensible."""

    @functools.wraps(function)
    def modest(*args: Any, **kwargs: Any) -> Any:
        if any(isinstance(width, int) and width > _WIDEST for width in (*args[1:], *kwargs.values())):
            raise TemplateError(f"a width above {_WIDEST} is a mistake")
        return function(*args, **kwargs)

    return modest


def _default(value: Any, instead: Any = "", boolean: bool = False) -> Any:  # noqa: FBT001, FBT002 - as Jinja has it
    return instead if nothing(value) or (boolean and is_empty(value)) else value


@_on_value
@pass_context
def _phone(context: JinjaContext, value: Any, region: str | None = None) -> str:
    """Return a phone number as E.164: `+74950000013`."""
    import phonenumbers

    written = text(convert.single(value)).strip()
    home = (region or _locale(context).phone_region).upper()
    bare = re.sub(r"[\s().-]", "", written)
    # Senders leave the plus out: 380441234567 means +380… wherever the reader sits.
    for attempt in (written, f"+{bare}") if bare.isdigit() else (written,):
        try:
            number = phonenumbers.parse(attempt, home)
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_valid_number(number):
            return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))
    raise TemplateError(f"{shown(value)} is not a phone number of {home} or with a country code")


@_on_value
def _digits(value: Any) -> str:
    return re.sub(r"[^0-9]", "", text(convert.single(value)))


@_on_value
def _number(value: Any) -> int | Decimal:
    return read_number(convert.single(value))


@_on_value
def _integer(value: Any) -> int:
    return read_integer(convert.single(value))


@_on_value
def _boolean(value: Any) -> bool:
    return convert.boolean(convert.single(value))


def _dated(default: str) -> _Filter:
    @_on_value
    @pass_context
    def dated(context: JinjaContext, value: Any, written: str = default) -> WrittenDate:
        locale = _locale(context)
        moment: date = read_moment(convert.single(value), locale.source_zone)
        return WrittenDate(format_moment(in_zone(moment, locale.target_zone), written), moment)

    return dated


@_on_value
def _url_param(value: Any, name: str) -> Any:
    """Return a parameter of an address, looked for in its query and then behind its #."""
    address = text(value)
    parts = urlsplit(address)
    bare = "" if parts.query or "://" in address else address
    for query in (parts.query, parts.fragment.partition("?")[2] or parts.fragment, bare):
        for key, found in parse_qsl(query, keep_blank_values=True):
            if key == name:
                return found
    return Absent(f"the address {shown(address)} has no parameter {name}; put | default('') behind url_param")


@_on_value
def _regex(value: Any, pattern: str, group: int | str | None = None) -> Any:
    """Return what a pattern finds in a text: its first group, or the group asked for; no value when it finds nothing."""
    written = text(value)
    try:
        found = compile_pattern(pattern, "template").find(written, group)
    except IndexError:
        raise TemplateError(f"the pattern {shown(pattern)} has no group {group}") from None
    if found is None:
        return Absent(f"{shown(written)} has nothing that matches {shown(pattern)}; put | default('') behind regex")
    return found


@_on_something
def _sha256(value: Any) -> str:
    return hashlib.sha256(text(value).encode()).hexdigest()


@_on_something
def _json(value: Any, indent: int | None = None) -> str:
    if indent is not None and not 0 <= indent <= _DEEPEST_INDENT:
        raise TemplateError(f"json indents by 0 to {_DEEPEST_INDENT} spaces")
    return exactjson.dumps(list(value) if isinstance(value, Iterator) else value, indent=indent)


@_on_something
def _truncate(value: Any, length: int = 255, end: str = "…") -> str:
    """Return at most `length` characters; a text that is cut ends in `end`."""
    written = text(value)
    return written if len(written) <= length else written[: max(length - len(end), 0)] + end[:length]


@_on_something
def _join(value: Any, separator: str = "", attribute: str | None = None) -> str:
    parts = [value] if isinstance(value, str) else value
    if attribute is not None:
        keys = tuple(int(key) if key.isdigit() else key for key in attribute.split("."))
        parts = [_reach(part, keys, attribute) for part in parts]
    return join_parts(parts, separator)


def _reach(value: Any, keys: tuple[str | int, ...], name: str) -> Any:
    for key in keys:
        if isinstance(value, Mapping):
            value = value.get(str(key))
        else:
            value = value[key] if isinstance(value, list) and isinstance(key, int) and key < len(value) else None
    return Absent(name=name) if value is None else value


@_on_something
def _replace(value: Any, old: str, new: str, count: int = -1) -> str:
    written = text(value)
    old, new = text(old), text(new)
    check_length(len(written) + written.count(old) * len(new))
    return written.replace(old, new, count)


@_on_something
def _format(value: str, *args: Any, **kwargs: Any) -> str:
    if re.search(r"%[^a-zA-Z%]*(?:\d{4}|\*)", value):
        raise TemplateError(f"the format {shown(value)} asks for more room than is sensible")
    parts = kwargs or tuple(text(part) if isinstance(part, bool) or nothing(part) else part for part in args)
    for part in (*args, *kwargs.values()):
        if isinstance(part, Decimal):
            read_number(part)  # `%d` would write out all digits of 1e999999999
    longest = max((len(text(part)) for part in (*args, *kwargs.values())), default=0)
    check_weight(value.count("%") * (longest + _WIDEST))
    return value % parts


@_on_something
def _indent(value: Any, width: int | str = 4, first: bool = False, blank: bool = False) -> str:  # noqa: FBT001, FBT002 - as Jinja has it
    written = text(value)
    by = len(width) if isinstance(width, str) else width
    check_length(len(written) + (written.count("\n") + 1) * by)
    return jinja_filters.do_indent(written, width, first, blank)


@_on_something
@pass_environment
def _wordwrap(environment: Environment, value: Any, width: int = 79, *options: Any, **named: Any) -> str:
    written = text(value)
    if len(written) > _LONGEST_WRAPPED:
        raise TemplateError(f"a text of {len(written)} characters is too long for wordwrap")
    lines = written.count("\n") + 1 + 2 * len(written) // max(width, 1)
    between = named.get("wrapstring") or (options[1] if len(options) > 1 else None) or "\n"
    check_length(len(written) + lines * len(text(between)))
    return jinja_filters.do_wordwrap(environment, written, width, *options, **named)


@_on_something
def _striptags(value: Any) -> str:
    written = text(value)
    if len(written) > LONGEST:  # tags take the square of their number
        raise TemplateError(f"a text of {len(written)} characters is too long for striptags")
    return jinja_filters.do_striptags(written)


@_on_something
@pass_environment
def _sum(environment: Environment, value: Any, attribute: str | int | None = None, start: Any = 0) -> int | Decimal:
    """Return the exact sum of numbers. Lists are not joined so: that takes the square of their number."""
    numbers = value if attribute is None else map(jinja_filters.make_attrgetter(environment, attribute), value)
    total = read_number(start)
    for number in numbers:
        if nothing(number):
            raise TemplateError(no_value(number))
        total = (
            _DIGITS.add(Decimal(total), Decimal(read_number(number))) if not _whole(total, number) else total + number
        )
    return total


def _whole(*numbers: Any) -> bool:
    return all(type(number) is int for number in numbers)


@_on_value
def _round(value: Any, precision: int = 0, method: str = "common") -> int | Decimal:
    """Return a number rounded exactly, halves away from zero: int without decimals, else Decimal."""
    if method not in _ROUNDINGS or abs(precision) > 20:
        raise TemplateError("round takes a precision up to 20, and common, ceil or floor")
    step = Decimal(1).scaleb(-precision)
    rounded = Decimal(read_number(value)).quantize(step, _ROUNDINGS[method], Context(prec=200))
    return rounded if precision > 0 else int(rounded)


def _first(value: Any) -> Any:
    """Return the first element; a text is one value, not a row of letters."""
    return value if isinstance(value, str) else next(iter(value or ()), Absent("first has nothing to take"))


def _last(value: Any) -> Any:
    return value if isinstance(value, str) else next(iter(list(value or ())[::-1]), Absent("last has nothing to take"))


def _locale(context: JinjaContext) -> Locale:
    locale: Locale = context.parent[""].locale
    return locale


_OURS: dict[str, _Filter] = {
    "boolean": _boolean,
    "d": _default,
    "date": _dated("Y-m-d"),
    "datetime": _dated("Y-m-d H:i:s"),
    "default": _default,
    "digits": _digits,
    "first": _first,
    "float": _number,
    "format": _format,
    "indent": _indent,
    "int": _integer,
    "integer": _integer,
    "join": _join,
    "json": _json,
    "last": _last,
    "number": _number,
    "phone": _phone,
    "regex": _regex,
    "replace": _replace,
    "round": _round,
    "sha256": _sha256,
    "string": _on_something(text),
    "striptags": _striptags,
    "sum": _sum,
    "tojson": _json,
    "truncate": _truncate,
    "url_param": _url_param,
    "wordwrap": _wordwrap,
    "urlencode": _on_something(jinja_filters.do_urlencode),
}
