"""Turns what was sent into typed values: fields the API does not know are dropped, wrong types are refused.

Field types as in the docs of orders/create and the models of the PHP client. Numbers and booleans are taken as texts too,
as PHP forms do. Nothing (null, an empty text, an empty list) clears a field on edit and is left out on create; what the
real API makes of null no source says.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from enum import Enum
from typing import Any

from apimonster_cli.core import exactjson
from apimonster_cli.sandbox.answers import Row


class Kind(Enum):
    """The type of a plain field."""

    TEXT = "text"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    DATE = "%Y-%m-%d"
    DATETIME = "%Y-%m-%d %H:%M:%S"
    TIME = "%H:%M"
    OPEN = "open"  # an object of codes and values that are the account's own: custom fields, properties


# A tuple names the texts allowed; a dict is an object, a list of one shape a list of such.
Shape = Kind | tuple[str, ...] | dict[str, "Shape"] | list["Shape"]


class WrongValueError(ValueError):
    """A value that its field cannot take."""


WRONG = "This value is not valid."
LARGEST_AMOUNT = 10**12  # no source names a limit; below it sums stay exact
_DIGITS_OF_A_NUMBER = 30
_BOOLEANS = {"1": True, "true": True, "0": False, "false": False}
# Months and days are looked at only when the digits stand right: strptime is slow and takes `2026-1-5`
_DIGITS = {
    Kind.DATE: re.compile(r"\d{4}-\d\d-\d\d"),
    Kind.DATETIME: re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"),
    Kind.TIME: re.compile(r"\d\d:\d\d"),
}


def clean(sent: Mapping[str, Any], shape: Mapping[str, Shape], errors: dict[str, str], at: str = "") -> Row:
    """Return the known fields of `sent`, typed, None for those to be cleared; each wrong one goes into `errors` by path."""
    found: Row = {}
    for name, wanted in shape.items():
        if name in sent:
            try:
                found[name] = _value(sent[name], wanted, errors, f"{at}{name}")
            except ValueError:
                errors[f"{at}{name}"] = WRONG
    return found


def merge(old: Mapping[str, Any], new: Mapping[str, Any]) -> Row:
    """Return `old` with the fields of `new`: objects are merged, anything else replaced, None takes the field away."""
    merged = dict(old)
    for name, value in new.items():
        if value is None:
            merged.pop(name, None)
        elif isinstance(value, dict):
            before = merged.get(name)
            merged[name] = merge(before if isinstance(before, dict) else {}, value)
        else:
            merged[name] = value
    return merged


def moment(text: Any, kind: Kind) -> str:
    """Return a date, date-time or time as it came; ValueError when it is none."""
    if not isinstance(text, str) or not _DIGITS[kind].fullmatch(text):
        raise WrongValueError
    datetime.strptime(text, kind.value)  # noqa: DTZ007 - only whether such a day and hour exist
    return text


def number(value: Any) -> int | Decimal:
    """Return a number, sent as one or as text; WrongValueError when it is none."""
    if isinstance(value, bool):
        raise WrongValueError
    if isinstance(value, int | Decimal):
        return value
    try:
        return plain(Decimal(value))
    except (InvalidOperation, TypeError):
        raise WrongValueError from None


def plain(amount: Decimal | int) -> int | Decimal:
    """Return an amount as the API writes it: whole where it is whole (`0`, `272.64`)."""
    if not isinstance(amount, Decimal):
        return amount
    if not amount.is_finite() or abs(amount.adjusted()) > _DIGITS_OF_A_NUMBER:
        raise WrongValueError
    return int(amount) if amount == amount.to_integral_value() else amount.normalize()


def _value(sent: Any, wanted: Shape, errors: dict[str, str], at: str) -> Any:
    if sent is None or sent in ("", [], {}):
        return None
    if isinstance(wanted, dict):
        if not isinstance(sent, dict):
            raise WrongValueError
        return clean(sent, wanted, errors, f"{at}.")
    if isinstance(wanted, list):
        rows = list(sent.values()) if isinstance(sent, dict) else sent  # PHP lists with gaps arrive as maps
        if not isinstance(rows, list):
            raise WrongValueError
        cleaned = [_value(row, wanted[0], errors, f"{at}[{place}]") for place, row in enumerate(rows)]
        return [row for row in cleaned if row is not None]
    return _plain_value(sent, wanted)


def _plain_value(sent: Any, wanted: Kind | tuple[str, ...]) -> Any:  # noqa: PLR0911 - one return a type
    if isinstance(wanted, tuple):
        if sent not in wanted:
            raise WrongValueError
        return sent
    if wanted is Kind.TEXT:
        return _text(sent)
    if wanted is Kind.NUMBER:
        return _amount(sent)
    if wanted is Kind.INTEGER:
        return _integer(sent)
    if wanted is Kind.BOOLEAN:
        return _boolean(sent)
    if wanted is Kind.OPEN:
        if not isinstance(sent, dict):
            raise WrongValueError
        return {str(name): None if value == "" else value for name, value in sent.items()}
    return moment(sent, wanted)


def _text(sent: Any) -> str:
    if isinstance(sent, str):
        return sent
    if isinstance(sent, bool) or not isinstance(sent, int | Decimal):
        raise WrongValueError
    return exactjson.number_text(sent)


def _amount(sent: Any) -> int | Decimal:
    found = number(sent)
    if not -LARGEST_AMOUNT <= found <= LARGEST_AMOUNT:
        raise WrongValueError
    return found


def _integer(sent: Any) -> int:
    found = number(sent)
    if not isinstance(found, int):
        raise WrongValueError
    return found


def _boolean(sent: Any) -> bool:
    found = sent if isinstance(sent, bool) else _BOOLEANS.get(str(sent).lower())
    if found is None:
        raise WrongValueError
    return found
