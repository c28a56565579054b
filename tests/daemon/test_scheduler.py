"""Retention is applied by the hour, in small batches."""

from datetime import datetime, timedelta
from typing import Any, cast

import pytest

from apimonster_cli.bundles.model import Settings
from apimonster_cli.core.errors import StoreError
from apimonster_cli.daemon.scheduler import Retention
from apimonster_cli.store.api import Store
from apimonster_cli.store.rows import Pruned
from tests.engine.support import START, FakeClock


class OldRows:
    """A store with so many old rows."""

    def __init__(self, *batches: Pruned | StoreError) -> None:
        self.batches = list(batches)
        self.asked: list[dict[str, datetime]] = []

    def prune(self, **bounds: Any) -> Pruned:
        self.asked.append(bounds)
        batch = self.batches.pop(0) if self.batches else Pruned(0)
        if isinstance(batch, StoreError):
            raise batch
        return batch


def retention(store: OldRows, clock: FakeClock) -> Retention:
    return Retention(cast("Store", store), clock)


def test_prunes_batch_by_batch_until_nothing_is_left() -> None:
    store = OldRows(Pruned(500, more=True), Pruned(0, more=True), Pruned(20))
    made = retention(store, FakeClock())

    turns = [made.work_once(Settings()) for _ in range(4)]

    assert turns == [True, True, False, False]
    assert len(store.asked) == 3


def test_waits_a_minute_while_a_reader_holds_the_log(capfd: pytest.CaptureFixture[str]) -> None:
    store, clock = OldRows(Pruned(0, held=True), Pruned(0, held=True), Pruned(9, more=True)), FakeClock()
    made = retention(store, clock)

    turns = []
    for seconds in (59, 1, 60, 0):
        turns.append(made.work_once(Settings()))
        clock.sleep(seconds)

    assert turns == [False, False, False, True]
    assert len(store.asked) == 3
    assert "".join(capfd.readouterr()).count("some program has been reading the store") == 1


def test_keeps_what_the_settings_say() -> None:
    store = OldRows()
    settings = Settings(keep_events=timedelta(days=3), keep_transactions=timedelta(days=5))

    retention(store, FakeClock()).work_once(settings)

    assert store.asked == [
        {"events_before": START - timedelta(days=3), "transactions_before": START - timedelta(days=5)}
    ]


def test_looks_again_after_an_hour() -> None:
    store, clock = OldRows(), FakeClock()
    made = retention(store, clock)
    made.work_once(Settings())

    clock.sleep(3599)
    made.work_once(Settings())
    before = len(store.asked)
    clock.sleep(1)
    made.work_once(Settings())

    assert (before, len(store.asked)) == (1, 2)


def test_a_store_that_fails_is_asked_again_in_an_hour() -> None:
    store, clock = OldRows(StoreError("the disk is full"), Pruned(7, more=True)), FakeClock()
    made = retention(store, clock)

    turns = [made.work_once(Settings())]
    clock.sleep(3600)
    turns.append(made.work_once(Settings()))

    assert turns == [False, True]
