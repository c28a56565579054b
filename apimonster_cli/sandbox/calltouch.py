"""The Calltouch side of the look-alike: an account's sites, its token, and the deals that a CRM reported to it.

What the real service says of itself is on its page "Выгрузка журнала сделок" (calltouch.ru/support). Where that page is silent,
the look-alike does what public clients count on; what they disagree about is a rule to choose.
"""

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

from apimonster_cli.core.clock import Clock
from apimonster_cli.sandbox.answers import Row
from apimonster_cli.sandbox.calltouch_deals import made_up
from apimonster_cli.sandbox.calltouch_limit import Limit
from apimonster_cli.sandbox.state import State

MOMENT = "%d/%m/%Y %H:%M:%S"
_KIND = "deal"


@dataclass(slots=True)
class Rules:
    """What the diary does where the vendor's page leaves it open, and how it is told to misbehave.

    comments: with `include` the flag withComments adds the comment to each deal; with `filter` it chooses between deals that
    have one and deals that have none, as the page can be read. end_included: deals of the day dateTo are in the answer.
    per_second, waiting: calls a second of one address that are carried out, and that wait; one more is refused.
    token_expired: the token is refused. failing_pages: page → how many more times it answers 500.
    """

    comments: Literal["include", "filter"] = "include"
    end_included: bool = False
    per_second: int = 5
    waiting: int = 5
    token_expired: bool = False
    failing_pages: Counter[int] = field(default_factory=Counter)


