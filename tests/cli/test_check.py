"""`sync check` and `sync test`: mistakes and cases, for people and for programs."""

import re
from pathlib import Path

import pytest

from apimonster_cli.bundles.rules.docs import VARIABLES
from apimonster_cli.cli.stage import example_file
from tests.cli.conftest import Sync
from tests.cli.filled import BUNDLES, TOKEN, write_bundles

MISTAKEN = BUNDLES.replace("action: retailcrm.create_order", "action: retailcrm.create_ordr").replace(
    "source: {event: utmstat.new_lead}", "source: {event: utmstat.new_laed}"
)
TESTED = f"""{BUNDLES}\
    tests:
      - name: a lead becomes an order
        event: sample:utmstat.new_lead
        expect: {{order: {{status: new}}}}
      - name: a wish
        event: sample:utmstat.new_lead
        expect:
          order:
            status: complete
"""


def test_a_good_file_has_no_mistakes(folder: Path, sync: Sync) -> None:
    write_bundles(folder)

    shown = sync("check")

    assert shown.code == 0
    assert shown.out == "1 file, 2 connections, 1 bundle: no mistakes\n"


def test_all_mistakes_are_shown_at_once(folder: Path, sync: Sync) -> None:
    write_bundles(folder, MISTAKEN)

    shown = sync("check")

    assert shown.code == 1
    assert shown.err == ""
    assert "bundles.yaml:9:21: error:" in shown.out
    assert "bundles.yaml:11:29: error:" in shown.out
    assert "did you mean utmstat.new_lead?" in shown.out
    assert "did you mean retailcrm.create_order?" in shown.out
    assert "   11 |       - {id: order, action: retailcrm.create_ordr" in shown.out
    assert shown.out.endswith("1 file: 2 errors\n")


def test_mistakes_as_json(folder: Path, sync: Sync) -> None:
    write_bundles(folder, MISTAKEN)

    shown = sync("check", "--json")

    found = shown.json()
    assert shown.code == 1
    assert set(found) == {"files", "errors", "warnings", "problems"}
    assert found["errors"] == 2
    assert set(found["problems"][0]) == {
        "file",
        "line",
        "column",
        "severity",
        "rule",
        "message",
        "suggestion",
        "related",
    }
    assert TOKEN not in shown.out


def test_bad_yaml_is_shown_with_its_line(folder: Path, sync: Sync) -> None:
    write_bundles(folder, "version: 1\nbundles:\n  a: [1, 2\n  b: 3\n")

    shown = sync("check")

    assert shown.code == 1
    assert "bundles.yaml:" in shown.out
    assert "error:" in shown.out
    assert "Traceback" not in shown.out + shown.err


def test_a_missing_variable_is_shown_with_its_line(folder: Path, sync: Sync) -> None:
    write_bundles(folder, BUNDLES.replace("token: invented-hook-token", "token: ${NOT_SET_TOKEN}"))

    shown = sync("check")

    assert shown.code == 1
    assert "bundles.yaml:5:" in shown.out
    assert "NOT_SET_TOKEN" in shown.out


def test_other_commands_refuse_files_with_mistakes_and_show_them(folder: Path, sync: Sync) -> None:
    write_bundles(folder, MISTAKEN)

    shown = sync("run")

    assert shown.code == 2
    assert shown.out == ""
    assert "did you mean utmstat.new_lead?" in shown.err
    assert shown.err.endswith("Error: the bundle files have 2 mistakes\n")


@pytest.mark.parametrize("command", ["check", "run", "test", "urls", "history"])
def test_a_folder_without_bundles_is_a_configuration_error(sync: Sync, command: str) -> None:
    shown = sync(command)

    assert shown.code == 2
    assert shown.out == ""
    assert "bundles.yaml" in shown.err


def test_a_missing_file_is_named(sync: Sync) -> None:
    shown = sync("check", "leads.yaml")

    assert shown.code == 2
    assert "leads.yaml" in shown.err


def test_the_example_passes(sync: Sync, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.setenv(name, "invented-secret-value")

    checked = sync("check", example_file())
    tested = sync("test", example_file())

    assert (checked.code, checked.out.count("\n")) == (0, 1)
    assert checked.out.endswith(" bundles: no mistakes\n")
    assert tested.code == 0
    assert re.search(r"^\d+ passed$", tested.out, re.MULTILINE)


def test_cases_are_run_and_the_failing_one_explained(folder: Path, sync: Sync) -> None:
    write_bundles(folder, TESTED)

    shown = sync("test")

    assert shown.code == 1
    assert "passed  bundles.yaml:13:" in shown.out
    assert "failed  bundles.yaml:16:" in shown.out
    assert 'bundles.yaml:20:21: order.status: expected "complete", got "new"' in shown.out
    assert shown.out.endswith("1 passed, 1 failed\n")


def test_cases_as_json(folder: Path, sync: Sync) -> None:
    write_bundles(folder, TESTED)

    shown = sync("test", "--json")

    good, bad = shown.json()["cases"]
    assert set(bad) == {"bundle", "name", "file", "line", "passed", "differences"}
    assert (good["passed"], bad["passed"]) == (True, False)
    assert bad["differences"] == [
        {"place": "bundles.yaml:20:21", "what": "order.status", "expected": '"complete"', "got": '"new"'}
    ]


def test_bundles_without_cases_say_so(folder: Path, sync: Sync) -> None:
    write_bundles(folder)

    shown = sync("test")

    assert shown.code == 0
    assert "No cases" in shown.out
