"""Cron expressions, read as cron reads them: 0 and 7 are Sunday, and of two restricted days either is enough."""

import re
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_PART = re.compile(r"(?P<first>\*|[a-z]{3}|[0-7])(?:-(?P<last>[a-z]{3}|[0-7]))?(?:/(?P<step>[1-9]\d?))?", re.IGNORECASE)
_NEVER = datetime(2024, 1, 1)  # noqa: DTZ001 - only there to ask whether any moment follows it; a leap year


class Cron:
    """When an expression of five fields fires, in one time zone."""

    def __init__(self, text: str, zone: ZoneInfo) -> None:
        """Read `text`; ValueError with a sentence when it cannot be."""
        fields = text.split()
        if len(fields) != 5:
            raise ValueError(
                f"{text!r} is not a cron expression; write five fields: minute, hour, day, month, weekday, such as 30 6 * * 1-5"
            )
        weekdays = _weekdays(fields[4])
        day_is_free, weekday_is_free = fields[2] == "*", fields[4] == "*"
        if day_is_free or weekday_is_free:
            self._triggers = [_trigger(fields, zone, fields[2], weekdays)]
        else:
            self._triggers = [_trigger(fields, zone, fields[2], "*"), _trigger(fields, zone, "*", weekdays)]
        if self.after(_NEVER.replace(tzinfo=zone)) is None:
            raise ValueError(f"{text!r} is never: there is no such day")

    def after(self, moment: datetime) -> datetime | None:
        """Return the first moment later than `moment` at which it fires."""
        found = [trigger.get_next_fire_time(moment, moment) for trigger in self._triggers]
        return min((each for each in found if each is not None), default=None)


def _trigger(fields: list[str], zone: ZoneInfo, day: str, weekdays: str) -> Any:
    from apscheduler.triggers.cron import CronTrigger

    minute, hour, _, month, _ = fields
    try:
        return CronTrigger(minute=minute, hour=hour, day=day, month=month.lower(), day_of_week=weekdays, timezone=zone)
    except ValueError as error:
        raise ValueError(f"{' '.join(fields)!r} is not a cron expression: {error}") from None


def _weekdays(field: str) -> str:
    """Return a weekday field with names in place of numbers: the library counts from Monday, cron from Sunday."""
    return (
        "*" if field == "*" else ",".join(sorted({name for part in field.split(",") for name in _named(part, field)}))
    )


def _named(part: str, field: str) -> list[str]:
    found = _PART.fullmatch(part)
    if found is None:
        raise ValueError(f"{field!r} is not a weekday of cron; write * or 0-7, sun-sat, lists and ranges of them")
    first, last = found["first"], found["last"]
    if first == "*":
        start, end = 0, 6
    else:
        start = _number(first, field)
        end = _number(last, field) if last else (6 if found["step"] else start)
    if end < start:
        end += 7  # fri-mon
    return [_DAYS[number % 7] for number in range(start, end + 1, int(found["step"] or 1))]


def _number(day: str, field: str) -> int:
    if day.isdigit():
        return int(day)
    if day.lower() not in _DAYS:
        raise ValueError(f"{field!r} is not a weekday of cron: there is no {day}")
    return _DAYS.index(day.lower())
