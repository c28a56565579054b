"""Dates as senders write them, and as PHP-style formats write them out."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time, tzinfo
from decimal import Decimal
from typing import Any, Self

from apimonster_cli.values.errors import ConversionError, shown

_ISO = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:[.,]\d{1,9})?)?) ?(Z|[+-]\d\d(?::?\d\d)?)?)?",
    re.ASCII | re.IGNORECASE,
)
_DAY_FIRST = re.compile(r"(\d{1,2})([./-])(\d{1,2})\2(\d{4})(?:[ T,]+(\d{1,2}:\d\d(?::\d\d)?))?", re.ASCII)
_CLOCK = re.compile(r"(\d{1,2}):(\d\d)(?::(\d\d)(?:\.\d+)?)?", re.ASCII)
_UNIX = re.compile(r"\d{10}(?:\d{3})?(?:\.\d{1,6})?", re.ASCII)
_FIRST_SECOND = 100_000_000  # 1973; a smaller number is an id, a year or a count
_FIRST_MILLISECOND = 100_000_000_000
_AFTER_MILLISECONDS = 100_000_000_000_000


class WrittenDate(str):
    """A date already written out that still knows its moment, so that writing it into a date field shifts nothing twice."""

    __slots__ = ("moment",)
    moment: date

    def __new__(cls, written: str, moment: date) -> Self:
        """Return `written` with the moment it stands for."""
        text = super().__new__(cls, written)
        text.moment = moment
        return text


def read_moment(value: Any, zone: tzinfo) -> date:
    """Return what a value says: an aware datetime, or a plain date when it names no time; ConversionError otherwise.

    Read are ISO 8601 with or without a zone, `Y-m-d H:i:s`, `d/m/Y`, `d.m.Y` and `d-m-Y` with or without a time, Unix seconds
    (a number, or 10 digits) and milliseconds (13 digits). A time without a zone is one of `zone`.
    """
    if isinstance(value, WrittenDate):
        return value.moment
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=zone)
    if isinstance(value, date):
        return value
    if isinstance(value, bool) or not isinstance(value, int | Decimal | str):
        raise ConversionError(f"{shown(value)} is not a date")
    try:
        moment = _read_text(value.strip(), zone) if isinstance(value, str) else _from_unix(value)
    except (ValueError, OverflowError):
        raise ConversionError(f"{shown(value)} is not a date that exists") from None
    if moment is None:
        raise ConversionError(f"{shown(value)} is not a date that can be read")
    return moment


def read_clock(value: Any) -> time | None:
    """Return the time of day that a text such as `9:30` or `14:30:05` says, or None when it is something else."""
    found = _CLOCK.fullmatch(value.strip()) if isinstance(value, str) else None
    if not found:
        return None
    try:
        return time(int(found[1]), int(found[2]), int(found[3] or 0))
    except ValueError:
        raise ConversionError(f"{shown(value)} is not a time of day") from None


def as_moment(found: date, zone: tzinfo) -> datetime:
    """Return a date as a moment: midnight in `zone` when it has no time."""
    return found if isinstance(found, datetime) else datetime.combine(found, time(), zone)


def in_zone(found: date, zone: tzinfo) -> datetime:
    """Return a moment as seen in `zone`; a date without a time stays that date, at midnight.

    ConversionError when that falls before the year 1 or after 9999.
    """
    if not isinstance(found, datetime):
        return datetime.combine(found, time(), zone)
    try:
        return found.astimezone(zone)
    except OverflowError:
        raise ConversionError(f"{shown(found)} is outside of the years 1 to 9999 in the zone {zone}") from None


def format_moment(moment: datetime, format: str) -> str:  # noqa: A002 - the word that BUNDLES and the catalogues use
    r"""Return a moment written in PHP date letters (`Y-m-d H:i:s`, `\\` escapes a letter), or strftime when `format` has a %."""
    if "%" in format:
        try:
            return moment.strftime(format)
        except ValueError:
            raise ConversionError(f"no date can be written in the format {shown(format)}") from None
    written, letters = "", iter(format)
    for letter in letters:
        if letter == "\\":
            written += next(letters, "")
        elif letter in _LETTERS:
            written += _LETTERS[letter](moment)
        elif letter.isascii() and letter.isalpha():
            raise ConversionError(f"the date format {shown(format)} has a letter that is not known: {letter}")
        else:
            written += letter
    return written


def _read_text(text: str, zone: tzinfo) -> date | None:
    if found := _ISO.fullmatch(text):
        day, clock, offset = found.groups()
        if clock is None:
            return date.fromisoformat(day)
        moment = datetime.fromisoformat(f"{day}T{clock}{(offset or '').upper()}")
        return moment if moment.tzinfo else moment.replace(tzinfo=zone)
    if found := _DAY_FIRST.fullmatch(text):
        day_of = date(int(found[4]), int(found[3]), int(found[1]))
        clock_of = read_clock(found[5])
        return datetime.combine(day_of, clock_of, zone) if clock_of else day_of
    return _from_unix(Decimal(text)) if _UNIX.fullmatch(text) else None


def _from_unix(number: int | Decimal) -> datetime | None:
    if not _FIRST_SECOND <= number < _AFTER_MILLISECONDS:
        return None
    seconds = Decimal(number) / 1000 if number >= _FIRST_MILLISECOND else Decimal(number)
    whole, rest = divmod(seconds, 1)
    return datetime.fromtimestamp(int(whole), UTC).replace(microsecond=int(rest * 1_000_000))


def _offset(moment: datetime) -> str:
    written = moment.strftime("%z") or "+0000"
    return f"{written[:3]}:{written[3:5]}"


_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July",
    "August", "September", "October", "November", "December",
)  # fmt: skip

# The letters of PHP's DateTimeInterface::format, from the PHP manual; names of days and months are English there too.
_LETTERS: dict[str, Callable[[datetime], str]] = {
    "d": lambda moment: f"{moment.day:02}",
    "j": lambda moment: str(moment.day),
    "D": lambda moment: _DAYS[moment.weekday()][:3],
    "l": lambda moment: _DAYS[moment.weekday()],
    "N": lambda moment: str(moment.isoweekday()),
    "w": lambda moment: str(moment.isoweekday() % 7),
    "m": lambda moment: f"{moment.month:02}",
    "n": lambda moment: str(moment.month),
    "M": lambda moment: _MONTHS[moment.month - 1][:3],
    "F": lambda moment: _MONTHS[moment.month - 1],
    "Y": lambda moment: f"{moment.year:04}",
    "y": lambda moment: f"{moment.year % 100:02}",
    "a": lambda moment: "am" if moment.hour < 12 else "pm",
    "A": lambda moment: "AM" if moment.hour < 12 else "PM",
    "g": lambda moment: str(moment.hour % 12 or 12),
    "h": lambda moment: f"{moment.hour % 12 or 12:02}",
    "G": lambda moment: str(moment.hour),
    "H": lambda moment: f"{moment.hour:02}",
    "i": lambda moment: f"{moment.minute:02}",
    "s": lambda moment: f"{moment.second:02}",
    "v": lambda moment: f"{moment.microsecond // 1000:03}",
    "u": lambda moment: f"{moment.microsecond:06}",
    "U": lambda moment: str(int(moment.timestamp())),
    "P": _offset,
    "O": lambda moment: _offset(moment).replace(":", ""),
    "T": lambda moment: moment.tzname() or "",
    "c": lambda moment: format_moment(moment, "Y-m-d\\TH:i:sP"),
}
