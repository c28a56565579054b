"""A store in the test's own folder."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from apimonster_cli.store.database import DatabaseStore
from tests.store.build import SetClock, opened


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def store(tmp_path: Path, clock: SetClock) -> Iterator[DatabaseStore]:
    store = opened(tmp_path, clock=clock)
    yield store
    store.close_store()
