"""Places where a test may end the program: off unless asked for, and then at the passing asked for."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from apimonster_cli.core import crash
from tests.conftest import ROOT

PASSES = "from apimonster_cli.core import crash\nfor n in range(3): crash.point('prune'); print(n, flush=True)"


@pytest.mark.parametrize(
    ("asked", "passed", "code"),
    [
        ("", 3, 0),
        ("reload", 3, 0),
        ("prune", 0, -signal.SIGKILL),
        ("prune:2", 1, -signal.SIGKILL),
        ("prune:4", 3, 0),
    ],
)
def test_ends_the_program_at_the_passing_asked_for(asked: str, passed: int, code: int) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", PASSES],
        env={**os.environ, crash.VARIABLE: asked},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (len(ended.stdout.split()), ended.returncode) == (passed, code)


def test_each_point_is_passed_at_one_place_of_the_program() -> None:
    sources = [file.read_text(encoding="utf-8") for file in Path(ROOT, "apimonster_cli").rglob("*.py")]

    passed = [name for source in sources for name in re.findall(r'crash\.point\("([a-z-]+)"\)', source)]

    assert sorted(passed) == sorted(crash.POINTS)
