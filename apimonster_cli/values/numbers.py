"""Numbers as people and their programs write them, read without losing a digit or a thousandfold."""

import re
from decimal import Decimal
from typing import Any

from apimonster_cli.values.errors import ConversionError, shown

_MOST_DIGITS = 100  # no amount or id is longer, and 1e999999999 must not fill the memory
_PLAIN = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?", re.ASCII)
_DECIMAL_COMMA = re.compile(r"[+-]?\d*,\d+", re.ASCII)
_AMBIGUOUS = re.compile(r"[+-]?[1-9]\d{0,2},\d{3}", re.ASCII)
_GROUPED = re.compile(
    r"""
      [+-]?\d{1,3}(?:[ ]\d{3})+(?:[.,]\d*)?    # 1 200 300,50
    | [+-]?\d{1,3}(?:,\d{3})+\.\d*             # 1,200,300.50
    | [+-]?\d{1,3}(?:\.\d{3})+,\d*             # 1.200.300,50
    | [+-]?\d{1,3}(?:,\d{3}){2,}               # 1,200,300
    | [+-]?\d{1,3}(?:\.\d{3}){2,}              # 1.200.300
    | [+-]?\d{1,3}(?:'\d{3})+(?:\.\d*)?        # 1'200.50
    """,
    re.ASCII | re.VERBOSE,
)
_SPACES = str.maketrans({"\u00a0": " ", "\u202f": " ", "\u2009": " ", "\u2007": " ", "\u2212": "-", "’": "'"})


def read_number(value: Any) -> int | Decimal:
    """Return the number that a value means, int when it has no fraction written, else Decimal; ConversionError otherwise.

    `"1 200,50"`, `"1,200.50"`, `"1.200,50"`, `"1'200.50"` and `"1200.5"` are what they look like. One dot is a decimal dot
    (`"1.200"` is 1.2: machines write it so). One comma is a decimal comma (`"0,125"`, `"1200,5"`), but `"1,200"` could be
    twelve hundred or one and a fifth, and is refused rather than guessed.
    """
    if isinstance(value, bool):
        raise ConversionError(f"{shown(value)} is a yes or no, not a number")
    if isinstance(value, int):
        return value
    if isinstance(value, float):
        value = Decimal(repr(value))
    if isinstance(value, Decimal):
        return _checked(value)
    if not isinstance(value, str):
        raise ConversionError(f"{shown(value)} is not a number")
    written = value.translate(_SPACES).strip()
    if _AMBIGUOUS.fullmatch(written):
        either = written.replace(",", ""), written.replace(",", ".")
        raise ConversionError(f"{shown(value)} can mean {either[0]} or {either[1]}, and is not guessed")
    return _parse(written, value)


def read_integer(value: Any) -> int:
    """Return the whole number that a value means: `"12.0"` is 12, `"12.5"` is a ConversionError."""
    number = read_number(value)
    whole = int(number)
    if whole != number:
        raise ConversionError(f"{shown(value)} is not a whole number")
    return whole


def looks_like_number(value: Any) -> int | Decimal | None:
    """Return the number that a value means, or None: for comparisons, where not being one is no mistake."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal | str):
        return None
    try:
        return read_number(value)
    except ConversionError:
        return None


def _parse(written: str, value: str) -> int | Decimal:
    if _PLAIN.fullmatch(written):
        plain = written
    elif _DECIMAL_COMMA.fullmatch(written):
        plain = written.replace(",", ".")
    elif _GROUPED.fullmatch(written):
        last = max(written.rfind(","), written.rfind("."))
        only_groups = last < 0 or (written.count(written[last]) > 1)
        whole, fraction = (written, "") if only_groups else (written[:last], written[last + 1 :])
        plain = re.sub(r"[ ,.']", "", whole) + (f".{fraction}" if fraction else "")
    else:
        raise ConversionError(f"{shown(value)} is not a number")
    if len(plain) > _MOST_DIGITS:
        raise ConversionError(f"{shown(value)} has too many digits for a number")
    return int(plain) if plain.lstrip("+-").isdigit() else _checked(Decimal(plain))


def _checked(number: Decimal) -> Decimal:
    if not number.is_finite() or abs(number.adjusted()) > _MOST_DIGITS:
        raise ConversionError(f"{shown(number)} is out of any useful range")
    return number
