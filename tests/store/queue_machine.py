"""What a daemon, its workers, kills, clocks and people do to the queue, in any order."""

import sys
from datetime import timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from apimonster_cli.store.past import Replay
from apimonster_cli.store.rows import EndedTransaction, Lease, Outcome, StepOutcome
from tests.store.build import call, step
from tests.store.queue_mirrored import TAKES, Fate, MirroredQueue
from tests.store.queue_model import Call, Delivery

WORKERS = st.sampled_from(["w1", "w2", "w3"])
SOON = st.sampled_from([0, 1, 60, 400, 7200])
PICKED = st.integers(0, 99)
FATES: st.SearchStrategy[Fate | None] = st.sampled_from(
    [("answered", 201), ("answered", 400), ("unknown", None), ("turned_away", None), None, None]
)
OUTCOMES: st.SearchStrategy[Outcome] = st.sampled_from(["done", "filtered", "failed"])
STEP_OUTCOMES: st.SearchStrategy[StepOutcome] = st.sampled_from(["done", "skipped", "failed"])
STEPS = st.sampled_from(["order", "note", "on_failure.tell"])
NEW = st.fixed_dictionaries(
    {
        "event": st.sampled_from(["order", "order", "status", None]),
        "object_key": st.sampled_from(["a", "a", "a", "b", None]),
        "repeat_key": st.sampled_from([None, "x", "x", "y"]),
        "repeat": st.sampled_from(["ever", "latest"]),
        "version": st.sampled_from([None, None, 0, 1, 2, 3]),
        "stale": st.sampled_from(["drop", "deliver"]),
        "bulk": st.sampled_from([False, False, True]),
    }
)
BATCHES = st.lists(NEW, min_size=1, max_size=4) | st.builds(lambda one: [one, one], NEW)


def anybody_works(machine: "QueueMachine") -> bool:
    return bool(machine.queue.leases)


