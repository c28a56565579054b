"""The CRM is down for hours and comes back. In virtual time, against the look-alike over loopback."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from apimonster_cli.sandbox.faults import parse_faults
from apimonster_cli.sandbox.server import Sandbox
from tests.acceptance.month import Clock
from tests.acceptance.oracle import World, complaints
from tests.acceptance.parts import RATE, crm_of, system
from tests.acceptance.processes import KEY
from tests.acceptance.storm import STORE, world

BEGIN = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)
DOWN = "maintenance=1"
A_CLAIM = timedelta(seconds=16)  # of sixteen deliveries, two calls each, at ten a second; and those claimed before them

pytestmark = pytest.mark.acceptance


def test_new_leads_pass_the_backlog_when_the_crm_comes_back(tmp_path: Path) -> None:
    clock = Clock(BEGIN)
    sandbox = Sandbox(keys=[KEY], clock=clock)
    down, back, end = BEGIN + timedelta(minutes=1), BEGIN + timedelta(hours=4), BEGIN + timedelta(hours=6)

    with sandbox.serve() as running, system(tmp_path, running.url, clock) as made:
        missed = [(down + timedelta(seconds=20 * number), number) for number in range(700)]
        fresh = [(back + timedelta(seconds=10 * number), 1000 + number) for number in range(60)]
        happenings: list[tuple[datetime, Callable[[], None]]] = [
            (moment, partial(made.lead, number)) for moment, number in missed + fresh
        ]
        happenings += [
            (moment, partial(sandbox.set_faults, parse_faults(text))) for moment, text in ((down, DOWN), (back, ""))
        ]
        clock.plan(iter(happenings))
        made.run(end, step=timedelta(seconds=5))
        crm = crm_of(sandbox)

    assert complaints(world(tmp_path / STORE, crm, made.acknowledged, rate=RATE)) == []
    lasted = times(tmp_path / STORE)
    works_again = min(ended for came, ended in lasted if ended > back)
    backlog_done = max(ended for came, ended in lasted if came < back)
    passing = [ended - came for came, ended in lasted if works_again < came < backlog_done - A_CLAIM]
    assert works_again - back < timedelta(minutes=5)
    assert len(passing) > 5
    assert max(passing) < A_CLAIM


def test_nothing_is_given_up_before_its_time(tmp_path: Path) -> None:
    clock = Clock(BEGIN)
    sandbox = Sandbox(keys=[KEY], clock=clock, faults=parse_faults(DOWN))

    with sandbox.serve() as running, system(tmp_path, running.url, clock) as made:
        for number in range(10):
            made.lead(number)
        made.run(BEGIN + timedelta(hours=23, minutes=50), step=timedelta(seconds=30))
        before = dict(made.store.counts().deliveries)
        made.run(BEGIN + timedelta(hours=27), step=timedelta(seconds=30))
        after = dict(made.store.counts().deliveries)
        crm = crm_of(sandbox)

    assert before == {"waiting": 10}
    assert after == {"failed": 10}
    store, told = tmp_path / STORE, frozenset(made.acknowledged)
    assert complaints(World(store, crm, {}, told, wanted_notes=frozenset(), failed=told, rate=RATE)) == []
    assert all(ended - came >= timedelta(hours=24) for came, ended in times(tmp_path / STORE))


def times(store: Path) -> list[tuple[datetime, datetime]]:
    """Return when each delivery was made, and when it ended."""
    with closing(sqlite3.connect(store)) as database:
        rows = database.execute("SELECT created_at, closed_at FROM deliveries").fetchall()
    return [(datetime.fromisoformat(came), datetime.fromisoformat(ended)) for came, ended in rows]
