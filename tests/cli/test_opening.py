"""Bundle files with mistakes: what can be done all the same."""

from pathlib import Path

import pytest

from tests.cli.conftest import Sync
from tests.cli.filled import BUNDLES, TOKEN, fill, write_bundles

SETTINGS = "settings:\n  timezone: Europe/Moscow\n"
WITH_A_MISTAKE = BUNDLES.replace("contact.phone", "{from: contact.phone, lookup: 7}")


@pytest.mark.parametrize("command", ["history", "transactions", "show", "backup"])
def test_goes_on_when_only_a_bundle_has_a_mistake(folder: Path, sync: Sync, command: str) -> None:
    fill(folder)
    asked: dict[str, list[object]] = {"show": [1], "backup": ["copy.db"]}
    whole = sync("transactions", "--json")
    write_bundles(folder, WITH_A_MISTAKE)

    shown = sync(command, *asked.get(command, []))

    assert shown.code == 0
    assert shown.err.startswith(
        "Warning: the bundle files have 1 mistake; sync check shows more. "
        f"Only their settings are used: the store is {folder / 'apimonster.db'}.\n"
    )
    assert sync("transactions", "--json").out == whole.out


def test_names_the_files_that_were_named(folder: Path, sync: Sync) -> None:
    fill(folder)
    write_bundles(folder, WITH_A_MISTAKE)

    assert "; sync check bundles.yaml shows more." in sync("history", "--config", "bundles.yaml").err


def test_does_not_say_that_nothing_is_waited_for(paused: Path, sync: Sync) -> None:
    write_bundles(paused, WITH_A_MISTAKE)

    listed, shown = sync("history", "--json"), sync("show", 5)

    assert [row["waits_for"] for row in listed.json_lines()] == [None] * 5
    assert "crm is paused since" in shown.err
    assert sync("show", 5, "--json").json()["deliveries"][0]["waits_for"] is None


def test_times_are_in_the_zone_of_the_settings_all_the_same(folder: Path, sync: Sync) -> None:
    fill(folder)
    write_bundles(folder, WITH_A_MISTAKE)

    assert "2026-03-01 12:01:00" in sync("show", 1).out


@pytest.mark.parametrize("command", ["run", "prune", "pull", "replay", "forget", "urls", "restore"])
def test_what_needs_bundles_does_not_go_on(folder: Path, sync: Sync, command: str) -> None:
    fill(folder)
    write_bundles(folder, WITH_A_MISTAKE)
    asked = {
        "pull": ["leads", "--from", "2026-03-01"],
        "replay": ["--failed"],
        "forget": ["+74950000012"],
        "restore": ["copy.db"],
    }

    shown = sync(command, *asked.get(command, []))

    assert shown.code == 2
    assert "has 1 mistake" in shown.err or "have 1 mistake" in shown.err


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("settings:", "setings:"),
        ("timezone: Europe/Moscow", "timezone: Europe/Moscov"),
        ("timezone: Europe/Moscow", "timezon: Europe/Moscow"),
        ("timezone: Europe/Moscow", "store: ${WHERE}"),
        ("timezone: Europe/Moscow", "timezone: Europe/Moscow\n  timezone: Europe/Kyiv"),
        ("bundles:", "settings: {store: sqlite:///other.db}\nbundles:"),
        ("version: 1", "version: 2"),
        (SETTINGS + "connections:\n", "connections:\n  settings:\n    timezone: Europe/Moscow\n"),
        (SETTINGS + "connections:\n", "connections:\n  store: sqlite:///other.db\n"),
        ("crm: {", "crm: {settings: {timezone: Europe/Moscow}, "),
        ("bundles:\n", "bundles:\n  settings: {timezone: Europe/Moscow}\n"),
        ("steps:\n", "steps:\n      - settings: {timezone: Europe/Moscow}\n"),
        ("steps:", "steps: ["),
    ],
)
def test_settings_that_may_be_others_are_not_used(folder: Path, sync: Sync, right: str, wrong: str) -> None:
    fill(folder)
    write_bundles(folder, BUNDLES.replace(right, wrong, 1))

    shown = sync("history")

    assert shown.code == 2
    assert shown.out == ""
    assert shown.err.startswith("bundles.yaml:")


@pytest.mark.parametrize("text", ["- settings: {store: sqlite:///other.db}", "nothing but words", ""])
def test_a_file_that_may_have_had_settings_is_not_passed_over(folder: Path, sync: Sync, text: str) -> None:
    fill(folder)
    (folder / "settings.yaml").write_text(text, encoding="utf-8")

    shown = sync("history", "--config", "bundles.yaml", "--config", "settings.yaml")

    assert shown.code == 2
    assert shown.err.startswith("settings.yaml:")


def test_a_key_that_is_not_there_keeps_nobody_from_looking(folder: Path, sync: Sync) -> None:
    fill(folder)
    write_bundles(folder, BUNDLES.replace(TOKEN, '"${NOT_THERE}"'))

    shown = sync("history", "--json")

    assert shown.code == 0
    assert [event["id"] for event in shown.json_lines()] == [4, 3, 2, 1]