class Calltouch:
    """An account with its orders diary. Deals are dicts in the shape of an answer, with all flags set.

    sites: ids of its sites, the first being the one that is meant where none is named. zone: that of all dates, which carry none.
    """

    def __init__(
        self,
        state: State,
        clock: Clock,
        *,
        sites: Sequence[str] = ("12345",),
        token: str = "sandbox",  # noqa: S107 - the look-alike's, known to all
        zone: ZoneInfo = ZoneInfo("Europe/Moscow"),  # noqa: B008 - immutable
    ) -> None:
        self.sites = tuple(sites)
        self.token = token
        self._state = state
        self._clock = clock
        self._zone = zone
        self._gate = threading.Lock()
        self.reset()

    def reset(self) -> None:
        """Go back to the rules and the limit of the beginning; the deals are the state's."""
        self.rules = Rules()
        self.limits: dict[str, Limit] = {}

    def limit(self, address: str) -> Limit:
        """Return the limit that counts the calls of one address."""
        return self.limits.setdefault(address, Limit())

    def fails(self, page: int) -> bool:
        """Return whether this page is to answer 500 now, and count that it did."""
        with self._gate:
            if self.rules.failing_pages[page] <= 0:
                return False
            self.rules.failing_pages[page] -= 1
            return True

    def deals(self, site: str | None = None, conditions: Sequence[Callable[[Row], bool]] = ()) -> list[Row]:
        """Return the deals of a site for which all conditions hold, in the order they were created.

        Those deleted in the old interface are among them.
        """
        wanted = self._known(site)
        with self._state.lock:
            rows = [row for row in self._state.rows(_KIND).values() if row["site"] == wanted]
        found = [row for row in rows if all(holds(row["deal"]) for holds in conditions)]
        return [row["deal"] for row in sorted(found, key=lambda row: (sortable(row["deal"]["createdDate"]), row["id"]))]

    def create(self, *deals: Mapping[str, Any], site: str | None = None) -> list[Row]:
        """Report deals to Calltouch and return them; what is left out is filled in. ValueError when one is there already."""
        with self._state.lock:
            made = [self._create(deal, self._known(site)) for deal in deals]
            self._state.commit()
        return made

    def update(
        self, number: str, changes: Mapping[str, Any], *, service: str | None = None, site: str | None = None
    ) -> Row:
        """Change a deal, as a CRM does after the fact; updatedDate is now unless it is among the changes. LookupError."""
        row = self._row(number, service, site)
        now = self.now()
        dated = {"updatedDate": now}
        if changes.get("orderStatus", row["deal"]["orderStatus"]) != row["deal"]["orderStatus"]:
            dated["statusDate"] = now
        deal = {**row["deal"], **dated, **changes}
        sortable(deal["orderDate"])
        self._put({**row, "deal": deal})
        return deal

    def move(self, number: str, order_date: str, *, service: str | None = None, site: str | None = None) -> Row:
        """Give a deal another orderDate, `dd/mm/yyyy hh:mm:ss`."""
        return self.update(number, {"orderDate": order_date}, service=service, site=site)

    def delete(self, number: str, *, service: str | None = None, site: str | None = None, vanish: bool = False) -> None:
        """Delete a deal: marked isDeleted as by the old interface, or gone without a trace as through the API."""
        if not vanish:
            self.update(number, {"isDeleted": True}, service=service, site=site)
            return
        row = self._row(number, service, site)
        with self._state.lock:
            self._state.remove(_KIND, row["id"])
            self._state.commit()

    def make_up(self, count: int, *, seed: int = 0, days: int = 7) -> list[Row]:
        """Report made-up deals of the last `days` days, numbered on from those that are there."""
        today = self._clock.now().astimezone(self._zone).date()
        first = 30_000 + len(self.deals())
        return self.create(
            *made_up(count, seed=seed, since=today - timedelta(days=days), days=days, first_number=first)
        )

    def now(self) -> str:
        """Return this moment as the diary writes it."""
        return self._clock.now().astimezone(self._zone).strftime(MOMENT)

    def _create(self, deal: Mapping[str, Any], site: str) -> Row:
        row_id = self._state.next_id(_KIND)
        created = deal.get("createdDate") or self.now()
        defaults: Row = {
            "client": {"phones": None, "fio": None},
            "completedAmount": None,
            "completedDate": None,
            "createdDate": created,
            "isDeleted": False,
            "manager": None,
            "orderDate": created,
            "statusDate": created,
            "updatedDate": created,
            "comment": None,
            "orderNumber": f"HL{row_id:012d}",  # Calltouch's own number, where the CRM gave none
            "orderOrigin": "API",
            "orderSource": None,
            "orderStatus": "Новая",
            "plannedAmount": None,
            "service": None,
            "tags": None,
            "visit": None,
            "funnel": None,
            "currencyCode": "RUB",
            "margin": None,
            "orderLink": None,
            "orderName": None,
        }
        made = {**defaults, **deal}
        for name in ("orderDate", "createdDate"):
            sortable(made[name])
        if self._state.deal(site, made["service"], str(made["orderNumber"])) is not None:
            raise ValueError(f"there is a deal {made['orderNumber']} of {made['service']} already")
        self._state.put(_KIND, {"id": row_id, "site": site, "deal": made})
        return made

    def _row(self, number: str, service: str | None, site: str | None) -> Row:
        with self._state.lock:
            row = self._state.deal(self._known(site), service, number)
        if row is None:
            raise LookupError(f"there is no deal {number} of {service or 'no service'}")
        return row

    def _put(self, row: Row) -> None:
        with self._state.lock:
            self._state.put(_KIND, row)
            self._state.commit()

    def _known(self, site: str | None) -> str:
        wanted = site or self.sites[0]
        if wanted not in self.sites:
            raise LookupError(f"there is no site {wanted}; known are {', '.join(self.sites)}")
        return wanted


def sortable(moment: Any) -> str:
    """Return `dd/mm/yyyy hh:mm:ss` in an order that sorts, `yyyymmdd hh:mm:ss`; ValueError when it is no such moment."""
    if isinstance(moment, str) and len(moment) == 19 and moment[2] == moment[5] == "/" and moment[10] == " ":
        return f"{moment[6:10]}{moment[3:5]}{moment[:2]} {moment[11:]}"
    raise ValueError(f"{moment!r} is no moment of the diary; write dd/mm/yyyy hh:mm:ss")


def phone_of(deal: Mapping[str, Any]) -> Iterable[str]:
    """Yield the phones of a deal's client as they are written."""
    phones = (deal.get("client") or {}).get("phones")
    return [phones] if isinstance(phones, str) else list(phones or ())
