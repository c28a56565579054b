"""A month of a simulated Calltouch account in virtual time: what happens when, and what the CRM has to hold in the end."""

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from apimonster_cli.sandbox.calltouch import MOMENT
from apimonster_cli.sandbox.calltouch_deals import made_up
from apimonster_cli.sandbox.faults import parse_faults
from apimonster_cli.sandbox.server import Sandbox

MOSCOW = ZoneInfo("Europe/Moscow")
FIRST_DAY = date(2025, 10, 1)
DAYS = 30
EVERY = timedelta(hours=6)
LOOKBACK = timedelta(days=8)  # more than the latest report, and the latest change after it
STATUSES = ("В работе", "Оплачен", "Отказ", "Доставка")


class Clock:
    """Time that passes only when somebody sleeps or a test moves on; what happens meanwhile happens at its moment."""

    def __init__(self, start: datetime) -> None:
        self._start = start
        self._seconds = 0.0
        self._happenings: list[tuple[datetime, int, Callable[[], None]]] = []
        self.interruptions = 0
        """How many things happened while somebody slept, in the middle of their work."""

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self._seconds)

    def monotonic(self) -> float:
        return self._seconds

    def sleep(self, seconds: float) -> None:
        before = len(self._happenings)
        self.go_to(self.now() + timedelta(seconds=max(0.0, seconds)))
        self.interruptions += before - len(self._happenings)

    def plan(self, happenings: Iterator[tuple[datetime, Callable[[], None]]]) -> None:
        """Have many things happen."""
        self._happenings += [(moment, number, each) for number, (moment, each) in enumerate(happenings)]
        self._happenings.sort(reverse=True)

    def go_to(self, moment: datetime) -> None:
        """Let time pass."""
        while self._happenings and self._happenings[-1][0] <= moment:
            when, _, happening = self._happenings.pop()
            self._set(when)
            happening()
        self._set(moment)

    def _set(self, moment: datetime) -> None:
        self._seconds = max(self._seconds, (moment - self._start).total_seconds())


