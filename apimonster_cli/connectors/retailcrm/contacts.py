"""Phones and e-mails, compared exactly: RetailCRM's own filters match parts of texts."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

_PHONE_DIGITS = 10  # a Russian or Ukrainian number without the 7, 8 or 380 before it, which people write in many ways


def digits(phone: str) -> str:
    """Return the digits that tell a phone number, "" when there are none."""
    return re.sub(r"\D", "", phone)[-_PHONE_DIGITS:]


def phones(person: Any) -> Iterator[str]:
    """Yield the numbers of a customer, whose phones are a list of {number}."""
    for entry in (person.get("phones") or ()) if isinstance(person, Mapping) else ():
        if isinstance(entry, Mapping):
            yield plain(entry.get("number"))


def has_phone(phone: str, numbers: Iterator[str]) -> bool:
    """Return whether `phone`, as `digits` gave it, is one of `numbers`."""
    return phone in map(digits, numbers)


def has_email(email: str, *people: Any) -> bool:
    """Return whether one of an order's people has that e-mail, or none shows any and the order was found by it all the same."""
    shown = {plain(person.get("email")).casefold() for person in people if isinstance(person, Mapping)} - {""}
    return not shown or email.casefold() in shown


def age(thing: Mapping[str, Any]) -> tuple[str, int]:
    """Return what orders and customers are sorted by: createdAt is `Y-m-d H:i:s`, which sorts as text."""
    number = thing.get("id")
    return str(thing.get("createdAt") or ""), number if isinstance(number, int) else 0


def plain(value: Any) -> str:
    """Return a value as text without spaces around it; null is empty."""
    return "" if value is None else str(value).strip()
