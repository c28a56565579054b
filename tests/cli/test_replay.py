"""`sync replay`, with a CRM that answers and a daemon that notices."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from apimonster_cli.core.clock import SystemClock
from apimonster_cli.sandbox.server import Running, Sandbox
from apimonster_cli.store.open import open_store
from apimonster_cli.store.rows import NewEvent
from tests.acceptance.processes import Program, free_port, get, running, wait_for
from tests.cli.conftest import Sync
from tests.cli.filled import BUNDLES, KEY, NOON, fill, write_bundles
from tests.cli.test_run import run

CRM_URL = '"https://demo.retailcrm.ru"'
SECOND = """\
  notes:
    source: {event: utmstat.new_lead}
    steps:
      - {id: order, action: retailcrm.create_order, fields: {externalId: "second-{{ id }}", phone: contact.phone}}
"""


@pytest.fixture
def crm() -> Iterator[Running]:
    with Sandbox(keys=[KEY]).serve() as running_:
        yield running_


@pytest.fixture
def filled(folder: Path, crm: Running) -> Path:
    """Return a folder in which event 1 became an order, as the history says, and event 2 failed."""
    fill(folder)
    write_bundles(folder, BUNDLES.replace(CRM_URL, crm.url))
    return folder


def states(folder: Path) -> list[tuple[int, str, str]]:
    with sqlite3.connect(folder / "apimonster.db") as database:
        return database.execute("SELECT event_id, bundle, state FROM deliveries ORDER BY id").fetchall()


def accept_leads(folder: Path, count: int) -> None:
    """Put leads into the store that no bundle takes, events 5 and on."""
    store = open_store("sqlite:///apimonster.db", base=folder, daemon=False, clock=SystemClock())
    for number in range(10, 10 + count):
        lead = f'{{"id":{number},"contact":{{"phone":"7495{number:07d}"}}}}'
        store.accept(
            NewEvent("site-leads", "utmstat.new_lead", "accepted", NOON, lead, object_key=str(number))
        ).result()
    store.close_store()


def external_ids(crm: Running) -> list[str]:
    found = get(int(crm.url.rpartition(":")[2]), "/api/v5/orders", {"X-API-KEY": KEY})[1]["orders"]
    return sorted(order["externalId"] for order in found)


def test_what_failed_is_delivered_again(filled: Path, sync: Sync, crm: Running) -> None:
    shown = sync("replay", "--failed")
    done = run("--once")

    assert shown.code == 0
    assert "Order is not loaded" in shown.out
    assert "1 delivery is made again; no daemon is running: sync run --once delivers it." in shown.out
    assert done.returncode == 0
    assert states(filled) == [(1, "leads", "done"), (2, "leads", "done")]
    assert len(external_ids(crm)) == 1


def test_a_done_one_is_delivered_again_without_a_double(filled: Path, sync: Sync, crm: Running) -> None:
    sync("replay", 1)
    run("--once")
    first = external_ids(crm)

    shown = sync("replay", 1)
    run("--once")

    assert len(first) == 1
    assert external_ids(crm) == first
    assert shown.out.splitlines()[2].split()[-1] == "yes"


def test_a_new_bundle_gets_what_came_in_before_it(filled: Path, sync: Sync, crm: Running) -> None:
    write_bundles(filled, BUNDLES.replace(CRM_URL, crm.url) + SECOND)

    shown = sync("replay", "--bundle", "notes", "--since", "2026-03-01", "--json")
    run("--once")

    found = shown.json()
    assert set(found) == {"deliveries", "left_out", "daemon"}
    assert found["deliveries"] == [
        {"event": 1, "bundle": "notes", "was": None, "error": None},
        {"event": 2, "bundle": "notes", "was": None, "error": None},
    ]
    assert found["left_out"] == [{"event": 3, "bundle": None, "why": "nothing recognises it"}]
    assert found["daemon"] is False
    assert external_ids(crm) == ["second-1", "second-2"]


def test_what_cannot_be_delivered_again_is_told(filled: Path, sync: Sync) -> None:
    bundles = (filled / "bundles.yaml").read_text(encoding="utf-8")
    write_bundles(filled, bundles.replace("utmstat.new_lead", "utmstat.lead_status_changed"))

    shown = sync("replay", 2, 3, 4, 99)

    assert shown.code == 1
    assert shown.out == "Nothing is delivered again.\n"
    assert shown.err.splitlines() == [
        "Event 2 is left out: the bundle leads does not take utmstat.new_lead any more.",
        "Event 3 is left out: nothing recognises it.",
        "Event 4 is left out: it could not be read when it came in.",
        "There is no event 99.",
    ]


def test_a_renamed_bundle_takes_what_the_old_one_failed_at(filled: Path, sync: Sync) -> None:
    bundles = (filled / "bundles.yaml").read_text(encoding="utf-8")
    write_bundles(filled, bundles.replace("  leads:", "  orders:"))

    shown = sync("replay", 2)

    assert shown.err == "Event 2 is left out: there is no bundle leads any more.\n"
    assert states(filled)[2:] == [(2, "orders", "waiting")]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "say what to deliver again"),
        (["--bundle", "lead"], "did you mean leads?"),
        (["--since", "never"], "--since never"),
    ],
)
def test_it_has_to_be_said_what(filled: Path, sync: Sync, arguments: list[str], words: str) -> None:
    shown = sync("replay", *arguments)

    assert shown.code == 2
    assert words in shown.err


def test_many_are_not_delivered_again_without_a_yes(filled: Path, sync: Sync) -> None:
    accept_leads(filled, 21)

    asked = sync("replay", "--since", "2026-03-01")
    before = states(filled)
    meant = sync("replay", "--since", "2026-03-01", "--yes")

    assert asked.code == 2
    assert "23 deliveries would be made again, which is more than 20: say --yes" in asked.err
    assert len(before) == 2
    assert meant.code == 0
    assert "23 deliveries are made again" in meant.out
    assert len(states(filled)) == 23


def test_a_dry_run_shows_what_would_be_made_again_and_makes_nothing(filled: Path, sync: Sync, crm: Running) -> None:
    before = states(filled)

    shown = sync("replay", "--failed", "--dry-run")

    assert shown.code == 0
    assert "Order is not loaded" in shown.out
    assert shown.out.splitlines()[-1] == "This is a dry run: 1 delivery would be made again."
    assert states(filled) == before
    assert external_ids(crm) == []


def test_a_dry_run_says_in_json_what_the_crm_has_already(filled: Path, sync: Sync) -> None:
    sync("replay", 1)
    run("--once")

    shown = sync("replay", 1, 2, 3, "--dry-run", "--json")

    found = shown.json()
    assert shown.code == 0
    assert [(each["event"], each["bundle"], each["in_crm"]) for each in found["deliveries"]] == [
        (1, "leads", True),
        (2, "leads", False),
    ]
    assert found["left_out"] == [{"event": 3, "bundle": None, "why": "nothing recognises it"}]


def test_a_dry_run_looks_up_the_first_50_and_asks_for_no_yes(filled: Path, sync: Sync) -> None:
    accept_leads(filled, 60)

    shown = sync("replay", "--since", "2026-03-01", "--dry-run")
    found = sync("replay", "--since", "2026-03-01", "--dry-run", "--json").json()

    assert shown.code == 0
    assert "… and 12 more; only the first 50 were looked up in the CRM" in shown.out
    assert shown.out.splitlines()[-1] == "This is a dry run: 62 deliveries would be made again."
    assert [each["in_crm"] for each in found["deliveries"]] == [False] * 50 + [None] * 12
    assert len(states(filled)) == 2


def test_a_dry_run_with_a_crm_that_cannot_be_asked_knows_nothing_of_it(filled: Path, sync: Sync) -> None:
    write_bundles(filled, BUNDLES.replace(CRM_URL, f"http://127.0.0.1:{free_port()}"))

    shown = sync("replay", "--failed", "--dry-run", "--json")

    assert shown.code == 0
    assert [each["in_crm"] for each in shown.json()["deliveries"]] == [None]


def test_a_dry_run_says_when_nothing_would_be_made_again(filled: Path, sync: Sync) -> None:
    shown = sync("replay", 3, "--dry-run")

    assert (shown.code, shown.out) == (0, "Nothing would be delivered again.\n")
    assert shown.err == "Event 3 is left out: nothing recognises it.\n"


@pytest.mark.acceptance
def test_a_running_daemon_takes_them_up_by_itself(filled: Path, sync: Sync, crm: Running) -> None:
    port = free_port()
    text = (
        (filled / "bundles.yaml")
        .read_text()
        .replace("settings:", f"settings:\n  listen: 127.0.0.1:{port}\n  retention: {{events: 9000d}}")
    )
    write_bundles(filled, text)

    with running(Program(["run"], filled, port), "/healthz") as daemon:
        shown = sync("replay", "--failed")
        wait_for(lambda: states(filled)[1][2] == "done", "the failed delivery is done", seconds=10)
        code = daemon.stop()

    assert "1 delivery is made again; the daemon takes it up now." in shown.out
    assert (code, len(external_ids(crm))) == (0, 1)
