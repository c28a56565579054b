"""Benches: a store, an engine and scripted services, set up for one test and closed after it."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.engine.support import Benches


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Benches]:
    with ExitStack() as stack:
        yield Benches(tmp_path, stack)
