"""Whether something found in the CRM is what was sent there."""

import re
from collections.abc import Mapping
from decimal import Decimal
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


def _plain(value: Any) -> Any:
    """Return a value in the form that survives the CRM's tidying: numbers as numbers, phones as digits, text without case."""
    if isinstance(value, bool) or value is None:
        return value
    text = str(value).strip()
    digits = re.sub(r"[\s()+-]", "", text)
    if re.fullmatch(r"\d+(\.\d+)?", digits):
        return Decimal(digits)
    return text.casefold()
