"""Somebody looked for by phone or e-mail, however that is written in a text."""

import re
from collections.abc import Iterable
from typing import Protocol
from urllib.parse import quote

from apimonster_cli.core.personal import masks

_FEWEST_DIGITS = 7
_TELLS_BY_ITSELF = 10  # a shorter national number, written without the 0 or the country before it, may be any order's
# Between two digits: the signs themselves, and as addresses and JSON escape them.
_GAP = (
    r"(?:[\s().‐-―/_+-]|%(?:20|28|29|2[BbDdFf])|%[Cc]2%[Aa]0|%[Ee]2%80%[89AaBb][0-9A-Fa-f]"
    r"|\\u00(?:20|28|29|2[BbDdFf]|[Aa]0)|\\u20[0-2][0-9A-Fa-f]|\\[nrt]){0,4}"
)
# Behind an escape a number begins as well, though the escape itself ends with digits: %20495…, \u00a0495…
_BEGINS = r"(?:(?<![0-9])|(?<=%[0-9A-Fa-f]{2})|(?<=\\u[0-9A-Fa-f]{4}))"
_BEFORE = 64  # signs that are looked at for the beginning, a country code among them
_EMAIL_BEGINS = r"(?:(?<![\w.+-])|(?<=%[0-9A-Fa-f]{2})|(?<=\\u[0-9A-Fa-f]{4})|(?<=\\[nrt]))"
_EMAIL_ENDS = r"(?![\w-]|\.\w)"
_EMAIL = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@]+")


class Person(Protocol):
    """Somebody as `sync forget` was told of them. shown: masked, for receipts."""

    shown: str

    def is_in(self, text: str) -> bool:
        """Return whether a text holds the phone or e-mail, in any spelling, also where it is escaped for JSON or an address."""


def person(written: str, regions: Iterable[str] = ("RU",)) -> Person:
    """Return who is meant by a phone or an e-mail. regions: where phones written without a country may be from, two letters.

    ValueError with a sentence for what is neither.
    """
    text = written.strip()
    if "@" in text:
        if not _EMAIL.fullmatch(text):
            raise ValueError(f"{written!r} is no e-mail: write it whole, such as ivan@example.com")
        return _by_email(text)
    if re.search(r"[^\d\s().+‐-―-]", text) or len(re.sub(r"\D", "", text)) < _FEWEST_DIGITS:
        raise ValueError(f"{written!r} is neither a phone nor an e-mail: write one whole, such as +7 495 000-00-12")
    return _by_phone(text, regions)


class _Sought:
    """What is looked for as `form`, where what stands before it is as `before` wants it: most texts hold no such form at all."""

    def __init__(self, shown: str, form: str, before: str) -> None:
        self.shown = shown
        self._form = re.compile(form, re.IGNORECASE)
        self._before = re.compile(rf"{before}\Z")

    def is_in(self, text: str) -> bool:
        found = self._form.search(text)
        while found is not None:
            if self._before.search(text, max(0, found.start() - _BEFORE), found.start()):
                return True
            found = self._form.search(text, found.start() + 1)
        return False


def _by_email(email: str) -> _Sought:
    return _Sought(masks.email(email), "".join(map(_spelt, email.casefold())) + _EMAIL_ENDS, _EMAIL_BEGINS)


def _spelt(sign: str) -> str:
    """Return the forms of one sign of an e-mail: as it is, and as JSON and addresses escape it."""
    if sign.isascii() and sign.isalnum():
        return sign
    forms = {form for each in {sign, sign.upper()} for form in (each, _in_json(each), _in_address(each))}
    return f"(?:{'|'.join(map(re.escape, sorted(forms)))})"


def _in_json(sign: str) -> str:
    units = sign.encode("utf-16-be")
    return "".join(f"\\u{high:02x}{low:02x}" for high, low in zip(units[::2], units[1::2], strict=True))


def _in_address(sign: str) -> str:
    return quote(sign, safe="") if not sign.isascii() else f"%{ord(sign):02X}"


def _by_phone(phone: str, regions: Iterable[str]) -> _Sought:
    national, before, shown = _read(phone, regions)
    starts = "|".join(_GAP.join(prefix) for prefix in sorted(before, key=len, reverse=True))
    alone = "?" if len(national) >= _TELLS_BY_ITSELF else ""
    begins = f"{_BEGINS}(?:(?:{starts}){_GAP}){alone}" if starts else _BEGINS
    return _Sought(shown, _GAP.join(national) + "(?![0-9])", begins)


def _read(phone: str, regions: Iterable[str]) -> tuple[str, set[str], str]:
    """Return a number without what may stand before it, all that may, and the number masked."""
    import phonenumbers  # takes a while to load

    digits = re.sub(r"\D", "", phone)
    for region in regions:
        for written in (phone, f"+{digits}"):  # many leave the plus out
            try:
                number = phonenumbers.parse(written, region)
            except phonenumbers.NumberParseException:
                continue
            if phonenumbers.is_valid_number(number):
                country = str(number.country_code)
                home = phonenumbers.region_code_for_number(number) or region
                known = phonenumbers.PhoneMetadata.metadata_for_region(home)
                inland = {known.national_prefix} if known and known.national_prefix else set()
                shown = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
                national = phonenumbers.national_significant_number(number)
                return national, {country, f"00{country}", f"810{country}", *inland}, masks.phone(shown)
    return digits, set(), masks.phone(phone)
