"""The processes of a benchmark: a server, and a sender beside it."""

import json
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psutil

STORE = "benchmark.db"


class Served:
    """A server that is up. cpu: seconds of processor time since it was ready."""

    def __init__(self, port: int, pid: int) -> None:
        self.port = port
        self._process = psutil.Process(pid)
        self._spent = self._total()

    def cpu(self) -> float:
        """Return the processor time, user and system, that was spent since the start."""
        return self._total() - self._spent

    def _total(self) -> float:
        times = self._process.cpu_times()
        return float(times.user + times.system)


@contextmanager
def served(kind: str, folder: Path) -> Iterator[Served]:
    """Run a server of tests.benchmarks.server in its own process; it is stopped as a service is."""
    command = [sys.executable, "-m", "tests.benchmarks.server", kind, str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True) as process:
        assert process.stdout
        line = process.stdout.readline()
        if not line:
            raise AssertionError(f"the server {kind} did not start")
        yield Served(int(line), process.pid)
        process.communicate("stop\n", timeout=30)
    if process.returncode:
        raise AssertionError(f"the server {kind} ended with {process.returncode}")


def load(kind: str, port: int, **options: float) -> dict[str, Any]:
    """Run the sender in its own process; return its figures: answers, rate a second, p50 and p99 in milliseconds."""
    named = [f"--{name}={value}" for name, value in options.items()]
    command = [sys.executable, "-m", "tests.benchmarks.load", kind, f"--port={port}", *named]
    found: dict[str, Any] = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    return found


def rows(folder: Path) -> int:
    """Return how many events are on disk."""
    with closing(sqlite3.connect(folder / STORE)) as database:
        return int(database.execute("select count(*) from events").fetchone()[0])
