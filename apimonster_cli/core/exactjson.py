"""JSON in which a number keeps every digit.

Whole numbers are int, all others Decimal: a 19-digit id or `1200000001.1760000001` leaves as it came.
"""

import json
from decimal import Decimal, InvalidOperation
from typing import Any

import simplejson

_PLAIN_EXPONENT = (
    40  # beyond this many digits a number is written with an exponent: 1e999999999 must not fill the memory
)


def loads(text: str | bytes) -> Any:
    """Return the value that `text` holds; ValueError with a sentence when it is not JSON (NaN and Infinity are not)."""
    try:
        if isinstance(text, bytes):
            text = text.decode(json.detect_encoding(text), "surrogatepass")
        return _DECODER.decode(text)
    except RecursionError:
        raise ValueError("the JSON is nested too deeply") from None


def dumps(value: Any, *, indent: int | None = None) -> str:
    """Return `value` as JSON text, Unicode as it is, numbers digit by digit."""
    if indent is None:
        return str(_ENCODER.encode(value))
    return str(simplejson.dumps(value, use_decimal=True, ensure_ascii=False, separators=(",", ": "), indent=indent))


def canonical(value: Any) -> str:
    """Return JSON text that is the same for equal values: keys sorted, no spaces."""
    return str(simplejson.dumps(value, use_decimal=True, ensure_ascii=False, separators=(",", ":"), sort_keys=True))


def number_text(number: float | Decimal) -> str:
    """Return a number as text, without an exponent where that stays short."""
    if isinstance(number, Decimal) and number.is_finite() and abs(number.adjusted()) < _PLAIN_EXPONENT:
        return format(number, "f")
    return str(number)


def _number(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        raise ValueError(f"the number {text[:40]} is out of any range") from None


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


# Made once: making one takes as long as reading or writing a small value with it.
_DECODER = json.JSONDecoder(parse_float=_number, parse_constant=_refuse_constant)
_ENCODER = simplejson.JSONEncoder(use_decimal=True, ensure_ascii=False, separators=(",", ":"))
