"""Webhooks a second that are acknowledged on disk, beside the same server answering without storing."""

import tempfile
from pathlib import Path

from tests.benchmarks.processes import load, rows, served

ABOUT = "webhooks a second, 64 connections, leads of 3.5 KB, each committed and synced before its answer"
_SECONDS = 5
_CONNECTIONS = 64


def run() -> dict[str, float]:
    """Measure both servers once, one after the other."""
    with tempfile.TemporaryDirectory() as folder:
        with served("bare", Path(folder)) as bare:
            plain = load("closed", bare.port, seconds=_SECONDS, connections=_CONNECTIONS)
            plain_cpu = bare.cpu() / plain["answers"]
        with served("listener", Path(folder)) as listener:
            kept = load("closed", listener.port, seconds=_SECONDS, connections=_CONNECTIONS)
            kept_cpu = listener.cpu() / kept["answers"]
        if rows(Path(folder)) != kept["answers"]:
            raise AssertionError(f"{kept['answers']:.0f} webhooks were acknowledged, {rows(Path(folder))} are on disk")
    return {
        "bare server, a second": plain["rate"],
        "accepted, a second": kept["rate"],
        "ratio accepted / bare": kept["rate"] / plain["rate"],
        "answer p50, ms": kept["p50"],
        "answer p99, ms": kept["p99"],
        "CPU of the bare server, µs a request": plain_cpu * 1e6,
        "CPU of listener and store, µs a webhook": kept_cpu * 1e6,
    }
