"""One value of a known kind → what is shown of it. Masking a masked value leaves it as it is."""

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Literal, get_args

from apimonster_cli.core import exactjson

Kind = Literal["phone", "email", "name", "address", "birthday", "ip", "text", "none"]
"""text: free words, in which phones and e-mails are looked for. none: nobody's, whatever its name says."""
KINDS: tuple[Kind, ...] = get_args(Kind)
SIGN = "•"
MASK = SIGN * 3

_PLACE = re.compile(rf"[\d{SIGN}]")
_SHORTEST_PHONE = 5  # digits; fewer are an extension or a number in a list
_COUNTRY_AND_CITY, _CITY, _END = 4, 3, 2  # digits of a phone that stay: 7 495 … 12, 495 … 12
_WITH_COUNTRY = 11
_APART = re.compile(r"([\s,;]+)")
_HALF_AN_ADDRESS = re.compile(r"(\d{1,3}\.\d{1,3})\.|([0-9a-fA-F]{1,4}:[0-9a-fA-F]{0,4}):")


def masked(value: Any, kind: Kind) -> Any:
    """Return a single value masked; what is no text and no number, and what is nobody's, stays as it is."""
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        return value
    mask = _MASKS.get(kind)
    if mask is None or value == "":
        return value
    if isinstance(value, str):
        return mask(value)
    text = exactjson.number_text(value)
    hidden = mask(text) if kind in ("phone", "address", "birthday", "ip") else text  # a number is no name
    return value if hidden == text else hidden


def phone(text: str) -> str:
    """Return a phone with the digits in its middle hidden, written as it was: `+7 (495) •••-••-12`."""
    places = [match.start() for match in _PLACE.finditer(text)]
    if len(places) < _SHORTEST_PHONE:
        return text
    first = _COUNTRY_AND_CITY if len(places) >= _WITH_COUNTRY else _CITY if len(places) > _SHORTEST_PHONE + 2 else 0
    signs = list(text)
    for place in places[first:-_END]:
        signs[place] = SIGN
    return "".join(signs)


def email(text: str) -> str:
    """Return each e-mail of a text with its first letter and its domain: `i•••@example.com`."""
    return "".join(_one_email(part) if "@" in part else part for part in _APART.split(text))


def _one_email(text: str) -> str:
    name, at, domain = text.rpartition("@")
    return f"{beginning(name)}{at}{domain}"


def beginning(text: str) -> str:
    """Return the first letter of a word, the rest hidden; nothing of a word that it would tell."""
    return f"{text[0]}{MASK}" if len(text) > 1 and text[0].isalpha() else MASK


def name(text: str) -> str:
    """Return the first letter of each word: `И••• П•••`."""
    return " ".join(beginning(word) for word in text.split())


def address(text: str) -> str:
    """Return how an address begins."""
    return beginning(text.strip())


def ip(text: str) -> str:
    """Return the first half of an address of the internet."""
    half = _HALF_AN_ADDRESS.match(text.strip())
    return MASK if half is None else f"{half[1]}.{MASK}" if half[1] else f"{half[2]}:{MASK}"


def _hidden(_text: str) -> str:
    return MASK


_MASKS: Mapping[str, Callable[[str], str]] = {
    "phone": phone,
    "email": email,
    "name": name,
    "address": address,
    "birthday": _hidden,
    "ip": ip,
}
