"""Weeks go by and old rows go: what is still owed stays, and what is gone is still known."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from apimonster_cli.bundles.model import Config, Settings
from apimonster_cli.core import exactjson
from apimonster_cli.daemon.scheduler import Retention
from apimonster_cli.sandbox.server import Sandbox
from tests.acceptance.month import Clock
from tests.acceptance.parts import crm_of, system
from tests.acceptance.processes import KEY, lead_payload
from tests.acceptance.weeks import MOST, Weeks
from tests.daemon.listening import Listening, listening

BEGIN = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)

pytestmark = pytest.mark.acceptance


def test_weeks_of_traffic_leave_what_has_to_stay(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    weeks = Weeks(tmp_path, 1500, int(request.config.getoption("--seed")), full=False, turn=8)

    weeks.pass_by()

    weeks.store.close_store()
    assert weeks.figures.wrong == []
    assert 1 < weeks.figures.ratio <= MOST
    assert min(weeks.figures.repeats, weeks.figures.late, weeks.figures.mended) > 0


def test_a_webhook_sent_again_after_its_event_is_pruned_makes_no_second_order(tmp_path: Path) -> None:
    clock = Clock(BEGIN)
    sandbox = Sandbox(keys=[KEY], clock=clock)

    with (
        sandbox.serve() as running,
        system(tmp_path, running.url, clock) as made,
        listening(made.config, made.store, clock=clock) as listener,
    ):
        first = post(listener, made.config)
        made.run(BEGIN + timedelta(minutes=1), step=timedelta(seconds=10))
        clock.go_to(BEGIN + timedelta(days=15))
        while Retention(made.store, clock).work_once(Settings()):
            pass
        kept = made.store.event(first["event"])
        again = post(listener, made.config)
        made.run(BEGIN + timedelta(days=15, minutes=1), step=timedelta(seconds=10))
        crm = crm_of(sandbox)

    assert kept is None
    assert again == {"status": "duplicate", "event": first["event"]}
    assert (len(crm.orders), len(crm.notes)) == (1, 1)


def post(listener: Listening, config: Config) -> Any:
    token = config.connections["site-leads"].settings["token"]
    return listener.send(exactjson.dumps(lead_payload(7)), path=f"/hooks/site-leads/{token}").body