@dataclass
class Month:
    """What happens to the deals of an account, and in the account itself.

    orders: externalId → what the CRM has to hold once all is delivered; made from what was done to the diary alone.
    """

    sandbox: Sandbox
    clock: Clock
    count: int
    seed: int = 0
    orders: dict[str, dict[str, Any]] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(("late", "edited", "moved", "deleted"), 0))

    def happenings(self) -> Iterator[tuple[datetime, Callable[[], None]]]:
        """Yield all that happens to deals and when."""
        dice = random.Random(self.seed)
        for deal in made_up(self.count, seed=self.seed, since=FIRST_DAY, days=DAYS):
            reported = moment(deal["createdDate"])
            self.counts["late"] += reported - moment(deal["orderDate"]) > timedelta(days=1)
            yield reported, lambda deal=deal: self._report(deal)  # type: ignore[misc]
            for _ in range(dice.choice((0, 0, 0, 0, 1, 1, 2))):
                changes = {"orderStatus": dice.choice(STATUSES), "plannedAmount": dice.randrange(100, 90_000)}
                yield self._later(reported, dice), lambda deal=deal, to=changes: self._edit(deal, to)  # type: ignore[misc]
            fate = dice.random()
            if fate < 0.05:
                days = dice.choice((-1, 1))
                yield self._later(reported, dice), lambda deal=deal, days=days: self._move(deal, days)  # type: ignore[misc]
            elif fate < 0.10:
                vanish = fate < 0.07
                yield (
                    reported + timedelta(days=2),  # it was seen by then
                    lambda deal=deal, vanish=vanish: self._delete(deal, vanish=vanish),  # type: ignore[misc]
                )

    def troubles(self) -> Iterator[tuple[datetime, Callable[[], None]]]:
        """Yield what goes wrong with the services and when it is over."""
        rules = self.sandbox.calltouch.rules
        for day, hours, faults in (
            (4, 12, "pagefail=0.4"),
            (8, 12, "overload=0.3"),
            (15, 24, "lost=0.05,500=0.08,echo=0.02,reset=0.02,truncated=0.05,limit=0.03"),
            (22, 24, "pagefail=0.2,overload=0.1,500=0.1,maintenance=0.1"),
        ):
            begin = _midnight(FIRST_DAY) + timedelta(days=day)
            yield begin, lambda faults=faults, day=day: self.sandbox.set_faults(parse_faults(faults), seed=day)  # type: ignore[misc]
            yield begin + timedelta(hours=hours), lambda: self.sandbox.set_faults(parse_faults(""))
        expires = _midnight(FIRST_DAY) + timedelta(days=12, hours=5, minutes=30)
        yield expires, lambda: setattr(rules, "token_expired", True)
        yield expires + timedelta(hours=1), lambda: setattr(rules, "token_expired", False)
        for day in range(1, DAYS, 3):
            yield (
                _midnight(FIRST_DAY) + timedelta(days=day, hours=11),
                lambda: rules.failing_pages.update({2: 1, 3: 2}),
            )

    # what is done to the diary, and to what the CRM has to hold -----------------------------------------------------
    def _report(self, deal: Mapping[str, Any]) -> None:
        self.sandbox.calltouch.create(deal)
        self.orders[external_id(deal)] = {
            "phone": deal["client"]["phones"],
            "firstName": deal["client"]["fio"] or None,
            "managerComment": deal["orderStatus"],
            "createdAt": f"{moment(deal['orderDate']).astimezone(MOSCOW):%Y-%m-%d %H:%M:%S}",
            "status": "new",
        }

    def _edit(self, deal: Mapping[str, Any], changes: Mapping[str, Any]) -> None:
        if not self._is_there(deal):
            return
        self.counts["edited"] += 1
        self.sandbox.calltouch.update(deal["orderNumber"], changes, service=deal["service"])
        self.orders[external_id(deal)]["managerComment"] = changes["orderStatus"]

    def _move(self, deal: Mapping[str, Any], days: int) -> None:
        self.counts["moved"] += 1
        moved = (moment(deal["orderDate"]) + timedelta(days=days)).astimezone(MOSCOW)
        self.sandbox.calltouch.move(deal["orderNumber"], moved.strftime(MOMENT), service=deal["service"])
        self.orders[external_id(deal)]["createdAt"] = f"{moved:%Y-%m-%d %H:%M:%S}"

    def _delete(self, deal: Mapping[str, Any], *, vanish: bool) -> None:
        self.counts["deleted"] += 1
        self.sandbox.calltouch.delete(deal["orderNumber"], service=deal["service"], vanish=vanish)
        self.orders[external_id(deal)]["status"] = "cancel-other"

    def _is_there(self, deal: Mapping[str, Any]) -> bool:
        return bool(self.orders[external_id(deal)]["status"] == "new")

    def _later(self, reported: datetime, dice: random.Random) -> datetime:
        """Return a moment after a report; one in four falls into a pull, between two of its pages."""
        later = reported + timedelta(seconds=dice.randrange(3600, 40 * 3600))
        if dice.random() < 0.25:
            begun = (later - _midnight(FIRST_DAY)) // EVERY
            return _midnight(FIRST_DAY) + EVERY * (begun + 1) + timedelta(seconds=dice.uniform(0, 1))
        return later


def external_id(deal: Mapping[str, Any]) -> str:
    """Return the externalId of a deal's order."""
    return f"ct-{deal['service'] or 'own'}-{deal['orderNumber']}"


def moment(written: str) -> datetime:
    """Return a date of the diary in UTC."""
    return datetime.strptime(written, MOMENT).replace(tzinfo=MOSCOW).astimezone(UTC)


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=MOSCOW).astimezone(UTC)


def begin() -> datetime:
    """Return the moment at which the month begins."""
    return _midnight(FIRST_DAY)


def end() -> datetime:
    """Return a moment at which the last deal was reported and changed, and seen since."""
    return _midnight(FIRST_DAY) + timedelta(days=DAYS + 6)
