"""The n-th write, read, sync or cut of the store's files fails, or is the last thing that the program does: what was answered is there.

One failure, several in a row, or a kill, at each place in turn with --slow; otherwise at a few places, drawn from the seed.
"""

import json
import random
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from apimonster_cli.core.clock import SystemClock
from apimonster_cli.store.open import open_store
from tests.acceptance.lone_writer import STORE
from tests.acceptance.processes import ROOT
from tests.acceptance.test_disk import strace_works

EVENTS = 12
CALLS = {"pwrite64": 430, "fdatasync": 40, "ftruncate": 8, "pread64": 100}
"""How often a thread makes them at most."""
FAULTS = ("error=EIO:when={}", "error=ENOSPC:when={}", "error=EIO:when={}..{}", "signal=SIGKILL:when={}")
IN_A_ROW = 6
DRAWN = 3

pytestmark = [
    pytest.mark.acceptance,
    pytest.mark.timeout(3600),
    pytest.mark.skipif(not strace_works(), reason="strace is not installed, or may not trace here"),
]


@dataclass
class Tried:
    """What a program said before it ended, by itself or not. kept: the numbers of what it answered, and of their events."""

    kept: dict[int, int]
    failures: int
    refused: bool
    ended: bool


def places(draw: random.Random, *, whole: bool) -> list[tuple[str, str]]:
    """Return calls and what becomes of them: at each place up to the fortieth and each tenth from there, or a few of those."""
    found = [
        (call, fault.format(place, place + IN_A_ROW))
        for call, most in CALLS.items()
        for place in (*range(1, min(most, 40) + 1), *range(50, most + 1, 10))
        for fault in FAULTS
    ]
    return found if whole else draw.sample(found, DRAWN)


def test_no_answer_without_a_row_wherever_the_disk_fails(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    draw = random.Random(int(request.config.getoption("--seed")))
    wrong: list[str] = []
    hit = failed = 0

    for number, (call, fault) in enumerate(places(draw, whole=request.config.getoption("--slow"))):
        folder = tmp_path / str(number)
        folder.mkdir()
        tried = write(folder, call, fault)
        wrong += [f"{call}:{fault}: {each}" for each in complaints(folder / STORE, tried, killed="KILL" in fault)]
        hit += (folder / "trace").stat().st_size > 0
        failed += bool(tried.failures or tried.refused or not tried.ended)

    assert wrong == []
    assert hit > 0
    print(f"\n{number + 1} places, {failed} of them with a failure that was told or a kill")  # noqa: T201  # a figure of the long run


def write(folder: Path, call: str, fault: str) -> Tried:
    """Have events taken in by a program whose system calls fail there."""
    files = [f"--trace-path={folder / STORE}{suffix}" for suffix in ("", "-wal", "-shm")]
    strace = [
        "strace",
        "-f",
        "-qqq",
        "-o",
        str(folder / "trace"),
        *files,
        f"--trace={call}",
        f"--inject={call}:{fault}",
    ]
    program = [sys.executable, "-m", "tests.acceptance.lone_writer", str(folder), str(EVENTS)]
    done = subprocess.run([*strace, *program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stderr == "" or "KILL" in fault, done.stderr
    lines = [line.split() for line in done.stdout.splitlines()]
    return Tried(
        kept={int(number): int(event) for said, number, *rest in lines if said == "yes" for event in rest},
        failures=sum(said == "no" for said, *_ in lines),
        refused=any(said == "refused" for said, *_ in lines),
        ended=done.returncode == 0,
    )


def complaints(store: Path, tried: Tried, *, killed: bool) -> list[str]:
    """Return what is wrong with the store that it left, and with what it said."""
    found: list[str] = []
    if not tried.ended and not killed:
        found.append("it ended otherwise than by itself")
    if tried.ended and not tried.refused and len(tried.kept) < EVENTS:
        found.append(f"only {len(tried.kept)} events were taken in, though the disk worked again")
    open_store(f"sqlite:///{store.name}", base=store.parent, daemon=True, clock=SystemClock()).close_store()
    with closing(sqlite3.connect(store)) as database:
        found += [row[0] for row in database.execute("PRAGMA integrity_check") if row[0] != "ok"]
        rows = database.execute("SELECT id, payload FROM events").fetchall()
        delivered = {event for (event,) in database.execute("SELECT event_id FROM deliveries")}
    there = {json.loads(payload)["number"]: event for event, payload in rows}
    if len(there) != len(rows):
        found.append("an event was taken in twice")
    lost = sorted(
        number for number, event in tried.kept.items() if there.get(number) != event or event not in delivered
    )
    if lost:
        found.append(f"events {lost} were answered and are not there")
    if len(there) > len(tried.kept) + 1:
        found.append("there are events that nobody was told of")
    return found
