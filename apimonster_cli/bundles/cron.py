"""Cron expressions, read as cron reads them: 0 and 7 are Sunday, and of two restricted days either is enough."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_PART = re.compile(r"(?P<first>\*|[a-z]{3}|[0-7])(?:-(?P<last>[a-z]{3}|[0-7]))?(?:/(?P<step>[1-9]\d?))?", re.IGNORECASE)
_DAY = timedelta(days=1)
_LONGEST_CHANGE = timedelta(hours=3)  # of a clock that is put forward or back
_NEVER = datetime(2024, 1, 1)  # noqa: DTZ001 - only there to ask whether any moment follows it; a leap year


class Cron:
    """When an expression of five fields fires, in one time zone.

    When a clock is put back, what names its hours fires in the first of the two that are alike, and what fires every hour, or every
    few, goes on by the time that passes. When it is put forward, what falls into the hour that is left out fires as much later.
    """

    def __init__(self, text: str, zone: ZoneInfo) -> None:
        """Read `text`; ValueError with a sentence when it cannot be."""
        fields = text.split()
        if len(fields) != 5:
            raise ValueError(
                f"{text!r} is not a cron expression; write five fields: minute, hour, day, month, weekday, such as 30 6 * * 1-5"
            )
        weekdays = _weekdays(fields[4])
        self._zone = zone
        self._names_hours = "*" not in fields[1]
        day_is_free, weekday_is_free = fields[2] == "*", fields[4] == "*"
        if day_is_free or weekday_is_free:
            self._triggers = [_trigger(fields, fields[2], weekdays)]
        else:
            self._triggers = [_trigger(fields, fields[2], "*"), _trigger(fields, "*", weekdays)]
        if self.after(_NEVER.replace(tzinfo=zone)) is None:
            raise ValueError(f"{text!r} is never: there is no such day")

    def after(self, moment: datetime) -> datetime | None:
        """Return the first moment later than `moment` at which it fires."""
        found = [self._first(trigger, moment) for trigger in self._triggers]
        return min((each for each in found if each is not None), default=None, key=datetime.timestamp)

    def _first(self, trigger: Any, moment: datetime) -> datetime | None:
        shown = moment.astimezone(self._zone).replace(tzinfo=UTC)
        found = _next(trigger, shown)
        if found is None:
            return None
        offsets = {self._offset(each + days) for each in (shown, found) for days in (-_DAY, _DAY)}
        return self._moments(found)[0] if len(offsets) == 1 else self._first_of_all(trigger, moment, shown)

    def _first_of_all(self, trigger: Any, moment: datetime, shown: datetime) -> datetime | None:
        """Look at all that may be first where a clock is put forward or back: what it shows is out of order then."""
        first: datetime | None = None
        found = _next(trigger, shown - _LONGEST_CHANGE)
        while found is not None and (first is None or found < first.replace(tzinfo=UTC) + _LONGEST_CHANGE):
            later = [each for each in self._moments(found) if each.astimezone(UTC) > moment]
            first = min([*later, *([first] if first else [])], key=datetime.timestamp, default=None)
            found = _next(trigger, found)
        return first

    def _moments(self, shown: datetime) -> list[datetime]:
        """Return the moments at which the clock shows this and it fires; one that is left out is as much later."""
        first, second = (
            shown.replace(tzinfo=self._zone, fold=fold).astimezone(UTC).astimezone(self._zone) for fold in (0, 1)
        )
        return [first, second] if second.fold and not self._names_hours else [first]

    def _offset(self, shown: datetime) -> timedelta | None:
        return shown.replace(tzinfo=self._zone).utcoffset()


def _next(trigger: Any, shown: datetime) -> datetime | None:
    found: datetime | None = trigger.get_next_fire_time(shown, shown)
    return found


def _trigger(fields: list[str], day: str, weekdays: str) -> Any:
    """Return what fires by what a clock shows, as if that were UTC: over a change of the clock the library leaves out days."""
    from apscheduler.triggers.cron import CronTrigger

    minute, hour, _, month, _ = fields
    try:
        return CronTrigger(minute=minute, hour=hour, day=day, month=month.lower(), day_of_week=weekdays, timezone=UTC)
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
