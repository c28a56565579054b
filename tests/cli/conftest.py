"""The command line in a folder of its own, with what it prints."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from apimonster_cli.cli.main import run
from apimonster_cli.core import exactjson


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
