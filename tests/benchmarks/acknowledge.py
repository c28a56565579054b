"""How long a sender waits for its answer at an everyday load."""

import tempfile
from pathlib import Path

from tests.benchmarks.processes import load, served

ABOUT = "time to the answer at 200 webhooks a second, counted from when each was due"
_SECONDS = 10
_CONNECTIONS = 16
_RATE = 200


def run() -> dict[str, float]:
    """Measure both servers once, one after the other."""
    found: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        for kind, label in (("bare", "bare server"), ("listener", "accepted")):
            with served(kind, Path(folder)) as server:
                answers = load("paced", server.port, seconds=_SECONDS, connections=_CONNECTIONS, rate=_RATE)
            found |= {f"{label} p50, ms": answers["p50"], f"{label} p99, ms": answers["p99"]}
    return found
