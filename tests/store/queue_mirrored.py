"""The store and its model side by side: what is written to one is written to the other, kills included."""

import shutil
import sqlite3
import tempfile
import threading
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Any, TypeVar
from unittest.mock import patch

import pytest
from sqlalchemy import Connection

from apimonster_cli.core import crash
from apimonster_cli.store.api import LostLeaseError
from apimonster_cli.store.rows import Accepted, Claimed, EndedTransaction, Lease, NewEvent
from tests.store.build import LEASE, SetClock, ended, event, opened
from tests.store.queue_model import Delivery, Model

TAKES = {"orders": ("order",), "changes": ("order", "status")}
ROWS = {
    "events": "SELECT id, repeats, status FROM events ORDER BY id",
    "deliveries": (
        "SELECT id, event_id, bundle, object_key, state, behind, due_at, attempt, tries, worker, priority, interrupted, failing"
        " FROM deliveries ORDER BY id"
    ),
    "steps": "SELECT delivery_id, step, outcome FROM steps ORDER BY delivery_id, step",
    "transactions": "SELECT id, delivery_id, state FROM transactions ORDER BY id",
}
Result = TypeVar("Result")
Fate = tuple[str, int | None]


class _Kill:
    """Copies the files of the store at a place in the writer's work: what a kill just there leaves on the disk."""

    def __init__(self) -> None:
        self.place: str | None = None
        self.passings = 0
        self.source = self.target = Path()

    def __call__(self, place: str) -> None:
        if place != self.place:
            return
        self.passings -= 1
        if self.passings == 0:
            for name in ("apimonster.db", "apimonster.db-wal"):
                if (self.source / name).exists():
                    shutil.copy(self.source / name, self.target / name)


