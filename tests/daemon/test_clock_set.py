"""The clock on the wall is set while the worker runs: nothing waits for it, nothing is given up by it, nothing is done twice."""

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import pytest

from apimonster_cli.core.call import Answer, Request
from apimonster_cli.core.errors import StoreError, TransientError
from apimonster_cli.daemon.worker import Worker
from tests.engine.support import DOWN, Bench, bench, bundle

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Bench]:
    with ExitStack() as stack:
        yield stack.enter_context(bench(tmp_path, bundle()))


def worker_of(made: Bench) -> Worker:
    return Worker(made.store, made.engine, made.clock, name="w", workers=4)


def tried(made: Bench, worker: Worker) -> timedelta:
    """Let a delivery be tried and put off; return for how long."""
    made.crm.replies = [DOWN] * 20
    made.accept()
    worker.work_once()
    assert made.delivery().state == "waiting"
    return made.delivery().due_at - made.clock.now()


def states(made: Bench, worker: Worker, *after: timedelta) -> list[str]:
    """Let so much time pass, again and again, with calls that all fail; return what the delivery is each time."""
    found: list[str] = []
    for passes in after:
        made.clock.passed += passes.total_seconds()
        made.crm.replies = [DOWN] * 20
        worker.work_once()
        found.append(made.delivery().state)
    return found


@pytest.mark.parametrize("leap", [HOUR, 2 * DAY, 365 * DAY], ids=str)
def test_set_back_it_does_not_put_off_what_waits(made: Bench, leap: timedelta) -> None:
    worker = worker_of(made)
    wait = tried(made, worker)
    made.clock.leapt -= leap
    worker.work_once()

    left = made.delivery().due_at - made.clock.now()

    assert abs(left - wait) < timedelta(seconds=1)


@pytest.mark.parametrize("leap", [2 * DAY, 365 * DAY, -365 * DAY], ids=str)
def test_what_waits_is_given_up_by_the_time_that_has_passed(made: Bench, leap: timedelta) -> None:
    worker = worker_of(made)
    tried(made, worker)
    made.clock.leapt += leap

    found = states(made, worker, timedelta(), HOUR, 22 * HOUR, 2 * HOUR)

    assert found == ["waiting", "waiting", "waiting", "failed"]


def test_set_on_in_the_middle_of_a_call_it_gives_nothing_up(made: Bench) -> None:
    worker = worker_of(made)
    tried(made, worker)
    made.clock.passed += 3600

    def set_on(_request: Request) -> Answer:
        made.clock.leapt += 30 * DAY
        raise TransientError("no answer", may_have_happened=True)

    made.crm.replies = [set_on, *[DOWN] * 20]
    worker.work_once()

    assert made.delivery().state == "waiting"


def test_set_back_it_moves_what_waits_once_when_the_store_fails_meanwhile(
    made: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = worker_of(made)
    tried(made, worker)
    made.clock.leapt -= 13 * HOUR
    with monkeypatch.context() as patch:
        patch.setattr(made.store, "extend", full)
        with pytest.raises(StoreError, match="full"):
            worker.work_once()

    found = states(made, worker, timedelta(), 12 * HOUR, 13 * HOUR)

    assert found == ["waiting", "waiting", "failed"]


def full(*_given: object, **_named: object) -> None:
    raise StoreError("the disk is full")
