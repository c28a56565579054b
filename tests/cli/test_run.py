"""`sync run` as a process of its own: what it says when it cannot start, and when the CRM will not have it."""

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from apimonster_cli.core.clock import SystemClock
from apimonster_cli.sandbox.server import Running, Sandbox
from apimonster_cli.store.open import open_store
from apimonster_cli.store.rows import NewEvent
from tests.cli.conftest import Sync
from tests.cli.filled import BUNDLES, NOON, write_bundles

CRM_URL = '"https://demo.retailcrm.ru"'


@pytest.fixture
def crm() -> Iterator[Running]:
    with Sandbox(keys=["invented-api-key"]).serve() as running:
        yield running


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "apimonster_cli", "run", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def accept_lead(folder: Path) -> None:
    store = open_store("sqlite:///apimonster.db", base=folder, daemon=True, clock=SystemClock())
    try:
        lead = '{"id":1,"contact":{"phone":"74950000012"}}'
        event = NewEvent("site-leads", "utmstat.new_lead", "accepted", NOON, lead, object_key="1", bundles=("leads",))
        store.accept(event).result()
    finally:
        store.close_store()


def test_a_taken_port_is_a_sentence(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        write_bundles(folder, BUNDLES.replace("settings:", f"settings:\n  listen: 127.0.0.1:{port}"))

        done = run()

    assert done.returncode == 2
    assert done.stdout == ""
    assert f"127.0.0.1:{port} is taken" in done.stderr
    assert "Traceback" not in done.stderr


def test_files_with_nothing_to_do_are_a_sentence(folder: Path, sync: Sync) -> None:
    write_bundles(folder, "version: 1\n")

    shown = sync("run")

    assert shown.code == 2
    assert shown.err.startswith("Error: bundles.yaml: there are no connections and no bundles")


def test_a_store_that_another_daemon_has_is_a_sentence(folder: Path) -> None:
    write_bundles(folder, BUNDLES.replace("settings:", f"settings:\n  listen: 127.0.0.1:{free_port()}"))
    store = open_store("sqlite:///apimonster.db", base=folder, daemon=True, clock=SystemClock())
    try:
        done = run()
    finally:
        store.close_store()

    assert done.returncode == 1
    assert "apimonster.db" in done.stderr
    assert "Traceback" not in done.stderr


def test_once_delivers_what_waits(folder: Path, crm: Running, sync: Sync) -> None:
    write_bundles(folder, BUNDLES.replace(CRM_URL, crm.url))
    accept_lead(folder)

    done = run("--once")

    assert (done.returncode, done.stdout) == (0, "")
    (event,) = sync("history", "--json").json_lines()
    assert event["deliveries"] == {"leads": "done"}
    logged = [json.loads(line) for line in done.stderr.splitlines()]
    assert logged[-1]["level"] == "info"


def test_dry_run_plans_the_writing_call(folder: Path, crm: Running, sync: Sync) -> None:
    write_bundles(folder, BUNDLES.replace(CRM_URL, crm.url))
    accept_lead(folder)

    done = run("--once", "--dry-run")

    assert done.returncode == 0
    (event,) = sync("history", "--json").json_lines()
    (planned,) = sync("transactions", "--status", "planned", "--json").json_lines()
    assert event["deliveries"] == {"leads": "waiting"}
    assert planned["url"].endswith("/api/v5/orders/create")


def test_an_unknown_site_makes_the_connection_wait_and_is_told(folder: Path, crm: Running, sync: Sync) -> None:
    write_bundles(folder, BUNDLES.replace(CRM_URL, crm.url).replace("site: main", "site: elsewhere"))
    accept_lead(folder)

    done = run("--once")

    shown = sync("show", 1)
    assert done.returncode == 1
    assert "Delivery 1 through leads: waiting" in shown.out
    assert "check site of the connection" in shown.out


def test_a_wrong_key_makes_the_connection_wait_and_is_told(folder: Path, crm: Running, sync: Sync) -> None:
    write_bundles(folder, BUNDLES.replace(CRM_URL, crm.url).replace("invented-api-key", "mistyped-api-key"))
    accept_lead(folder)

    done = run("--once")

    shown = sync("show", 1)
    assert done.returncode == 1
    assert "Delivery 1 through leads: waiting" in shown.out
    assert 'Wrong "apiKey" value' in shown.out
    assert "mistyped-api-key" not in shown.out + done.stderr


def test_a_crm_that_is_away_makes_the_delivery_wait_and_is_told(folder: Path, sync: Sync) -> None:
    write_bundles(folder, BUNDLES.replace(CRM_URL, f"http://127.0.0.1:{free_port()}"))
    accept_lead(folder)

    run("--once")

    shown, calls = sync("show", 1), sync("transactions")
    assert "turned_away: 127.0.0.1 cannot be reached" in calls.out
    assert "Delivery 1 through leads: waiting" in shown.out
    assert "127.0.0.1" in shown.out
    assert "Traceback" not in shown.out


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_sandbox_of_its_own_runs_until_it_is_stopped(number: signal.Signals) -> None:
    started = subprocess.Popen(
        [sys.executable, "-m", "apimonster_cli", "sandbox", "--listen", "127.0.0.1:0"],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert started.stdout
        first = started.stdout.readline()
        started.send_signal(number)
        code = started.wait(30)
    finally:
        started.kill()
        started.communicate()

    assert first.startswith("RetailCRM look-alike at http://127.0.0.1:")
    assert code == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--listen", "nowhere"], "127.0.0.1:8090"),
        (["--listen", "127.0.0.1:99999"], "127.0.0.1:8090"),
        (["--faults", "gremlins=1"], "gremlins"),
        (["--faults", "lost=7"], "lost"),
        (["--listen", "192.0.2.1:0"], "--listen"),
    ],
)
def test_a_sandbox_that_cannot_be_had_is_a_usage_error(sync: Sync, arguments: list[str], words: str) -> None:
    shown = sync("sandbox", *arguments)

    assert shown.code == 2
    assert words in shown.err


def test_a_taken_port_of_the_sandbox_is_a_sentence(sync: Sync, crm: Running) -> None:
    shown = sync("sandbox", "--listen", crm.url.removeprefix("http://"))

    assert shown.code == 2
    assert "cannot listen" in shown.err
