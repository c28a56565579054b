"""Pulls by the clock: what is due is read off the store, missed runs are one pull, and two pulls of a bundle never overlap."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic

import pytest
import structlog

from apimonster_cli.bundles.load import load_or_raise
from apimonster_cli.bundles.model import Config
from apimonster_cli.core import log
from apimonster_cli.core.clock import SystemClock
from apimonster_cli.core.errors import StoreError
from apimonster_cli.core.redact import Redactor
from apimonster_cli.daemon.pulls import Pulls, due_at
from apimonster_cli.daemon.supervisor import Supervisor
from apimonster_cli.sandbox.server import Running, Sandbox
from apimonster_cli.store.open import open_store
from apimonster_cli.store.rows import HistoryFilter, PullState, TransactionRow
from tests.daemon.test_supervisor import free_port, until
from tests.engine.diary import Desk, desk
from tests.engine.support import START, answer, bundle

MINUTE = timedelta(minutes=1)
PULLED_BEFORE = PullState(
    bundle="deals",
    reading="schedule",
    complete=START - 30 * MINUTE,
    tried_at=START - 30 * MINUTE,
    failures=0,
    retry_at=None,
    error=None,
    held=False,
    held_until=None,
    position=None,
)


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Desk]:
    with desk(tmp_path) as made:
        yield made


def pulls(made: Desk) -> Pulls:
    return Pulls(made.store, made.engine, made.clock, name="h")


# what is due -----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("state", "due"),
    [
        (None, START),
        (PULLED_BEFORE, START - 20 * MINUTE),
        (replace(PULLED_BEFORE, complete=START), START + 10 * MINUTE),
        (replace(PULLED_BEFORE, complete=START + timedelta(days=9)), START + 10 * MINUTE),
        (replace(PULLED_BEFORE, complete=None), START),
        (replace(PULLED_BEFORE, failures=1, retry_at=START + MINUTE), START + MINUTE),
        (replace(PULLED_BEFORE, failures=1, retry_at=START + 61 * MINUTE, tried_at=START + 60 * MINUTE), START),
        (replace(PULLED_BEFORE, held=True, held_until=START + 5 * MINUTE), START + 5 * MINUTE),
        (replace(PULLED_BEFORE, held=True, held_until=START - MINUTE), START - 20 * MINUTE),
    ],
    ids=[
        "never pulled",
        "overdue",
        "just pulled",
        "clock set back",
        "killed",
        "failed",
        "failed, clock set back",
        "under way",
        "holder is gone",
    ],
)
def test_what_is_due_is_read_off_the_store(made: Desk, state: PullState | None, due: datetime) -> None:
    assert due_at(made.bundle, state, START) == due


def test_a_bundle_that_does_not_pull_is_never_due() -> None:
    assert due_at(bundle(), None, START) is None


def test_a_cron_is_due_in_the_zone_of_its_connection(tmp_path: Path) -> None:
    with desk(tmp_path, source="lookback: 1d") as made:
        plan = made.bundle.pull
        assert plan
        from apimonster_cli.bundles.cron import Cron

        nightly = replace(made.bundle, pull=replace(plan, every=None, cron=Cron("0 3 * * *", plan.zone)))
        state = replace(PULLED_BEFORE, complete=START)

        due = due_at(nightly, state, START)

    assert due == datetime(2026, 3, 2, 3, 0, tzinfo=plan.zone)


# turn by turn ----------------------------------------------------------------------------------------------------------
def test_a_pull_comes_when_its_time_has_come_and_not_before(made: Desk) -> None:
    worker = pulls(made)
    turns = [worker.work_once()]
    for seconds in (599, 1):
        made.clock.passed += seconds
        turns.append(worker.work_once())

    assert turns == [True, False, True]
    assert len(made.diary.queries) == 2


def test_missed_runs_are_caught_up_by_one_pull(made: Desk) -> None:
    pulls(made).work_once()
    made.clock.passed += timedelta(days=2).total_seconds()
    made.diary.queries.clear()
    worker = pulls(made)

    turns = [worker.work_once(), worker.work_once()]

    assert turns == [True, False]
    assert len(made.diary.queries) == 1


def test_a_pull_that_somebody_has_is_left_to_them(made: Desk) -> None:
    made.claim("2026-01-01…2026-02-01")

    assert not pulls(made).work_once()
    assert made.diary.queries == []


def test_a_failed_pull_waits_and_is_counted(made: Desk) -> None:
    made.diary.scripted = [answer({"message": "no"}, 500)] * 3
    worker = pulls(made)
    worker.work_once()
    calls = len(made.diary.queries)

    again = worker.work_once()

    assert (again, worker.failed) == (False, 1)
    assert len(made.diary.queries) == calls


def test_a_pull_that_was_taken_over_is_dropped(made: Desk) -> None:
    def take_over() -> None:
        made.clock.passed += 3600
        made.claim()

    made.diary.then = {1: take_over}

    assert pulls(made).work_once()
    assert made.state().held


def test_a_store_that_does_not_work_is_told(made: Desk) -> None:
    made.diary.scripted = [StoreError("the disk is full")]
    worker = pulls(made)

    worker.start_once()

    with pytest.raises(StoreError, match="the disk is full"):
        worker.quiet(30)
    worker.stop(5)


def test_nothing_new_begins_once_it_is_to_stop(made: Desk) -> None:
    worker = pulls(made)
    worker.stop(0)

    assert not worker.work_once()


def test_without_a_bundle_that_pulls_there_is_no_thread(made: Desk) -> None:
    made.config = replace(made.config, bundles={})
    made.engine.config = made.config
    worker = pulls(made)
    before = threading.active_count()

    worker.start()

    assert threading.active_count() == before
    worker.stop(0)


def test_a_clock_that_is_set_back_does_not_put_off_a_pull(made: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(made.clock, "now", lambda: datetime.now(UTC) + made.clock.leapt)
    monkeypatch.setattr(made.clock, "monotonic", monotonic)
    made.clock.leapt = timedelta(days=1)
    made.diary.scripted = [answer({"message": "no"}, 500)] * 3
    worker = pulls(made)
    worker.work_once()
    asked = len(made.diary.queries)
    worker.start()
    made.clock.leapt = timedelta()

    worker.keep_up()

    until(lambda: len(made.diary.queries) > asked, "it is pulled again")
    worker.stop(5)


# the running program ---------------------------------------------------------------------------------------------------
BUNDLES = """\
version: 1
settings: {{listen: "127.0.0.1:{port}", workers: 4}}
connections:
  deals: {{type: calltouch, site_id: 12345, token: {token}, url: "{url}", timezone: Europe/Moscow, rate: 100/s}}
  crm: {{type: retailcrm, url: "{url}", api_key: sandbox, site: main, rate: 1000/s}}