class QueueMachine(RuleBasedStateMachine):
    """The rules; after each step the tables of the store are those of the model, and in the end everything ends."""

    def __init__(self) -> None:
        super().__init__()
        self.queue = MirroredQueue()
        self.model = self.queue.model

    def teardown(self) -> None:
        try:
            if sys.exc_info()[0] is None:  # what went wrong first is worth more than what follows from it
                self.queue.drain()
        finally:
            self.queue.remove()

    # events in
    @initialize(given=st.lists(NEW, min_size=2, max_size=4))
    def begin(self, given: list[dict[str, Any]]) -> None:
        self.queue.accept(given)
        self.queue.claim("w1", self.queue.in_force, 3, None)

    @rule(given=BATCHES)
    def accept(self, given: list[dict[str, Any]]) -> None:
        self.queue.accept(given)

    # workers
    @rule(
        worker=WORKERS,
        limit=st.integers(1, 4),
        bulk=st.sampled_from([None, None, 0, 1]),
        without=st.sampled_from([*TAKES, ""]),
    )
    def claim(self, worker: str, limit: int, bulk: int | None, without: str) -> None:
        self.queue.claim(worker, [bundle for bundle in self.queue.in_force if bundle != without], limit, bulk)

    @precondition(anybody_works)
    @rule(picked=PICKED, name=STEPS, writes=st.booleans(), fate=FATES)
    def begin_call(self, picked: int, name: str, *, writes: bool, fate: Fate | None) -> None:
        done, now = self.queue.ended(picked, fate), self.queue.clock.now()

        def write(lease: Lease) -> int:
            return self.queue.store.begin_call(lease, call(name, writes=writes, sent_at=now), done)

        def then(delivery: int, number: int) -> None:
            self.model.end(done)
            self.model.calls[number] = Call(delivery, name, writes, now)

        self.queue.holding(self.queue.picked(picked), write, then)

    @precondition(anybody_works)
    @rule(picked=PICKED, name=STEPS, outcome=STEP_OUTCOMES, closing=st.none() | OUTCOMES, fate=FATES)
    def end_step(
        self, picked: int, name: str, outcome: StepOutcome, closing: Outcome | None, fate: Fate | None
    ) -> None:
        lease = self.queue.picked(picked)
        worked_on = self.model.deliveries.get(lease.delivery_id) if lease else None
        if worked_on and name in worked_on.steps:
            return  # a worker does not do a finished step again
        done, now = self.queue.ended(picked, fate), self.queue.clock.now()
        result = step(name, outcome=outcome, ended_at=now)

        def then(delivery: int, _: None) -> None:
            self.model.end(done)
            self.model.deliveries[delivery].steps[name] = outcome
            if closing:
                self.model.close(delivery, closing, now)

        self.queue.holding(
            self.queue.picked(picked), lambda held: self.queue.store.end_step(held, result, done, outcome=closing), then
        )

    @precondition(anybody_works)
    @rule(picked=PICKED, seconds=SOON, counts=st.booleans(), fate=FATES)
    def put_off(self, picked: int, seconds: int, *, counts: bool, fate: Fate | None) -> None:
        self._put_off(self.queue.picked(picked), seconds, self.queue.ended(picked, fate), counts=counts)

    def _put_off(self, lease: Lease | None, seconds: int, done: list[EndedTransaction], *, counts: bool) -> None:
        until = self.queue.clock.now() + timedelta(seconds=seconds)

        def write(held: Lease) -> None:
            self.queue.store.put_off(held, until=until, error="later", counts=counts, ended=done)

        def then(delivery: int, _: None) -> None:
            self.model.end(done)
            self.model.wait(delivery, until, counts=counts)

        self.queue.holding(lease, write, then)

    @precondition(anybody_works)
    @rule(picked=PICKED, seconds=SOON)
    def give_up(self, picked: int, seconds: int) -> None:
        until = self.queue.clock.now() + timedelta(seconds=seconds)
        self.queue.holding(
            self.queue.picked(picked),
            lambda lease: self.queue.store.give_up(lease, error="too often", until=until),
            lambda delivery, _: self.model.give_up(delivery, until, "too often"),
        )

    @precondition(anybody_works)
    @rule(picked=PICKED, outcome=OUTCOMES, fate=FATES)
    def close(self, picked: int, outcome: Outcome, fate: Fate | None) -> None:
        self._close(self.queue.picked(picked), outcome, self.queue.ended(picked, fate))

    def _close(self, lease: Lease | None, outcome: Outcome, done: list[EndedTransaction]) -> None:
        now = self.queue.clock.now()

        def then(delivery: int, _: None) -> None:
            self.model.end(done)
            self.model.close(delivery, outcome, now)

        self.queue.holding(lease, lambda held: self.queue.store.close(held, outcome, ended=done), then)

    @precondition(anybody_works)
    @rule(picked=st.lists(PICKED, min_size=1, max_size=3), seconds=SOON)
    def extend(self, picked: list[int], seconds: int) -> None:
        leases = [lease for one in picked if (lease := self.queue.picked(one))]
        now = self.queue.clock.now()
        until = now + timedelta(seconds=seconds)

        def then(_: None) -> None:
            self.model.seen = now
            for lease in leases:
                if self.model.holds(lease):
                    self.model.deliveries[lease.delivery_id].due = until

        self.queue.do(lambda: self.queue.store.extend(leases, until=until), then)

    @rule(worker=WORKERS)
    def hand_back(self, worker: str) -> None:
        now = self.queue.clock.now()

        def then(given: int) -> None:
            assert given == self.model.hand_back(worker, now)

        self.queue.do(lambda: self.queue.store.hand_back(worker), then)

    @rule(worker=WORKERS, outcomes=st.lists(OUTCOMES, min_size=1, max_size=4))
    def work_through(self, worker: str, outcomes: list[Outcome]) -> None:
        """Let a worker claim and close without a hitch."""
        known = len(self.queue.leases)
        self.queue.claim(worker, self.queue.in_force, len(outcomes), None)
        for lease, outcome in zip(self.queue.leases[known:], outcomes, strict=False):
            self._close(lease, outcome, [])

    @precondition(anybody_works)
    @rule(picked=PICKED, other=WORKERS, outcome=OUTCOMES)
    def sleep_past_the_lease(self, picked: int, other: str, outcome: Outcome) -> None:
        """Let a worker come back when its delivery has been free for others for a second."""
        lease = self.queue.picked(picked)
        if lease and self.model.holds(lease):
            until = self.model.deliveries[lease.delivery_id].due + timedelta(seconds=1)
            self.queue.clock.shown = max(until, self.queue.clock.shown)
            self.queue.claim(other, self.queue.in_force, 4, None)
        self._close(lease, outcome, [])

    # time and kills
    @rule(seconds=st.sampled_from([1, 6, 299, 301, 7200, 3 * 86400]))
    def later(self, seconds: int) -> None:
        self.queue.clock.sleep(seconds)
        self.queue.check_counts()

    @rule(seconds=st.sampled_from([-5 * 86400, -7200, -90, 7200, 5 * 86400]))
    def clock_is_set(self, seconds: int) -> None:
        self.queue.clock.sleep(seconds)
        now, leap = self.queue.clock.now(), timedelta(seconds=seconds)

        def then(moved: int) -> None:
            assert moved == self.model.move(now, leap)

        self.queue.do(lambda: self.queue.store.move(leap), then)

    @rule(place=st.sampled_from(["before-commit", "after-commit"]))
    def be_killed_in_the_next_commit(self, place: str) -> None:
        self.queue.doom = place

    # people
    @rule(picked=PICKED, name=st.sampled_from(["crm", "other"]), mended=st.booleans())
    def key_is_refused(self, picked: int, name: str, *, mended: bool) -> None:
        self._put_off(self.queue.picked(picked), 7200, [], counts=False)
        now = self.queue.clock.now()
        store = self.queue.store
        self.queue.do(lambda: store.pause(name, reason="no", now=now), lambda _: self.model.paused.add(name))
        if mended:
            self._resume(name)

    def _resume(self, name: str) -> None:
        now = self.queue.clock.now()

        def then(resumed: bool) -> None:  # noqa: FBT001 - what the store returns
            assert resumed == self.model.resume(name, now)

        self.queue.do(lambda: self.queue.store.resume(name), then)

    @rule(removed=st.sampled_from([*TAKES, ""]))
    def change_the_files(self, removed: str) -> None:
        self.queue.in_force = [name for name in TAKES if name != removed]

    @precondition(lambda self: self.model.deliveries)
    @rule(picked=PICKED, bundle=st.sampled_from([*TAKES, "", "", ""]))
    def replay(self, picked: int, bundle: str) -> None:
        """Let an event go through the bundle of one of its deliveries again, or through another for the first time."""
        ended_first = sorted(self.model.deliveries.values(), key=lambda one: (one.open, one.id))
        one = ended_first[picked % len(ended_first)]
        item = Replay(one.event, bundle, None) if bundle else Replay(one.event, one.bundle, one.id)
        now = self.queue.clock.now()

        def then(refused: list[Replay]) -> None:
            possible = self.model.can_replay(item.event_id, item.bundle, item.delivery_id)
            assert refused == ([] if possible else [item])
            if possible and item.delivery_id:
                self.model.open_again(item.delivery_id, now)
            elif possible:
                rows = self.queue.store.deliveries(item.event_id)
                (number,) = [row.id for row in rows if row.bundle == item.bundle]
                received = self.model.events[item.event_id].received
                self.model.add(Delivery(number, item.event_id, item.bundle, one.about, received, 1))

        self.queue.do(lambda: self.queue.store.replay([item], now=now), then)

    @rule(age=st.sampled_from([0, 7200, 5 * 86400]))
    def prune(self, age: int) -> None:
        self.queue.clock.sleep(1)
        before = self.queue.clock.now() - timedelta(seconds=age)
        while self.queue.store.prune(events_before=before, transactions_before=before, batch=3).more:
            pass
        known = set(self.model.events)
        self.model.prune(before)
        self.queue.pruned |= known - set(self.model.events)

    # what holds
    @invariant()
    def rows_are_those_of_the_model(self) -> None:
        self.queue.check_rows()
