"""Object keys and repeat keys: a sender's ids as text that any database can hold and index."""

import hashlib
from decimal import Decimal
from typing import Any

from apimonster_cli.core import exactjson

_LONGEST = 200


def key_text(value: Any) -> str | None:
    """Return an id as text, the same for 7 and "7"; None when `value` is empty or no id at all.

    A very long id, and one with signs that databases refuse (NUL, half a surrogate pair), becomes a hash.
    """
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        return None
    text = value.strip() if isinstance(value, str) else _digits(value)
    if not text:
        return None
    if len(text) > _LONGEST or "\0" in text or any("\ud800" <= sign <= "\udfff" for sign in text):
        return f"sha256:{hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()}"
    return text


def _digits(number: int | Decimal) -> str:
    try:
        return exactjson.number_text(number)
    except ValueError:  # more digits than Python turns into text
        return hex(int(number))