bundles:
  deals:
    source: {{event: calltouch.order, every: {every}, params: {{withAllOrderOrigins: true, withComments: true}}}}
    steps:
      - action: retailcrm.create_order
        on_duplicate: edit
        fields: {{externalId: "ct-{{{{ orderNumber }}}}", firstName: client.fio, managerComment: orderStatus}}
"""


class Place:
    """A folder with a bundle file that pulls, and the look-alike of both sides."""

    def __init__(self, folder: Path, sandbox: Sandbox, service: Running) -> None:
        self.folder = folder
        self.sandbox = sandbox
        self.diary = sandbox.calltouch
        self.diary.rules.per_second = 1000
        self._url = service.url
        self._port = free_port()
        self.write()

    def write(self, *, every: str = "1s", token: str = "sandbox") -> None:
        text = BUNDLES.format(port=self._port, url=self._url, every=every, token=token)
        (self.folder / "bundles.yaml").write_text(text, encoding="utf-8")

    def config(self) -> Config:
        return load_or_raise([self.folder / "bundles.yaml"], environ={}, cwd=self.folder)

    def report(self, number: str, **changes: object) -> None:
        self.diary.create({"orderNumber": number, "service": "AmoCRM", "client": {"fio": f"Deal {number}"}, **changes})

    def orders(self) -> dict[str, str]:
        """Return external id → comment of all orders in the CRM."""
        rows = self.sandbox.state.rows("order").values()
        return {str(row["externalId"]): str(row.get("managerComment") or "") for row in rows}

    def calls(self) -> list[TransactionRow]:
        store = open_store("sqlite:///apimonster.db", base=self.folder, daemon=False, clock=SystemClock())
        try:
            return store.transactions(HistoryFilter())
        finally:
            store.close_store()


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    log.configure(Redactor(), json_lines=True)
    sandbox = Sandbox()
    with sandbox.serve() as service:
        yield Place(tmp_path, sandbox, service)
    structlog.reset_defaults()


def test_one_run_pulls_what_is_due_and_delivers_it(place: Place) -> None:
    place.report("1", orderStatus="Новая")
    place.report("2", orderStatus="Новая")

    first = Supervisor(place.config()).run(once=True)
    second = Supervisor(place.config()).run(once=True)

    assert (first, second) == (0, 0)
    assert place.orders() == {"ct-1": "Новая", "ct-2": "Новая"}


def test_one_run_with_a_pull_that_fails_ends_with_1(place: Place) -> None:
    place.write(token="not-the-token")

    code = Supervisor(place.config()).run(once=True)

    assert code == 1
    (call,) = place.calls()
    assert (call.step, call.status, call.bundle) == ("pull", 403, "deals")
    assert "not-the-token" not in repr(call)


def test_the_daemon_sees_deals_as_they_come_and_change(place: Place) -> None:
    supervisor = Supervisor(place.config())
    codes: list[int] = []
    thread = threading.Thread(target=lambda: codes.append(supervisor.run()))
    place.report("1", orderStatus="Новая")
    thread.start()
    try:
        until(lambda: place.orders() == {"ct-1": "Новая"}, "the first order")
        place.diary.update("1", {"orderStatus": "Оплачен"}, service="AmoCRM")
        place.report("2", orderStatus="Новая")
        until(lambda: place.orders() == {"ct-1": "Оплачен", "ct-2": "Новая"}, "the edit and the second order")
    finally:
        supervisor.tell("stop")
        thread.join(20)

    assert codes == [0]


def test_a_reload_changes_the_schedule(place: Place) -> None:
    place.write(every="1d")
    place.report("1", orderStatus="Новая")
    supervisor = Supervisor(place.config())
    thread = threading.Thread(target=supervisor.run)
    thread.start()
    try:
        until(lambda: place.orders() == {"ct-1": "Новая"}, "the first pull")
        place.report("2", orderStatus="Новая")
        place.write(every="1s")
        supervisor.tell("reload")
        until(lambda: "ct-2" in place.orders(), "a pull by the new schedule")
    finally:
        supervisor.tell("stop")
        thread.join(20)

    assert not thread.is_alive()
