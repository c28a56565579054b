"""The command table, coreutils' manners, and how little is imported to show help."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from apimonster_cli import __version__
from apimonster_cli.cli.main import COMMANDS, flushes_disks
from tests.cli.conftest import Sync

HEAVY = {
    "alembic",
    "apscheduler",
    "jinja2",
    "pydantic",
    "requests",
    "rich",
    "ruamel",
    "sqlalchemy",
    "starlette",
    "structlog",
    "uvicorn",
}


def imported(*arguments: str) -> set[str]:
    """Return the top names of all modules that a fresh process imports for these arguments."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "apimonster_cli", *arguments],
        capture_output=True,
        text=True,
        check=True,
    )
    modules = [line.rpartition("|")[2].strip() for line in done.stderr.splitlines() if line.startswith("import time:")]
    return {module.partition(".")[0] for module in modules}


def test_help_imports_no_heavy_library() -> None:
    modules = imported("--help")

    assert "typer" in modules
    assert modules & HEAVY == set()


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(sync: Sync, name: str) -> None:
    shown = sync(name, "--help")

    assert shown.code == 0
    assert f"Usage: sync {name}" in shown.out
    assert len(shown.out.splitlines()[2].strip()) > 20


def test_help_lists_every_command_with_a_line_about_it(sync: Sync) -> None:
    shown = sync("--help")

    flat = " ".join(shown.out.split())
    assert shown.code == 0
    for name, line in COMMANDS.items():
        assert f"{name} {line}" in flat


def test_version(sync: Sync) -> None:
    shown = sync("--version")

    assert shown.code == 0
    assert __version__ in shown.out


@pytest.mark.parametrize("arguments", [[], ["-d"], ["--data"], ["-f"], ["--file-system"], ["a.txt"], ["-d", "a.txt"]])
def test_flushes_the_disks_when_called_like_the_system_command(
    sync: Sync, folder: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    (folder / "a.txt").touch()
    flushed: list[bool] = []
    monkeypatch.setattr(os, "sync", lambda: flushed.append(True))

    shown = sync(*arguments)

    assert flushed == [True]
    assert shown.code == 0
    assert "Usage: sync" in shown.out


@pytest.mark.parametrize("arguments", [["check"], ["check", "a.txt"], ["--help"], ["--version"], ["a.txt", "nowhere"]])
def test_does_not_take_its_own_commands_for_the_system_command(folder: Path, arguments: list[str]) -> None:
    (folder / "a.txt").touch()
    (folder / "check").touch()

    assert not flushes_disks(arguments)


def test_an_unknown_command_is_a_usage_error_with_a_guess(sync: Sync) -> None:
    shown = sync("chek")

    assert shown.code == 2
    assert shown.out == ""
    assert "Did you mean 'check'" in shown.err


def test_an_unknown_option_is_a_usage_error_with_a_guess(sync: Sync) -> None:
    shown = sync("check", "--jsn")

    assert shown.code == 2
    assert "--json" in shown.err
