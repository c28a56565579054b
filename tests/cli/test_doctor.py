"""`sync doctor`: each look a line, and the same as JSON."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from apimonster_cli.sandbox.server import Running, Sandbox
from tests.acceptance.processes import Program, free_port, running
from tests.cli.conftest import Sync
from tests.cli.filled import BUNDLES, KEY, fill, write_bundles

CRM_URL = '"https://demo.retailcrm.ru"'


@pytest.fixture
def crm() -> Iterator[Running]:
    with Sandbox(keys=[KEY]).serve() as running_:
        yield running_


def bundles(crm: Running, port: int) -> str:
    settings = f'settings:\n  listen: 127.0.0.1:{port}\n  public_url: "http://127.0.0.1:{port}"'
    return BUNDLES.replace(CRM_URL, crm.url).replace("settings:", settings)


@pytest.mark.acceptance
def test_all_is_well_beside_a_running_daemon(folder: Path, sync: Sync, crm: Running) -> None:
    port = free_port()
    write_bundles(folder, bundles(crm, port))
    (folder / ".env").touch(0o600)

    with running(Program(["run"], folder, port), "/healthz"):
        shown = sync("doctor", "--json")
        lines = sync("doctor")

    found = shown.json()
    assert (shown.code, set(found), found["ok"]) == (0, {"ok", "findings"}, True)
    assert {tuple(finding) for finding in found["findings"]} == {("about", "level", "said", "advice")}
    assert {finding["about"]: finding["level"] for finding in found["findings"]} == {
        "files": "ok",
        "crm": "ok",
        "clock": "ok",
        "disk": "ok",
        "permissions": "ok",
        "listen": "ok",
        "public address": "ok",
        "deliveries": "ok",
        "calls to crm": "ok",
    }
    assert re.search(r" GiB free, apimonster\.db has \d+\.\d MiB$", lines.out, re.MULTILINE)
    assert lines.out.splitlines()[0] == "ok    files: 1 file, 2 connections, 1 bundle: no mistakes"
    assert lines.out.splitlines()[-1].endswith("looked at, 0 not working, 0 worth a look")


def test_what_does_not_work_is_shown_with_what_to_do(folder: Path, sync: Sync, crm: Running) -> None:
    fill(folder)
    write_bundles(folder, bundles(crm, free_port()).replace(KEY, "mistyped-api-key"))
    (folder / ".env").touch(0o644)
    (folder / ".env").chmod(0o644)

    shown = sync("doctor")

    assert shown.code == 1
    assert "fail  crm: connection crm: RetailCRM does not know the key" in shown.out
    assert "      → see bundles.yaml:" in shown.out
    assert "fail  permissions: others may read .env, its mode is 0644\n      → chmod 600" in shown.out
    assert "warn  daemon: none is running" in shown.out
    assert "warn  deliveries: 1 failed" in shown.out
    assert ", 2 not working, " in shown.out
    assert "mistyped-api-key" not in shown.out


def test_files_with_mistakes_end_the_look(folder: Path, sync: Sync) -> None:
    write_bundles(folder, BUNDLES.replace("create_order", "create_ordr"))

    shown = sync("doctor")

    assert shown.code == 1
    assert shown.out == (
        "fail  files: 1 file: 1 error\n      → sync check shows them\n1 looked at, 1 not working, 0 worth a look\n"
    )


def test_a_new_folder_has_no_store_yet(folder: Path, sync: Sync, crm: Running) -> None:
    write_bundles(folder, bundles(crm, free_port()))

    shown = sync("doctor", "--json")

    assert shown.code == 0
    assert [finding["level"] for finding in shown.json()["findings"] if finding["about"] == "store"] == ["warn"]
