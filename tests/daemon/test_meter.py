"""What the listener, the worker and the pulls tell a meter, and when they tell it nothing."""

from pathlib import Path
from typing import Any

from apimonster_cli.core.clock import SystemClock
from apimonster_cli.core.errors import StoreError
from apimonster_cli.core.meter import SILENT, Meter
from apimonster_cli.daemon.pulls import Pulls
from apimonster_cli.store.open import open_store
from tests.daemon.listening import HeldStore, bundle, config, connection, listening
from tests.engine.diary import deal, desk
from tests.engine.support import answer

LEAD = '{"event_name":"new_lead","id":%d,"status_id":1,"contact":{"id":1},"fields":[]}'


class Heard:
    """A meter that writes everything down: the verb, and what it was told."""

    def __init__(self) -> None:
        self.told: list[tuple[Any, ...]] = []
        self.seconds: list[float] = []

    def event(self, connection: str, event: str | None, status: str, times: int = 1) -> None:
        self.told.append(("event", connection, event, status, times))

    def acknowledged(self, seconds: float) -> None:
        self.seconds.append(seconds)

    def refused(self, connection: str | None, status: int) -> None:
        self.told.append(("refused", connection, status))

    def delivered(self, bundle: str, outcome: str, seconds: float | None) -> None:
        self.told.append(("delivered", bundle, outcome, seconds))

    def put_off(self, bundle: str) -> None:
        self.told.append(("put off", bundle))

    def called(self, connection: str, action: str, outcome: str, status: int | None, seconds: float | None) -> None:
        self.told.append(("called", connection, action, outcome, status, seconds))


def test_the_listener_tells_what_came_in(tmp_path: Path) -> None:
    heard = Heard()
    site = connection("utmstat")
    store = open_store("sqlite:///test.db", base=tmp_path, daemon=True, clock=SystemClock())
    try:
        with listening(config([site], [bundle("leads", site, "utmstat.new_lead")]), store, meter=heard) as listener:
            listener.send(LEAD % 1)
            listener.send(LEAD % 2)
            listener.send(LEAD % 2)
            listener.send('{"event_name":"odd"}')
            listener.send("{br")
            acknowledged = len(heard.seconds)
            listener.send(method="GET")
            listener.send(method="GET", path="/healthz")
    finally:
        store.close_store()

    assert heard.told == [
        ("event", "site", "utmstat.new_lead", "accepted", 1),
        ("event", "site", "utmstat.new_lead", "accepted", 1),
        ("event", "site", "utmstat.new_lead", "duplicate", 1),
        ("event", "site", None, "unmatched", 1),
        ("event", "site", None, "rejected", 1),
    ]
    assert (acknowledged, len(heard.seconds)) == (4, 4)
    assert all(0 < seconds < 60 for seconds in heard.seconds)


def test_the_listener_tells_what_came_too_late(tmp_path: Path) -> None:
    heard = Heard()
    site = connection("salesdrive")
    store = open_store("sqlite:///test.db", base=tmp_path, daemon=True, clock=SystemClock())
    shown = '{"info":{"webhookEvent":"status_change"},"data":{"id":1,"statusId":2,"version":%d}}'
    try:
        orders = bundle("orders", site, "salesdrive.status_change")
        with listening(config([site], [orders]), store, meter=heard) as listener:
            listener.send(shown % 7)
            listener.send(shown % 6)
    finally:
        store.close_store()

    assert [told[3] for told in heard.told] == ["accepted", "stale"]


def test_the_listener_tells_what_it_refused() -> None:
    heard, store = Heard(), HeldStore()
    with listening(config([connection(max_body=10)]), store, meter=heard) as listener:
        listener.send("{}", path="/hooks/site/wrong")
        listener.send("{}", path="/elsewhere")
        listener.send('{"longer":"than ten"}')
        store.failure = StoreError("the disk is full")
        listener.send('{"a":1}')

    assert heard.told == [("refused", None, 404), ("refused", "site", 413), ("refused", None, 503)]
    assert heard.seconds == []


def test_pulls_tell_what_is_new_of_each_page(tmp_path: Path) -> None:
    heard = Heard()
    with desk(tmp_path, source="lookback: 3d, params: {limit: 2}") as made:
        pulls = Pulls(made.store, made.engine, made.clock, name="h", meter=heard)
        made.diary.deals += [deal("1"), deal("2"), deal("3")]
        pulls.work_once()
        made.clock.passed += 600
        made.diary.deals.append(deal("7"))
        pulls.work_once()
        made.clock.passed += 600
        made.diary.scripted = [answer({"message": "no"}, 500)] * 3
        pulls.work_once()

    assert heard.told == [
        ("event", "deals", "calltouch.order", "accepted", 2),  # the first page
        ("event", "deals", "calltouch.order", "accepted", 1),  # the second
        ("event", "deals", "calltouch.order", "accepted", 1),  # what came later
    ]


def test_where_nobody_counts_nothing_happens() -> None:
    def tell(meter: Meter) -> None:
        meter.event("site", None, "accepted")
        meter.acknowledged(1)
        meter.refused(None, 404)
        meter.delivered("leads", "done", 1)
        meter.put_off("leads")
        meter.called("crm", "look", "answered", 200, 1)

    heard = Heard()
    tell(heard)

    tell(SILENT)

    assert len(heard.told) == 5
