"""/metrics: what is counted while the program works, and how things stand when Prometheus asks."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, cast
from zoneinfo import ZoneInfo

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from apimonster_cli import __version__
from apimonster_cli.bundles.model import PullPlan
from apimonster_cli.core.errors import StoreError
from apimonster_cli.daemon.admin.counters import Counters
from apimonster_cli.daemon.admin.look import Looks
from apimonster_cli.engine.circuit import FAILURES
from apimonster_cli.store.figures import Figures
from apimonster_cli.store.past import Replay
from apimonster_cli.store.rows import PullState
from tests.daemon.watched import Watched, samples, watched
from tests.engine.support import DOWN, LOST, SECRET, FakeClock, answer, bundle, connection, step

Make = Callable[..., Watched]
EVERY_10_MINUTES = PullPlan(
    pull=cast("Any", None),
    every=timedelta(minutes=10),
    cron=None,
    lookback=timedelta(days=3),
    params={},
    zone=ZoneInfo("UTC"),
)


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    with ExitStack() as stack:
        yield lambda *bundles, **more: stack.enter_context(watched(tmp_path, *bundles, **more))


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


def counted(registry: CollectorRegistry) -> dict[str, float]:
    """Return what has been counted, the zeros and the buckets of histograms left out."""
    found = samples(generate_latest(registry).decode())
    return {name: value for name, value in found.items() if value and "_bucket" not in name}


# what is counted -------------------------------------------------------------------------------------------------------
def test_counts_what_it_is_told(registry: CollectorRegistry) -> None:
    counters = Counters(registry)

    counters.event("site", "utmstat.new_lead", "accepted")
    counters.event("site", "utmstat.new_lead", "accepted", 4)
    counters.event("site", None, "rejected")
    counters.acknowledged(0.25)
    counters.refused("site", 429)
    counters.refused(None, 404)
    counters.delivered("leads", "done", 1.5)
    counters.delivered("leads", "failed", 9.0)
    counters.delivered("leads", "done", None)
    counters.put_off("leads")
    counters.called("crm", "retailcrm.create_order", "answered", 403, 0.5)
    counters.called("crm", "retailcrm.create_order", "planned", None, None)

    assert counted(registry) == {
        "events_total{connection=site,event=utmstat.new_lead,status=accepted}": 5,
        "events_total{connection=site,event=none,status=rejected}": 1,
        "acknowledge_seconds_count": 1,
        "acknowledge_seconds_sum": 0.25,
        "webhooks_refused_total{connection=site,status=429}": 1,
        "webhooks_refused_total{connection=none,status=404}": 1,
        "deliveries_total{bundle=leads,outcome=done}": 2,
        "deliveries_total{bundle=leads,outcome=failed}": 1,
        "delivery_seconds_count{bundle=leads}": 1,
        "delivery_seconds_sum{bundle=leads}": 1.5,
        "deliveries_put_off_total{bundle=leads}": 1,
        "transactions_total{action=retailcrm.create_order,connection=crm,outcome=answered,status=4xx}": 1,
        "transactions_total{action=retailcrm.create_order,connection=crm,outcome=planned,status=none}": 1,
        "transaction_seconds_count{connection=crm}": 1,
        "transaction_seconds_sum{connection=crm}": 0.5,
    }


def test_statuses_that_a_service_makes_up_are_one_series(registry: CollectorRegistry) -> None:
    counters = Counters(registry)

    for status in (*range(100), *range(600, 1000)):
        counters.called("crm", "look", "answered", status, None)

    assert counted(registry) == {
        "transactions_total{action=look,connection=crm,outcome=answered,status=none}": 500,
    }


def test_the_series_of_a_bundle_begin_at_zero(make: Make) -> None:
    figures = make(bundle()).figures()

    assert [figures[f"deliveries_total{{bundle=leads,outcome={outcome}}}"] for outcome in ("done", "failed")] == [0, 0]
    assert figures["events_total{connection=site,event=site.lead,status=accepted}"] == 0
    assert figures["deliveries_open{bundle=leads,state=waiting}"] == 0
    assert figures["deliveries_oldest_age_seconds{bundle=leads}"] == 0


def test_counts_deliveries_and_calls_by_how_they_ended(make: Make) -> None:
    program = make(bundle())
    program.bench.crm.replies = [answer(), answer(status=400), LOST, *[DOWN] * 3]
    program.bench.accept()
    program.worker.work_once()
    program.bench.accept()
    program.worker.work_once()
    program.bench.accept()

    program.worker.work_once()
    figures = program.figures()

    assert figures["deliveries_total{bundle=leads,outcome=done}"] == 1
    assert figures["deliveries_total{bundle=leads,outcome=failed}"] == 1
    assert figures["deliveries_put_off_total{bundle=leads}"] == 1
    assert figures["delivery_seconds_count{bundle=leads}"] == 1
    assert figures["transactions_total{action=crm.put,connection=crm,outcome=answered,status=2xx}"] == 1
    assert figures["transactions_total{action=crm.put,connection=crm,outcome=answered,status=4xx}"] == 1
    assert figures["transactions_total{action=crm.put,connection=crm,outcome=unknown,status=none}"] == 1
    assert figures["deliveries_failed"] == 1


def test_a_call_takes_as_long_as_it_takes(make: Make) -> None:
    program = make(bundle())

    def slowly(_: Any) -> Any:
        program.bench.clock.sleep(7)
        return answer()

    program.bench.crm.replies = [slowly]
    program.bench.accept()
    program.bench.clock.sleep(20)

    program.worker.work_once()
    figures = program.figures()

    assert figures["transaction_seconds_sum{connection=crm}"] == 7
    assert figures["delivery_seconds_sum{bundle=leads}"] == 27


def test_a_filtered_delivery_counts_and_has_no_duration(make: Make) -> None:
    program = make(bundle(only={"name": "nobody"}))
    program.bench.accept()

    program.worker.work_once()
    figures = program.figures()

    assert figures["deliveries_total{bundle=leads,outcome=filtered}"] == 1
    assert "delivery_seconds_count{bundle=leads}" not in figures


def test_a_replay_counts_and_its_age_does_not(make: Make) -> None:
    program = make(bundle())
    program.bench.crm.replies = [answer(status=400)]
    event = program.bench.accept()
    program.worker.work_once()
    program.bench.clock.sleep(timedelta(days=9).total_seconds())
    delivery = program.bench.delivery(event)
    program.bench.store.replay([Replay(event, "leads", delivery.id)], now=program.bench.clock.now())
    waiting = program.figures()

    program.worker.work_once()
    figures = program.figures()

    assert waiting["deliveries_open{bundle=leads,state=waiting}"] == 1
    assert waiting["deliveries_oldest_age_seconds{bundle=leads}"] == 0
    assert figures["deliveries_total{bundle=leads,outcome=done}"] == 1
    assert "delivery_seconds_count{bundle=leads}" not in figures


def test_a_dry_run_ends_no_delivery(make: Make) -> None:
    program = make(bundle(), dry_run=True)
    program.bench.accept()

    program.worker.work_once()
    figures = program.figures()

    assert figures["deliveries_total{bundle=leads,outcome=done}"] == 0
    assert figures["transactions_total{action=crm.put,connection=crm,outcome=planned,status=none}"] == 1


# how things stand ------------------------------------------------------------------------------------------------------
def test_tells_what_waits_and_for_how_long(make: Make) -> None:
    program = make(bundle(), bundle(name="other"))
    program.bench.accept(to=("leads",))
    program.bench.clock.sleep(60)
    program.bench.accept(to=("leads", "other"))
    program.bench.accept(to=("leads",), bulk=True)
    program.bench.claim()
    program.bench.accept(to=("leads",))

    figures = program.figures()

    assert figures["deliveries_open{bundle=leads,state=running}"] == 3
    assert figures["deliveries_open{bundle=leads,state=waiting}"] == 1
    assert figures["deliveries_oldest_age_seconds{bundle=leads}"] == 61
    assert figures["deliveries_oldest_age_seconds{bundle=other}"] == 1


def test_deliveries_of_bundles_that_left_the_files_are_told_together(make: Make) -> None:
    program = make(bundle())
    program.bench.accept(to=("leads", "renamed", "removed"))

    figures = program.figures()

    assert figures["deliveries_open{bundle=leads,state=waiting}"] == 1
    assert figures["deliveries_open{bundle=none,state=waiting}"] == 2
    assert not [name for name in figures if "renamed" in name or "removed" in name]


def test_tells_since_when_a_connection_is_paused_and_that_it_works_again(make: Make) -> None:
    program = make(bundle())
    program.bench.crm.replies = [answer(status=403), answer(status=403)]
    program.bench.accept()
    program.worker.work_once()
    began = program.bench.clock.now().timestamp()
    program.bench.clock.sleep(100)
    program.worker.work_once()
    paused = program.figures()

    program.bench.clock.sleep(100)
    program.worker.work_once()
    working = program.figures()

    assert paused["connection_paused{connection=crm}"] == 1
    assert paused["connection_resting{connection=crm}"] == 1
    assert paused["connection_paused_timestamp_seconds{connection=crm}"] == began
    assert working["connection_paused{connection=crm}"] == 0
    assert working["connection_resting{connection=crm}"] == 0
    assert "connection_paused_timestamp_seconds{connection=crm}" not in working


def test_tells_that_a_connection_rests(make: Make) -> None:
    program = make(bundle(step(to=connection("broken")), name="a"))
    program.bench.services["broken"].replies = [DOWN] * 100
    for _ in range(FAILURES):
        program.bench.accept()
    program.worker.work_once()

    figures = program.figures()

    assert figures["connection_resting{connection=broken}"] == 1
    assert figures["connection_paused{connection=broken}"] == 0


def test_tells_what_became_of_the_last_reload(make: Make) -> None:
    program = make(bundle())
    before = program.figures()
    failed_at = program.bench.clock.now()
    program.status.not_taken_over("the bundle files have 2 mistakes", failed_at)
    failed = program.figures()
    program.status.taken_over(program.fresh_engine(), program.bench.clock.now())

    mended = program.figures()

    assert [each["last_reload_successful"] for each in (before, failed, mended)] == [1, 0, 1]
    assert failed["last_reload_timestamp_seconds"] == failed_at.timestamp()
    assert mended["last_reload_timestamp_seconds"] > failed_at.timestamp()


def test_tells_how_far_behind_a_pull_is(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    program = make(replace(bundle(name="deals"), pull=EVERY_10_MINUTES), bundle())
    now = program.bench.clock.now()
    state = PullState(
        bundle="deals",
        reading="schedule",
        complete=now - timedelta(minutes=10),
        tried_at=now,
        failures=2,
        retry_at=now,
        error="down",
        held=False,
        held_until=None,
        position=None,
    )
    backfill = replace(state, reading="2026-01-01/2026-01-02", complete=None, failures=9)
    gone = replace(state, bundle="gone")
    monkeypatch.setattr(program.bench.store, "pull_states", lambda: [backfill, state, gone])

    figures = program.figures()

    lags = {name: value for name, value in figures.items() if name.startswith("pull_")}
    assert lags == {"pull_lag_seconds{bundle=deals}": 601, "pull_failures{bundle=deals}": 2}


def test_a_store_that_cannot_be_read_takes_only_its_own_figures_away(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: Any, **__: Any) -> Any:
        raise StoreError("the disk is gone")

    program = make(bundle())
    for verb in ("figures", "pull_states", "writable"):
        monkeypatch.setattr(program.bench.store, verb, fails)

    figures = program.figures()

    assert figures["store_writable"] == 0
    assert figures["connection_paused{connection=crm}"] == 0
    assert not [name for name in figures if name.startswith(("deliveries_open", "deliveries_oldest", "pull"))]


def test_says_what_runs(make: Make) -> None:
    figures = make(bundle()).figures()

    (built,) = [name for name in figures if name.startswith("build_info")]
    assert f"version={__version__}" in built
    assert figures["store_writable"] == 1
    assert figures["process_start_time_seconds"] > 0


def test_every_label_is_a_name_of_the_files_or_one_of_a_few_words(make: Make) -> None:
    program = make(bundle())
    person = {"name": "Анна Петрова", "phone": "+7 495 000-00-12", "email": "anna@example.com", "token": SECRET}
    program.bench.crm.replies = [answer(status=400), answer(status=403)]
    program.bench.accept(person, key="+74950000012")
    program.bench.accept(person, key="anna@example.com")
    program.worker.work_once()

    text = program.get("/metrics").text

    allowed = {
        "bundle": {"leads"},
        "connection": {"site", "crm"},
        "event": {"site.lead"},
        "action": {"crm.put"},
        "status": {"accepted", "4xx"},
        "outcome": {"done", "filtered", "failed", "answered"},
        "state": {"waiting", "running"},
    }
    seen = {
        (name, value)
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        for name, value in sample.labels.items()
        if name not in ("le", "version", "python")
    }
    assert {(name, value) for name, value in seen if value not in allowed[name]} == set()
    assert {name for name, _ in seen} == set(allowed)
    assert not [word for word in ("Анна", "anna", "495", SECRET) if word in text]


# looking at the store --------------------------------------------------------------------------------------------------
class SlowStore:
    """Counts how often it is looked at; a look takes `seconds`."""

    def __init__(self, clock: FakeClock, seconds: float) -> None:
        self.looks = 0
        self._clock = clock
        self._seconds = seconds

    def pull_states(self) -> list[PullState]:
        return []

    def figures(self) -> Figures:
        self.looks += 1
        self._clock.sleep(self._seconds)
        return Figures({}, 0)


@pytest.mark.parametrize(("seconds", "looks"), [(0.0, 10), (0.5, 1)], ids=["quick", "slow"])
def test_looks_once_a_second_and_less_often_when_that_is_slow(seconds: float, looks: int) -> None:
    clock = FakeClock()
    store = SlowStore(clock, seconds)
    looking: Any = Looks(store, clock)  # type: ignore[arg-type]

    for _ in range(100):
        looking.last()
        clock.sleep(0.1)

    assert store.looks in (looks, looks + 1)
