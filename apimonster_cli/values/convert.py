"""A value becomes what its target asks for, or says why it cannot. Nothing is cut, rounded or guessed.

A list of one element becomes that element where one value is asked for (some senders write every phone as a list);
a longer list, or an object, does not become text.
"""

from collections.abc import Callable
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from apimonster_cli.core import exactjson
from apimonster_cli.values.dates import WrittenDate, format_moment, in_zone, read_clock, read_moment
from apimonster_cli.values.errors import ConversionError, shown
from apimonster_cli.values.numbers import read_integer, read_number
from apimonster_cli.values.scope import MISSING, Locale

Converter = Callable[[Any, Locale], Any]

KINDS = ("string", "integer", "number", "boolean", "date", "time", "datetime", "array", "object")
_FORMATS = {"date": "Y-m-d", "time": "H:i", "datetime": "Y-m-d H:i:s"}
_YES = {"1", "true", "yes", "on", "да", "так", "y"}
_NO = {"0", "false", "no", "off", "нет", "ні", "n"}


def text(value: Any) -> str:
    """Return any value as text: numbers digit by digit, true and false, null and MISSING as "", lists and objects as JSON."""
    if isinstance(value, str):
        return str(value)
    if value is None or value is MISSING:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | Decimal | float):
        return exactjson.number_text(value)
    return value.isoformat() if isinstance(value, date | time) else exactjson.dumps(value)


def convert(value: Any, kind: str, *, format: str | None = None, locale: Locale) -> Any:  # noqa: A002 - as in dates
    """Return `value` as `kind`, one of KINDS; ConversionError with a sentence when it cannot be that.

    format: PHP date letters of a date, time or datetime, which are written as text in the target's zone. A date without
    a time never shifts to another day. integer gives int; number gives int or Decimal.
    """
    return converter(kind, format)(value, locale)


def converter(kind: str, format: str | None = None) -> Converter:  # noqa: A002 - as in dates
    """Return the function that converts to `kind`; the same work as `convert`, chosen once."""
    if kind not in _CONVERTERS:
        if kind not in _FORMATS:
            raise ValueError(f"{kind} is not a kind of value")
        written = format or _FORMATS[kind]
        return lambda value, locale: _dated(single(value), kind, written, locale)
    return _CONVERTERS[kind]


def single(value: Any) -> Any:
    """Return the element of a list of one, and any other value as it is."""
    return value[0] if isinstance(value, list) and len(value) == 1 else value


def boolean(value: Any) -> bool:
    """Return the yes or no that a value means: true, 1, "1", "yes", "on", "да", "так" and their opposites."""
    if isinstance(value, bool):
        return value
    word = text(value).strip().lower() if isinstance(value, str | int | Decimal) else None
    if word in _YES or word in _NO:
        return word in _YES
    raise ConversionError(f"{shown(value)} is neither yes nor no")


def _string(value: Any, _locale: Locale) -> str:
    if type(value) is str:
        return value
    value = single(value)
    if isinstance(value, list | dict):
        raise ConversionError(f"{_kind_of(value)} does not become text: {shown(value)}")
    return text(value)


def _dated(value: Any, kind: str, written: str, locale: Locale) -> str:
    if kind == "time" and not isinstance(value, WrittenDate) and (clock := read_clock(value)):
        return format_moment(datetime.combine(date(2000, 1, 1), clock), written)
    return format_moment(in_zone(read_moment(value, locale.source_zone), locale.target_zone), written)


def _array(value: Any, _locale: Locale) -> list[Any]:
    if isinstance(value, list):
        return value
    if isinstance(value, dict):
        if all(key == str(index) for index, key in enumerate(value)):  # a list as PHP sends it in a form
            return list(value.values())
        raise ConversionError(f"an object is not a list: {shown(value)}")
    parsed = _parsed(value, "[")
    return parsed if isinstance(parsed, list) else [value]


def _object(value: Any, _locale: Locale) -> dict[str, Any]:
    value = single(value)
    if isinstance(value, str):
        value = _parsed(value, "{")
    if isinstance(value, dict):
        return value
    raise ConversionError(f"{shown(value)} is not an object")


def _parsed(value: Any, opening: str) -> Any:
    """Return what a text holds when it is a list or an object written as JSON, else the value itself."""
    if not isinstance(value, str) or not value.lstrip().startswith(opening):
        return value
    try:
        return exactjson.loads(value)
    except ValueError:
        return value


def _kind_of(value: Any) -> str:
    return f"a list of {len(value)}" if isinstance(value, list) else "an object"


_CONVERTERS: dict[str, Converter] = {
    "string": _string,
    "integer": lambda value, _locale: read_integer(single(value)),
    "number": lambda value, _locale: read_number(single(value)),
    "boolean": lambda value, _locale: boolean(single(value)),
    "array": _array,
    "object": _object,
}
