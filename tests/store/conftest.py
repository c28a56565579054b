"""A store in the test's own folder."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from apimonster_cli.store import retention
from apimonster_cli.store.database import DatabaseStore
from tests.store.build import SetClock, opened


@pytest.fixture(autouse=True)
def _batches_end_by_their_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no batch of retention end early because the machine is busy."""
    monkeypatch.setattr(retention, "_MOST_SECONDS", 60)


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def store(tmp_path: Path, clock: SetClock) -> Iterator[DatabaseStore]:
    store = opened(tmp_path, clock=clock)
    yield store
    store.close_store()
