"""The one command for all long runs: it runs them all, and says which did not hold."""

import subprocess
from types import SimpleNamespace

import pytest

from tests.acceptance import __main__ as long_runs


@pytest.mark.parametrize("broken", [None, "tests.acceptance.weeks"])
def test_runs_all_and_names_what_did_not_hold(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], broken: str | None
) -> None:
    made: list[list[str]] = []

    def run(command: list[str], *, check: bool) -> SimpleNamespace:
        made.append(command[1:])
        return SimpleNamespace(returncode=int(broken in command or check))

    monkeypatch.setattr(subprocess, "run", run)
    monkeypatch.setattr("sys.argv", ["acceptance", "--seed", "3"])

    code = long_runs.main()

    assert [command[1] for command in made][:3] == ["tests.acceptance.headline", "tests.acceptance.weeks", "pytest"]
    assert made[0][-2:] == ["--seeds", "3-22"]
    assert code == (1 if broken else 0)
    assert (f"did not hold: python -m {broken} " in capsys.readouterr().err) == bool(broken)