class MirroredQueue:
    """A store and its model.

    in_force: bundles that are in the files now. leases: all that workers were told of. doom: where in the next commit the
    program is killed. acknowledged: events that senders were told of. pruned: events that may be gone.
    """

    def __init__(self) -> None:
        self.root = Path(tempfile.mkdtemp(prefix="queue-"))
        self.clock = SetClock()
        self.model = Model(TAKES, self.clock.now())
        self.in_force = list(TAKES)
        self.leases: list[Lease] = []
        self.acknowledged: set[int] = set()
        self.pruned: set[int] = set()
        self.doom: str | None = None
        self._kill = _Kill()
        self._patched = patch.object(crash, "point", self._kill)
        self._patched.start()
        self._open(self.root / "0")

    def _open(self, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        self._folder = folder
        self.store = opened(folder, clock=self.clock)
        self._reader = sqlite3.connect(folder / "apimonster.db", isolation_level=None)

    def _close(self) -> None:
        self._reader.close()
        self.store.close_store()

    def remove(self) -> None:
        """Leave nothing behind."""
        self._close()
        self._patched.stop()
        shutil.rmtree(self.root)

    # writing
    def do(self, write: Callable[[], Result], then: Callable[[Result], object], *, commits: int = 1) -> None:
        """Let the store write and then the model; or kill the program in the middle of the last of so many commits."""
        doom, self.doom = self.doom, None
        if doom is None:
            then(write())
            return
        target = self.root / str(len(list(self.root.iterdir())))
        target.mkdir()
        self._kill.place, self._kill.passings, self._kill.source, self._kill.target = (
            doom,
            commits,
            self._folder,
            target,
        )
        told = list(self.leases), set(self.acknowledged)
        result = write()
        assert self._kill.passings == 0
        self._close()
        self._open(target)
        if doom == "after-commit":  # done, though nobody was told
            then(result)
        self.leases, self.acknowledged = told
        self.store.release_all()
        self.model.start_again(self.clock.now())

    def holding(
        self, lease: Lease | None, write: Callable[[Lease], Result], then: Callable[[int, Result], object]
    ) -> None:
        """Let a holder write; one whose lease is not the one that counts is told so, and changes nothing."""
        if lease is None:
            return
        if self.model.holds(lease):
            self.do(lambda: write(lease), lambda result: then(lease.delivery_id, result))
        else:
            with pytest.raises(LostLeaseError):
                write(lease)

    def picked(self, picked: int) -> Lease | None:
        """Return a lease that counts, if there is one, in four of five cases; else any that was ever given."""
        held = [lease for lease in self.leases if self.model.holds(lease)]
        chosen = held if held and picked % 5 else self.leases
        return chosen[picked % len(chosen)] if chosen else None

    def ended(self, picked: int, fate: Fate | None) -> list[EndedTransaction]:
        """Return what has become of the calls of the picked delivery that have no end yet."""
        lease = self.picked(picked)
        if lease is None or fate is None:
            return []
        state, status = fate
        return [
            ended(number, state=state, status=status, ended_at=self.clock.now())
            for number, one in self.model.calls.items()
            if one.delivery == lease.delivery_id and one.state == "sent"
        ]

    def accept(self, given: Sequence[dict[str, Any]]) -> None:
        """Accept events, all in one commit."""
        batch = [self._event(**one) for one in given]
        self.do(lambda: self._together(batch), lambda accepted: self._accepted(batch, accepted), commits=2)

    def _event(self, **given: Any) -> NewEvent:
        name = given["event"]
        bundles = tuple(bundle for bundle in self.in_force if name in TAKES[bundle])
        status = "accepted" if name else "unmatched"
        return event(**given, status=status, bundles=bundles, takes=TAKES, received_at=self.clock.now())

    def _together(self, batch: Sequence[NewEvent]) -> list[Accepted]:
        """Accept events in the commit after that of an operation which holds the writer up until all are there."""
        begun, go = threading.Event(), threading.Event()

        def hold_up(_: Connection) -> None:
            begun.set()
            go.wait()

        self.store._writer.submit(hold_up)
        begun.wait()
        futures = [self.store.accept(one) for one in batch]
        go.set()
        return [future.result() for future in futures]

    def _accepted(self, batch: Sequence[NewEvent], accepted: Sequence[Accepted]) -> None:
        for new, found in zip(batch, accepted, strict=True):
            expected, bundles = self.model.accept(new)
            assert found == expected
            self.acknowledged.add(found.event_id)
            made = {row.bundle: row.id for row in self.store.deliveries(found.event_id)}
            if not expected.duplicate:
                assert made.keys() == set(bundles)
            for bundle in bundles:
                about, due, rank = new.object_key, new.received_at, int(new.bulk)
                self.model.add(Delivery(made[bundle], found.event_id, bundle, about, due, rank))

    def claim(self, worker: str, bundles: Collection[str], limit: int, bulk: int | None) -> None:
        """Let a worker claim."""
        now = self.clock.now()

        def then(claimed: list[Claimed]) -> None:
            self._check_claim(claimed, bundles, limit, limit if bulk is None else bulk)
            for one in claimed:
                self.model.take(one, now, LEASE)
                self.leases.append(one.lease)

        self.do(lambda: self.store.claim(worker, list(bundles), limit=limit, lease=LEASE, now=now, bulk=bulk), then)

    def _check_claim(self, claimed: Sequence[Claimed], bundles: Collection[str], limit: int, bulk: int) -> None:
        """Nothing that is due and free is left over while there is room, and what has waited longest gets half of it."""
        due = [one for one in self.model.free(bundles) if one.due <= self.clock.now()]
        live = sorted((one.due, one.id) for one in due if not one.priority)
        taken = {one.lease.delivery_id for one in claimed}
        assert len(taken) == len(claimed)
        most_live = min(limit, len(live))
        assert sum(not one.bulk for one in claimed) == most_live
        assert len(claimed) == most_live + min(limit - most_live, bulk, len(due) - len(live))
        assert {number for _, number in live[: limit // 2]} <= taken

    # looking
    def check_rows(self) -> None:
        """Compare the tables with the model, and what senders were told with what is there."""
        rows = {name: self._reader.execute(query).fetchall() for name, query in ROWS.items()}
        assert rows == self.model.rows()
        assert {row[0] for row in rows["events"]} >= self.acknowledged - self.pruned

    def check_counts(self) -> None:
        """Compare what the store counts with the model."""
        free = self.model.free(self.in_force)
        assert self.store.counts().deliveries == self.model.states()
        assert self.store.next_due(self.in_force) == min((one.due for one in free), default=None)
        assert {pause.connection for pause in self.store.pauses()} == self.model.paused

    def drain(self) -> None:
        """Everything ends, whatever happened: who is claimed is done, and where nothing is due, time passes."""
        self.doom = None
        while any(one.open for one in self.model.deliveries.values()):
            known = len(self.leases)
            self.claim("last", list(TAKES), 3, None)
            for lease in self.leases[known:]:
                self.store.close(lease, "done")
                self.model.close(lease.delivery_id, "done", self.clock.now())
            if len(self.leases) == known:
                due = self.store.next_due(list(TAKES))
                assert due, "something is open, and nothing will ever be due"
                assert due > self.clock.now(), "something is due, and nobody gets it"
                self.clock.shown = due
        self.check_rows()
        self.check_counts()
        assert self._reader.execute("PRAGMA foreign_key_check").fetchall() == []
        assert self._reader.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
