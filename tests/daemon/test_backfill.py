"""Who may read a bundle's past: nobody else at the same time, and at once after a program that has ended."""

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from apimonster_cli.core.errors import SyncError
from apimonster_cli.daemon.backfill import Backfill
from apimonster_cli.engine.pull import Progress, Pulled
from tests.engine.diary import Desk, deal, desk, period

MARCH = period("2026-02-27", "2026-03-01")


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    with desk(tmp_path) as made:
        made.diary.deals = [deal("1", "27/02/2026 10:00:00"), deal("2", "28/02/2026 10:00:00")]
        monkeypatch.setattr("apimonster_cli.daemon.backfill.Clients.of", lambda *_: made.diary)
        yield made


def read(
    made: Desk, told: Callable[[Progress], None] = lambda _: None, *, stopping: Callable[[], bool] = lambda: False
) -> Pulled:
    backfill = Backfill(made.config, made.bundle, made.store, made.clock, bulk=False, stopping=stopping)
    plan = made.bundle.pull
    assert plan
    return backfill.read(plan, MARCH, told)


def held_by(made: Desk, holder: str) -> None:
    made.store.claim_pull("deals", holder=holder, lease=timedelta(days=1), now=made.clock.now())


def test_a_period_is_read_day_by_day(made: Desk) -> None:
    days: list[str] = []

    pulled = read(made, lambda progress: days.append(f"{progress.window.start:%d.%m}"))

    assert (pulled.complete, pulled.taken.created) == (True, 2)
    assert days == ["27.02", "28.02"]
    assert [(each["dateFrom"], each["dateTo"]) for each in made.diary.queries] == [
        ("27/02/2026", "28/02/2026"),
        ("28/02/2026", "01/03/2026"),
    ]


def test_one_that_was_stopped_goes_on_with_the_day_it_was_at(made: Desk) -> None:
    stopped = read(made, stopping=lambda: len(made.diary.queries) == 1)

    done = read(made)

    assert (stopped.complete, stopped.error) == (False, None)
    assert done.complete
    assert [each["dateFrom"] for each in made.diary.queries][-1] == "28/02/2026"
    assert made.changes() == [("AmoCRM:1", "created"), ("AmoCRM:2", "created")]


def test_the_pull_of_a_program_that_was_killed_is_taken_over_at_once(made: Desk) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    held_by(made, f"{socket.gethostname()}-{ended.pid}")

    pulled = read(made)

    assert pulled.complete


@pytest.mark.parametrize(
    "holder",
    [f"{socket.gethostname()}-{os.getpid()}", "another-host-1", "somebody"],
    ids=["this program", "another host", "somebody"],  # no process id: two test processes must collect the same names
)
def test_a_pull_that_is_under_way_is_waited_for_but_not_for_ever(made: Desk, holder: str) -> None:
    held_by(made, holder)

    with pytest.raises(SyncError, match="another program is pulling deals right now; try again in a few minutes"):
        read(made)

    assert made.clock.passed >= 60
    assert made.diary.queries == []
