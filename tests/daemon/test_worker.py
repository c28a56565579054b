"""The worker: claims, delivers, and gives back what it cannot finish."""

import threading
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from apimonster_cli.bundles.model import Bundle
from apimonster_cli.core.call import Answer, Request
from apimonster_cli.core.errors import StoreError, TransientError
from apimonster_cli.daemon.worker import DRY_LEASE, LEASE, Worker
from tests.engine.support import DOWN, Bench, answer, bench, bundle, connection, step

SOON = 20.0
"""Seconds that something may take that happens at once: only a broken worker takes as long."""


class Made:
    def __init__(self, bench: Bench, *, dry_run: bool = False) -> None:
        self.bench = bench
        lease = DRY_LEASE if dry_run else LEASE
        self.worker = Worker(bench.store, bench.engine, bench.clock, name="w", workers=4, lease=lease)


class Make:
    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self._folder = folder
        self._stack = stack

    def __call__(self, *bundles: Bundle, dry_run: bool = False) -> Made:
        return Made(self._stack.enter_context(bench(self._folder, *bundles, dry_run=dry_run)), dry_run=dry_run)


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    with ExitStack() as stack:
        yield Make(tmp_path, stack)


def failing_once(made: Made, verb: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the next call of a verb of the store fail."""
    real = getattr(made.bench.store, verb)

    def fails(*_: Any, **__: Any) -> None:
        monkeypatch.setattr(made.bench.store, verb, real)
        raise StoreError("the disk is full")

    monkeypatch.setattr(made.bench.store, verb, fails)


def is_quiet(worker: Worker) -> bool:
    """Wait until everything is done; return whether it came to that."""
    return any(worker.quiet(0.1) for _ in range(200))


def test_one_round_delivers_what_is_due(make: Make) -> None:
    made = make(bundle())
    made.bench.accept()
    made.bench.accept()

    rounds = [made.worker.work_once(), made.worker.work_once()]

    assert rounds == [True, False]
    assert len(made.bench.crm.requests) == 2


def test_counts_failed_deliveries(make: Make) -> None:
    made = make(bundle())
    made.bench.crm.replies = [answer(status=400), answer()]
    made.bench.accept()
    made.bench.accept()

    made.worker.work_once()

    assert made.worker.failed == 1


def test_delivers_under_the_bundles_that_were_swapped_in(make: Make) -> None:
    made = make(bundle())
    made.bench.accept()
    made.bench.config = made.bench.config.__class__(
        **{name: getattr(made.bench.config, name) for name in ("settings", "connections", "redactor", "files", "base")},
        bundles={"leads": bundle(only={"name": "nobody"})},
    )

    made.worker.swap(made.bench.fresh_engine())
    made.worker.work_once()

    assert made.bench.delivery().state == "filtered"


def test_lets_go_of_a_delivery_when_the_store_could_not_be_written(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    made = make(bundle())
    failing_once(made, "end_step", monkeypatch)
    made.bench.accept()
    made.worker.work_once()

    made.worker.work_once()
    made.bench.clock.sleep(1)
    made.worker.work_once()

    assert made.bench.delivery().state == "done"
    assert [request.path for request in made.bench.crm.requests] == ["/put", "/find", "/put"]


def test_drops_a_delivery_that_somebody_else_holds(make: Make) -> None:
    made = make(bundle())
    made.bench.accept()

    def too_long(_request: Request) -> Answer:
        made.bench.clock.sleep(timedelta(minutes=6).total_seconds())
        made.bench.store.claim("other", ["leads"], limit=1, lease=timedelta(minutes=5), now=made.bench.clock.now())
        return answer()

    made.bench.crm.replies = [too_long]
    made.worker.work_once()

    delivery = made.bench.delivery()
    assert (delivery.state, delivery.attempt, delivery.steps) == ("running", 2, ())


def test_nothing_is_claimed_for_a_connection_that_rests(make: Make) -> None:
    broken, sound = connection("broken"), connection("sound")
    made = make(bundle(step(to=broken), name="a"), bundle(step(to=sound), name="b"))
    made.bench.services["broken"].replies = [answer(status=403)]
    made.bench.accept()
    made.worker.work_once()
    made.worker.work_once()
    for _ in range(3):
        made.bench.accept()
    made.worker.work_once()

    assert [made.bench.delivery(event).attempt for event in (2, 3, 4)] == [0, 0, 0]
    assert len(made.bench.services["broken"].requests) == 1
    assert len(made.bench.services["sound"].requests) == 4


# threads -------------------------------------------------------------------------------------------------------------------
def test_threads_deliver_what_comes_in_while_they_run(make: Make) -> None:
    made = make(bundle())
    delivered = threading.Event()

    def arrives(_request: Request) -> Answer:
        delivered.set()
        return answer()

    made.bench.crm.replies = [arrives]
    made.worker.start()
    made.bench.accept()

    assert delivered.wait(SOON)
    made.worker.stop(SOON)
    assert made.bench.delivery().state == "done"


def test_threads_deliver_side_by_side(make: Make) -> None:
    made = make(bundle())
    together = threading.Barrier(3)

    def meets(_request: Request) -> Answer:
        together.wait(SOON)
        return answer()

    made.bench.crm.replies = [meets] * 3
    for _ in range(3):
        made.bench.accept()
    made.worker.start()
    quiet = is_quiet(made.worker)
    made.worker.stop(SOON)

    assert quiet
    assert [made.bench.delivery(event).state for event in (1, 2, 3)] == ["done"] * 3


def test_a_lead_does_not_wait_behind_bulk_that_is_under_way(make: Make) -> None:
    made = make(bundle())
    held_up, lead_is_there = threading.Event(), threading.Event()

    def holds(request: Request) -> Answer:
        if request.json["name"] == "lead":
            lead_is_there.set()
        else:
            held_up.wait(SOON)
        return answer()

    made.bench.crm.replies = [holds] * 21
    for _ in range(20):
        made.bench.accept({"name": "scored"}, bulk=True)
    made.worker.start()
    made.bench.accept({"name": "lead"})

    overtaken = lead_is_there.wait(SOON)
    held_up.set()
    quiet = is_quiet(made.worker)
    made.worker.stop(SOON)

    assert overtaken
    assert quiet
    assert made.bench.store.counts().deliveries == {"done": 21}


def test_is_quiet_when_all_that_is_due_has_been_delivered_in_order(make: Make) -> None:
    made = make(bundle())
    for number in range(40):
        made.bench.accept({"name": str(number)}, key=str(number % 4))
    made.worker.start()

    quiet = is_quiet(made.worker)

    made.worker.stop(SOON)
    names = [int(request.json["name"]) for request in made.bench.crm.requests]
    assert quiet
    assert sorted(names) == list(range(40))
    assert all([name for name in names if name % 4 == key] == list(range(key, 40, 4)) for key in range(4))


def test_what_is_put_off_does_not_keep_it_busy(make: Make) -> None:
    made = make(bundle())
    made.bench.crm.replies = [DOWN] * 3
    made.bench.accept()
    made.worker.start()

    quiet = is_quiet(made.worker)

    made.worker.stop(SOON)
    assert quiet
    assert made.bench.delivery().state == "waiting"


def test_gives_back_what_it_cannot_finish_in_time(make: Make) -> None:
    made = make(bundle())
    began, go_on = threading.Event(), threading.Event()

    def hangs(_request: Request) -> Answer:
        began.set()
        go_on.wait(SOON)
        return answer()

    made.bench.crm.replies = [hangs]
    made.bench.accept()
    made.worker.start()
    assert began.wait(SOON)

    made.worker.stop(0)

    assert made.bench.delivery().state == "waiting"
    go_on.set()


def test_goes_on_when_the_store_fails_for_a_moment(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    made = make(bundle())
    failing_once(made, "claim", monkeypatch)
    delivered = threading.Event()

    def arrives(_request: Request) -> Answer:
        delivered.set()
        return answer()

    made.bench.crm.replies = [arrives]
    made.bench.accept()
    made.worker.start()

    assert delivered.wait(SOON)
    made.worker.stop(SOON)


def test_holds_on_to_what_takes_long(make: Make) -> None:
    made = make(bundle())
    began, go_on = threading.Event(), threading.Event()

    def hangs(_request: Request) -> Answer:
        began.set()
        go_on.wait(SOON)
        return answer()

    made.bench.crm.replies = [hangs]
    made.bench.accept()
    made.worker.start()
    assert began.wait(SOON)
    made.bench.clock.sleep(200)
    made.worker.swap(made.bench.engine)  # wakes it: the clock stands still
    while made.bench.delivery().due_at < made.bench.clock.now() + timedelta(minutes=4):
        made.worker.swap(made.bench.engine)

    go_on.set()
    made.worker.stop(SOON)
    assert made.bench.delivery().state == "done"


def test_a_dry_run_gives_everything_back_when_it_ends(make: Make) -> None:
    made = make(bundle(), dry_run=True)
    made.bench.accept()
    made.bench.accept()
    made.worker.start()
    quiet = is_quiet(made.worker)

    made.worker.stop(SOON)

    assert quiet
    assert [call.state for call in made.bench.transactions()] == ["planned", "planned"]
    assert [made.bench.delivery(event).state for event in (1, 2)] == ["waiting", "waiting"]


def test_goes_on_when_claiming_breaks_off(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    made = make(bundle())
    delivered = threading.Event()

    def arrives(_request: Request) -> Answer:
        delivered.set()
        return answer()

    def breaks(*_: Any, **__: Any) -> None:
        monkeypatch.undo()
        raise ZeroDivisionError

    monkeypatch.setattr(made.bench.store, "claim", breaks)
    made.bench.crm.replies = [arrives]
    made.bench.accept()
    made.worker.start()

    assert delivered.wait(SOON)
    made.worker.stop(SOON)


def test_says_why_it_never_comes_to_an_end(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    made = make(bundle())
    monkeypatch.setattr("apimonster_cli.daemon.worker._TROUBLE_IDLE", 0.001)

    def fails(*_: Any, **__: Any) -> None:
        raise StoreError("the disk is full")

    monkeypatch.setattr(made.bench.store, "claim", fails)
    made.worker.start()

    with pytest.raises(StoreError, match="the disk is full"):
        is_quiet(made.worker)

    made.worker.stop(SOON)


def test_stops_although_the_store_cannot_be_written(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    made = make(bundle())
    made.worker.start()
    failing_once(made, "hand_back", monkeypatch)

    made.worker.stop(SOON)

    assert not any(thread.is_alive() for thread in made.worker._threads)


def test_a_mistake_outside_of_the_steps_lets_the_delivery_wait(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    made = make(bundle())
    made.bench.accept()

    def breaks(*_: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(made.bench.engine, "deliver", breaks)
    made.worker.work_once()
    made.worker.work_once()

    delivery = made.bench.delivery()
    assert delivery.state == "waiting"
    assert delivery.due_at == made.bench.clock.now() + timedelta(minutes=1)
    assert "a mistake in this program (ZeroDivisionError)" in str(delivery.error)


def test_what_is_claimed_is_worked_on_although_the_next_claim_fails(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = make(bundle(step(to=connection("one")), name="a"), bundle(step(to=connection("two")), name="b"))
    made.bench.engine.circuits.doubt(["one"])  # claimed for on its own, before the rest
    made.bench.accept(to=("a",))
    claims = iter([made.bench.store.claim, None])

    def claim(*given: Any, **named: Any) -> Any:
        real = next(claims)
        if real is None:
            raise StoreError("the disk is full")
        return real(*given, **named)

    monkeypatch.setattr(made.bench.store, "claim", claim)
    made.worker.work_once()

    assert made.bench.delivery().state == "done"


def test_a_clock_that_leaps_does_not_make_it_take_what_it_holds_once_more(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = make(bundle())
    made.bench.accept()
    before = made.bench.clock.now

    def slept(_request: Request) -> Answer:
        monkeypatch.setattr(made.bench.clock, "now", lambda: before() + timedelta(hours=8))
        again = Worker.work_once(made.worker)  # as the claiming thread would, at its next look
        return answer({"again": again})

    made.bench.crm.replies = [slept]
    made.worker.work_once()

    delivery = made.bench.delivery()
    assert (delivery.state, delivery.attempt) == ("done", 1)
    assert delivery.steps[0].output == {"again": False}


def test_what_came_in_under_a_wrong_clock_does_not_wait_for_its_time(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = make(bundle())
    made.bench.clock.sleep(timedelta(hours=3).total_seconds())
    made.worker.work_once()
    made.bench.clock.sleep(200)  # longer than between two looks at the leases
    made.worker.work_once()
    made.bench.accept()
    right = made.bench.clock.now() - timedelta(hours=3)
    monkeypatch.setattr(made.bench.clock, "now", lambda: right)

    worked = made.worker.work_once()

    assert worked
    assert made.bench.delivery().state == "done"


def test_waits_for_what_the_rate_has_put_off_before_it_is_quiet(make: Make) -> None:
    made = make(bundle())
    made.bench.crm.turned_away = TransientError(
        "its rate is used up", may_have_happened=False, retry_after=2, turned_away=True
    )
    made.bench.accept()
    made.worker.work_once()
    made.bench.crm.turned_away = None

    made.worker.start()
    early = made.worker.quiet(0.2)
    made.bench.clock.sleep(3)
    made.worker.swap(made.bench.engine)  # wakes it: the clock stands still
    quiet = is_quiet(made.worker)
    made.worker.stop(SOON)

    assert (early, quiet) == (False, True)
    assert made.bench.delivery().state == "done"


def test_a_connection_that_may_be_tried_again_does_not_keep_it_looking(
    make: Make,
) -> None:
    made = make(bundle())
    made.bench.engine.circuits.doubt(["crm"])

    assert made.worker._idle() > 1
