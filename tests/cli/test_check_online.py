"""`sync check --online`: what the services say, beside what the files say."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from apimonster_cli.sandbox.server import Running, Sandbox
from tests.cli.conftest import Sync
from tests.cli.filled import BUNDLES, KEY, write_bundles

CRM_URL = '"https://demo.retailcrm.ru"'


@pytest.fixture
def crm() -> Iterator[Running]:
    with Sandbox(keys=[KEY]).serve() as running:
        yield running


def test_says_who_was_asked_when_all_is_well(folder: Path, sync: Sync, crm: Running) -> None:
    write_bundles(folder, BUNDLES.replace(CRM_URL, crm.url))

    shown = sync("check", "--online")

    assert (shown.code, shown.err) == (0, "")
    assert shown.out == "asked crm\n1 file, 2 connections, 1 bundle: no mistakes\n"


def test_shows_what_the_service_does_not_have_with_its_line(folder: Path, sync: Sync, crm: Running) -> None:
    write_bundles(folder, BUNDLES.replace(CRM_URL, crm.url).replace("{value: new}", "{value: nwe}"))

    shown = sync("check", "--online")

    assert shown.code == 1
    assert "bundles.yaml:11:100: error: crm has no order status nwe (did you mean new?) [online]" in shown.out
    assert shown.out.endswith(": 1 error\n")


def test_says_as_json_who_was_asked(folder: Path, sync: Sync, crm: Running) -> None:
    write_bundles(folder, BUNDLES.replace(CRM_URL, crm.url).replace(KEY, "mistyped-api-key"))

    shown = sync("check", "--online", "--json")

    found = shown.json()
    assert shown.code == 1
    assert set(found) == {"files", "errors", "warnings", "problems", "asked"}
    assert (found["asked"], found["errors"]) == (["crm"], 1)
    assert found["problems"][0]["rule"] == "online"
    assert "mistyped-api-key" not in shown.out


def test_asks_nobody_while_the_files_have_errors(folder: Path, sync: Sync) -> None:
    write_bundles(folder, BUNDLES.replace("create_order", "create_ordr"))

    shown = sync("check", "--online")

    assert shown.code == 1
    assert shown.err == "No service was asked: mend the errors first.\n"


def test_says_when_there_is_nobody_to_ask(folder: Path, sync: Sync) -> None:
    (folder / "bundles.yaml").write_text("version: 1\nconnections: {chat: {type: http, url: 'https://chat.example'}}\n")

    shown = sync("check", "--online")

    assert shown.code == 0
    assert "no connection has a service that can be asked" in shown.out
