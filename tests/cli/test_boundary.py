"""Errors become sentences and exit codes in one place."""

import errno
import json
import os
import subprocess
import sys

import pytest

from apimonster_cli.bundles.problem import BundleError, Problem
from apimonster_cli.cli.boundary import guarded
from apimonster_cli.core import redact
from apimonster_cli.core.errors import ConfigError, StoreError, SyncError
from apimonster_cli.core.place import Place


def fails(error: BaseException, *, debug: bool = False) -> int:
    def work() -> int:
        raise error

    return guarded(work, debug=debug)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (SyncError("there is no event 9"), 1),
        (StoreError("the store is locked by process 12"), 1),
        (ConfigError("bundles.yaml is missing"), 2),
    ],
    ids=["work", "store", "configuration"],
)
def test_a_known_error_is_one_sentence(capsys: pytest.CaptureFixture[str], error: SyncError, code: int) -> None:
    assert fails(error) == code

    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == f"Error: {error}\n"


def test_an_unknown_error_is_a_bug_and_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert fails(ZeroDivisionError("division by zero")) == 3

    captured = capsys.readouterr()
    assert "Traceback" not in captured.err
    assert "bug in sync" in captured.err
    assert "--debug" in captured.err


def test_debug_shows_the_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    assert fails(ConfigError("bundles.yaml is missing"), debug=True) == 2

    captured = capsys.readouterr()
    assert captured.err.startswith("Traceback")
    assert captured.err.endswith("Error: bundles.yaml is missing\n")


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, "disk is full"),
        (errno.EACCES, "permissions"),
        (errno.EROFS, "read-only"),
        (errno.EADDRINUSE, "another program already listens"),
    ],
)
def test_an_error_of_the_system_is_a_sentence(capsys: pytest.CaptureFixture[str], number: int, words: str) -> None:
    assert fails(OSError(number, os.strerror(number), "leads.db")) == 1

    captured = capsys.readouterr()
    assert captured.err.startswith("Error: leads.db: ")
    assert words in captured.err


def test_mistakes_in_bundle_files_are_shown_with_their_lines(capsys: pytest.CaptureFixture[str]) -> None:
    problems = [
        Problem(Place("bundles.yaml", 2, 1), "key", "unknown key bundels", suggestion="bundles", width=7),
        Problem(Place("bundles.yaml", 1, 1), "key", "unknown key verzion", suggestion="version", width=7),
    ]

    code = fails(BundleError(problems, {"bundles.yaml": ["verzion: 1", "bundels: {}"]}))

    captured = capsys.readouterr()
    assert code == 2
    assert captured.out == ""
    assert "bundles.yaml:2:1: error: unknown key bundels (did you mean bundles?) [key]" in captured.err
    assert "    2 | bundels: {}\n      | ^~~~~~~" in captured.err
    assert "unknown key verzion" in captured.err
    assert captured.err.endswith("Error: the bundle files have 2 mistakes\n")


def test_an_interrupt_is_quiet(capsys: pytest.CaptureFixture[str]) -> None:
    assert fails(KeyboardInterrupt()) == 130

    assert capsys.readouterr().err == ""


def test_letters_that_the_terminal_lacks_are_escaped_as_in_json() -> None:
    program = "from apimonster_cli.cli.output import document; document('Ж и 😀')"
    whole = f"from apimonster_cli.cli.boundary import guarded; guarded(lambda: exec({program!r}) or 0)"

    done = subprocess.run(
        [sys.executable, "-c", whole],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
    )

    assert done.stderr == ""
    assert done.stdout.isascii()
    assert json.loads(done.stdout) == "Ж и 😀"


def test_a_reader_that_has_gone_is_no_error() -> None:
    program = "from apimonster_cli.cli.main import main; import sys; sys.argv = ['sync', 'fields', 'retailcrm']; main()"

    done = subprocess.run(
        ["bash", "-c", f'{sys.executable} -c "{program}" | true'], capture_output=True, text=True, check=True
    )

    assert done.stderr == ""


@pytest.mark.parametrize("error", [ConfigError, SyncError, ValueError])
def test_no_error_shows_a_secret_of_the_files(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    monkeypatch.setattr(redact, "_latest", redact.Redactor(["the-key-of-the-shop"]))

    code = fails(error("the header 'the-key-of-the-shop' cannot be sent"), debug=True)

    said = capsys.readouterr().err
    assert code
    assert "Traceback" in said
    assert "the header '•••' cannot be sent" in said
    assert "the-key-of" not in said
