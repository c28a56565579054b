"""A diary of deals on the other side of a scripted client, and a bundle that pulls it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from apimonster_cli.bundles.load import load_text
from apimonster_cli.bundles.model import Bundle, Config
from apimonster_cli.connectors.spec import Window
from apimonster_cli.core import exactjson
from apimonster_cli.core.call import Answer, Request
from apimonster_cli.engine.call import Client
from apimonster_cli.engine.deliver import Engine
from apimonster_cli.engine.pull import Order, Pulled
from apimonster_cli.store.api import Store
from apimonster_cli.store.open import open_store
from apimonster_cli.store.rows import ClaimedPull, HistoryFilter, PullState, TransactionRow
from tests.engine.support import FakeClock, Service, answer

MOSCOW = ZoneInfo("Europe/Moscow")
TOKEN = "Gll/U3tbwhrTk+A1Chryud4xIT48WE8FPeNyrGQQ=="
LEASE = timedelta(minutes=5)
BUNDLES = """\
version: 1
connections:
  deals: {{type: calltouch, site_id: 12345, token: "{token}"}}
  crm: {{type: http, url: "https://crm.example.com"}}
bundles:
  deals:
    source: {{event: calltouch.order, every: 10m, {source}}}
    {more}
    steps:
      - action: http.request
        fields: {{path: {{value: /deals}}, json.number: orderNumber, json.change: meta.change}}
"""


def deal(number: str, dated: str = "28/02/2026 10:00:00", **changes: Any) -> dict[str, Any]:
    """Return a deal as the diary shows it."""
    made: dict[str, Any] = {"orderNumber": number, "orderDate": dated, "service": "AmoCRM", "isDeleted": False}
    return made | {"orderStatus": "Новая", "plannedAmount": 6000, "visit": None} | changes


@dataclass
class Diary:
    """A client that answers as the diary does. scripted: answers for the next calls, None for the diary's own.

    then: what happens to the diary after the call of that number, counted from 1.
    """

    deals: list[dict[str, Any]] = field(default_factory=list)
    scripted: list[Answer | Exception | None] = field(default_factory=list)
    then: dict[int, Callable[[], None]] = field(default_factory=dict)
    shape: Callable[[dict[str, Any]], Any] = lambda body: body
    queries: list[dict[str, str]] = field(default_factory=list)

    def describe(self, request: Request) -> tuple[str, str | None]:
        return f"https://api.calltouch.ru{request.path}?" + "&".join(f"{a}={b}" for a, b in request.query), None

    def reserve(self) -> None:
        """Let every call go at once."""

    def send(self, request: Request) -> Answer:
        query = dict(request.query)
        self.queries.append(query)
        reply = self.scripted.pop(0) if self.scripted else None
        if isinstance(reply, Exception):
            raise reply
        made = reply or answer(self.shape(self._page(query)))
        if happens := self.then.get(len(self.queries)):
            happens()
        return made

    @property
    def pages(self) -> list[str]:
        """Return the pages asked for of windows, in order."""
        return [query["page"] for query in self.queries if "dateFrom" in query]

    @property
    def asked_alone(self) -> list[str]:
        """Return the numbers asked for alone, in order."""
        return [query["orderNumber"] for query in self.queries if "orderNumber" in query]

    def _page(self, query: dict[str, str]) -> dict[str, Any]:
        found = [each for each in self.deals if _wanted(each, query)]
        size, number = int(query["limit"]), int(query["page"])
        return {
            "page": number,
            "pageTotal": -(-len(found) // size),
            "pageSize": size,
            "recordsTotal": len(found),
            "records": found[(number - 1) * size : number * size],
        }


def _wanted(found: dict[str, Any], query: dict[str, str]) -> bool:
    if "orderNumber" in query:
        return str(found["orderNumber"]) == query["orderNumber"]
    if "dateFrom" not in query:
        return True
    first, last = (datetime.strptime(query[name], "%d/%m/%Y") for name in ("dateFrom", "dateTo"))  # noqa: DTZ007
    return first <= datetime.strptime(found["orderDate"], "%d/%m/%Y %H:%M:%S") < last  # noqa: DTZ007


class Desk:
    """A store, an engine over a diary, and a clock: what pulls are tried on. It is 12:00 in Moscow on 1 March 2026."""

    def __init__(self, folder: Path, *, source: str = "lookback: 3d", more: str = "") -> None:
        self.clock = FakeClock()
        self.folder = folder
        text = BUNDLES.format(token=TOKEN, source=source, more=more)
        loaded = load_text(text, environ={}, file="bundles.yaml", folder=folder)
        assert loaded.config, [problem.line() for problem in loaded.problems]
        self.config: Config = loaded.config
        self.diary = Diary()
        self.crm = Service()
        self.store: Store = open_store("sqlite:///test.db", base=folder, daemon=True, clock=self.clock)
        clients: dict[str, Client] = {"deals": self.diary, "crm": self.crm}
        self.engine = Engine(self.store, self.config, clients.__getitem__, self.clock)

    @property
    def bundle(self) -> Bundle:
        return self.config.bundles["deals"]

    def claim(self, reading: str = "schedule") -> ClaimedPull:
        claimed = self.store.claim_pull("deals", reading, holder="h", lease=LEASE, now=self.clock.now())
        assert claimed
        return claimed

    def pull(self, period: Window | None = None, **how: Any) -> Pulled:
        """Do a pull and forget what was asked before it."""
        self.diary.queries.clear()
        claimed = self.claim("schedule" if period is None else "backfill")
        return self.engine.pull(Order(claimed, self.bundle, period, **how))

    def changes(self) -> list[tuple[str | None, str | None]]:
        """Return object and change of all events, the oldest first."""
        return [(row.object_key, row.change) for row in self.store.events(HistoryFilter(limit=1000))[::-1]]

    def state(self) -> PullState:
        (found,) = [each for each in self.store.pull_states() if each.reading == "schedule"]
        return found

    def calls(self) -> list[TransactionRow]:
        return self.store.transactions(HistoryFilter())[::-1]

    def deliver(self) -> list[str | None]:
        """Deliver what is due and return the outcomes."""
        claimed = self.store.claim("w", ["deals"], limit=100, lease=LEASE, now=self.clock.now())
        return [self.engine.deliver(each, self.bundle) for each in claimed]


@contextmanager
def desk(folder: Path, **how: str) -> Iterator[Desk]:
    made = Desk(folder, **how)
    try:
        yield made
    finally:
        made.store.close_store()


def period(first: str, last: str) -> Window:
    """Return the days from `first` up to and not with `last`."""
    start, end = (datetime.fromisoformat(day).replace(tzinfo=MOSCOW) for day in (first, last))
    return Window(start, end)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def json_bytes(value: Any) -> bytes:
    return exactjson.dumps(value).encode()
