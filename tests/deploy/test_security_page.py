"""docs/security.md: its figures are those in force, and the tests that it names exist."""

import inspect
import re
from pathlib import Path

from apimonster_cli.bundles.model import Settings
from apimonster_cli.daemon import limits, listener
from apimonster_cli.daemon.gate import Bounds
from apimonster_cli.store.database import KEYS_KEPT
from apimonster_cli.transport.client import Client
from apimonster_cli.values import effort

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
BOUNDS = Bounds()


def test_names_tests_that_exist() -> None:
    named = [
        name for cell in re.findall(r"\| ([^|]*) \|$", PAGE, re.MULTILINE) for name in re.findall(r"`([\w/.]+)`", cell)
    ]
    tests = [name for name in named if name.endswith((".py", "/"))]

    assert len(tests) > 15
    assert [name for name in tests if not (ROOT / "tests" / name).exists()] == []


def test_its_figures_are_in_force() -> None:
    kept = Settings()
    most_answer = inspect.signature(Client).parameters["max_answer"].default
    said = (
        f"After {limits._GUESSES} wrong addresses in a minute",
        f"{BOUNDS.head_seconds:.0f} s for a head and {listener.BODY_SECONDS:.0f} s for a body",
        f"{BOUNDS.head_bytes // 1024} KiB and {BOUNDS.headers} headers",
        f"{BOUNDS.connections} connections, {BOUNDS.of_one} of one address",
        f"{most_answer // 1024**2} MiB at most",
        f"| {kept.keep_events.days} days (`retention.events`)",
        f"| {kept.keep_transactions.days} days (`retention.transactions`)",
        f"known for {KEYS_KEPT.days} days",
        f"| {KEYS_KEPT.days} days |",
        f"A template has {effort.SECONDS:.0f} seconds of the processor",
        f"{effort.LONGEST // 1000} {effort.LONGEST % 1000:03} characters",
        f"all fields of a step have {effort.SECONDS_OF_A_MAP:.0f}",
    )

    assert [text for text in said if text not in PAGE] == []
    assert limits._WINDOW == 60
