"""The command line in a folder of its own, with what it prints."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from apimonster_cli.cli.main import run
from apimonster_cli.core import exactjson
from apimonster_cli.core.clock import SystemClock
from apimonster_cli.store.open import open_store
from apimonster_cli.store.rows import NewEvent
from tests.cli.filled import NOON, fill

REASON = "RetailCRM does not know the key; ask anna@example.com"


@dataclass(frozen=True)
class Result:
    """What a command left behind."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        return exactjson.loads(self.out)

    def json_lines(self) -> list[Any]:
        return [exactjson.loads(line) for line in self.out.splitlines()]


Sync = Callable[..., Result]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that commands run in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def sync(capsys: pytest.CaptureFixture[str]) -> Sync:
    """Run the program in this process: sync("check", "--json")."""

    def run_here(*arguments: object) -> Result:
        capsys.readouterr()
        code = run([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return Result(code, captured.out, captured.err)

    return run_here


@pytest.fixture
def paused(folder: Path) -> Path:
    """The folder with a fifth event, which waits, and with the pause that it waits for."""
    fill(folder)
    store = open_store("sqlite:///apimonster.db", base=folder, daemon=True, clock=SystemClock())
    waiting = NewEvent(
        connection="site-leads",
        event="utmstat.new_lead",
        status="accepted",
        received_at=NOON + timedelta(minutes=5),
        payload="{}",
        object_key="5",
        bundles=("leads",),
    )
    try:
        store.accept(waiting).result()
        store.pause("crm", reason=REASON, now=NOON + timedelta(hours=1))
    finally:
        store.close_store()
    return folder
