"""Whether something found in the CRM is what was sent there."""

import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

_EMPTY: tuple[Any, ...] = (None, "", [], {})


def agrees(sent: Any, found: Any, *, whole: bool = False) -> bool:
    """Return whether nothing in `found` contradicts `sent`: RetailCRM leaves empty fields out and adds its own.

    whole: all that was sent has to be there as well.
    """
    if isinstance(sent, Mapping) and isinstance(found, Mapping):
        return all(
            agrees(value, found[name], whole=whole) if name in found else not whole or value in _EMPTY
            for name, value in sent.items()
        )
    if isinstance(sent, list) and isinstance(found, list | Mapping):
        # Payments come back as an object with their ids as keys, everything else as a list.
        entries = list(found.values()) if isinstance(found, Mapping) else found
        return len(sent) == len(entries) and all(
            agrees(one, other, whole=whole) for one, other in zip(sent, entries, strict=True)
        )
    if isinstance(sent, Mapping | list) or isinstance(found, Mapping | list):
        return not sent and not found
    return bool(_plain(sent) == _plain(found))


def holds(sent: Any, found: Any) -> bool:
    """Return whether sending `sent` would change nothing: all of it stands in `found` letter by letter, numbers as numbers.

    Stricter than `agrees`, as a change from `ivan` to `Ivan` is one.
    """
    if isinstance(sent, Mapping):
        return isinstance(found, Mapping) and all(
            holds(value, found[name]) if name in found else value in _EMPTY for name, value in sent.items()
        )
    if isinstance(sent, list):
        return isinstance(found, list) and len(sent) == len(found) and all(map(holds, sent, found))
    if isinstance(sent, bool) or isinstance(found, bool) or sent is None or found is None:
        return sent is found
    number = _number(sent), _number(found)
    if None not in number and not (isinstance(sent, str) and isinstance(found, str)):
        return number[0] == number[1]
    return isinstance(found, str) and str(sent) == found


def _number(value: Any) -> Decimal | None:
    try:
        return Decimal(str(value))
    except InvalidOperation:
        return None


def _plain(value: Any) -> Any:
    """Return a value in the form that survives the CRM's tidying: numbers as numbers, phones as digits, text without case."""
    if isinstance(value, bool) or value is None:
        return value
    text = str(value).strip()
    digits = re.sub(r"[\s()+-]", "", text)
    if re.fullmatch(r"\d+(\.\d+)?", digits):
        return Decimal(digits)
    return text.casefold()
