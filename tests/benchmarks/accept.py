"""Webhooks a second that are acknowledged on disk, beside the same listener without a store and a bare application."""

import tempfile
from pathlib import Path

from tests.benchmarks.processes import load, rows, served

ABOUT = "webhooks a second, 64 connections, leads of 3.5 KB, each committed and synced before its answer"
_SECONDS = 5
_CONNECTIONS = 64


def run() -> dict[str, float]:
    """Measure the three servers once, one after the other."""
    bare, bare_cpu, _ = _measured("bare")
    forgetful, forgetful_cpu, _ = _measured("forgetful")
    kept, kept_cpu, on_disk = _measured("listener")
    if on_disk != kept["answers"]:
        raise AssertionError(f"{kept['answers']} webhooks were acknowledged, {on_disk} are on disk")
    return {
        "accepted, a second": kept["rate"],
        "the same listener without storing, a second": forgetful["rate"],
        "a bare application on the same server, a second": bare["rate"],
        "ratio accepted / without storing": kept["rate"] / forgetful["rate"],
        "ratio accepted / bare": kept["rate"] / bare["rate"],
        "answer p50, ms": kept["p50"],
        "answer p99, ms": kept["p99"],
        "CPU of a webhook, µs": kept_cpu,
        "CPU without storing, µs": forgetful_cpu,
        "CPU of the bare application, µs": bare_cpu,
    }


def _measured(kind: str) -> tuple[dict[str, float], float, int]:
    """Return a server's figures, its processor time in µs for each answer, and how many events are on disk after it."""
    with tempfile.TemporaryDirectory() as folder:
        with served(kind, Path(folder)) as server:
            figures = load("closed", server.port, seconds=_SECONDS, connections=_CONNECTIONS)
            cpu = server.cpu() / figures["answers"] * 1e6
        return figures, cpu, rows(Path(folder)) if kind == "listener" else 0
