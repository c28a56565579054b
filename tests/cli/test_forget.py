"""`sync forget`: what is asked, what is erased, and what the receipt says."""

import io
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from apimonster_cli.core.clock import SystemClock
from apimonster_cli.store.api import Store
from apimonster_cli.store.lock import DaemonLock
from apimonster_cli.store.open import open_store
from apimonster_cli.store.rows import NewEvent
from tests.cli.conftest import Sync
from tests.cli.filled import NOON, fill, write_bundles

PHONE, OTHER = "74950000012", "74950000013"
RECEIPT_KEYS = {
    "at",
    "looked_for",
    "complete",
    "erased",
    "events",
    "left",
    "file",
    "made",
    "called",
    "copies",
    "elsewhere",
}
TABLES = {"events", "deliveries", "steps", "transactions", "pulled", "versions", "cursors", "pauses"}


@pytest.fixture
def filled(folder: Path) -> Path:
    fill(folder)
    return folder


def opened(folder: Path) -> Store:
    return open_store("sqlite:///apimonster.db", base=folder, daemon=True, clock=SystemClock())


def waiting(folder: Path, phone: str) -> None:
    """Put an event of somebody into the store that is still to be delivered."""
    store = opened(folder)
    payload = f'{{"contact":{{"phone":"{phone}"}}}}'
    store.accept(NewEvent("site-leads", "utmstat.new_lead", "accepted", NOON, payload, bundles=("leads",))).result()
    store.close_store()


def answer(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr("sys.stdin", Terminal(text))


@pytest.mark.parametrize("who", ["8 (495) 000-00-12", PHONE, "4950000012"])
def test_a_person_is_erased_and_the_others_stay(filled: Path, sync: Sync, who: str) -> None:
    shown = sync("forget", who, "--yes")

    rows = {row["id"]: row for row in sync("history", "--json", "--reveal").json_lines()}
    assert shown.code == 0
    assert "+7 495 •••-••-12 is in 1 event (1), of 2026-03-01 12:01:00, with 1 delivery and 2 calls." in shown.out
    assert "nothing is left in its bytes" in shown.out
    assert (rows[1]["status"], rows[1]["payload"], rows[1]["deliveries"]) == ("forgotten", None, {"leads": "done"})
    assert (rows[2]["status"], rows[2]["payload"]["contact"]["phone"]) == ("accepted", OTHER)
    assert PHONE.encode() not in (filled / "apimonster.db").read_bytes()


def test_the_receipt_says_what_is_left_where_and_names_nobody(filled: Path, sync: Sync) -> None:
    sync("backup")
    (filled / "apimonster.db.0003.bak").write_bytes((filled / "apimonster.db").read_bytes())

    shown = sync("forget", "+7 495 000 00 12", "--yes")

    lines = [" ".join(line.split()) for line in shown.out.splitlines()]
    assert "looked for +7 495 •••-••-12" in lines
    assert "erased 1 event, 1 delivery, 2 steps, 2 transactions" in lines
    assert "called crm" in lines
    assert "1 leads retailcrm.create_order id 17, number 17A" in lines
    (copies,) = [line for line in lines if line.startswith("copies of the store beside it: ")]
    assert "apimonster.db.0003.bak" in copies
    assert "apimonster-" in copies
    assert "4950000012" not in shown.out + shown.err


def test_the_receipt_as_json(filled: Path, sync: Sync) -> None:
    shown = sync("forget", PHONE, "--yes", "--json")

    receipt = shown.json()
    assert shown.code == 0
    assert set(receipt) == RECEIPT_KEYS
    assert set(receipt["erased"]) == TABLES
    assert receipt["looked_for"] == "+7 495 •••-••-12"
    assert (receipt["complete"], receipt["events"], receipt["left"]) == (True, [1], [])
    assert receipt["erased"] | {"steps": 2, "transactions": 2} == receipt["erased"]
    assert receipt["file"] == {"state": "clean", "said": "nothing is left in its bytes"}
    assert receipt["made"] == [
        {"event": 1, "bundle": "leads", "action": "retailcrm.create_order", "ids": {"id": 17, "number": "17A"}}
    ]
    assert receipt["called"] == ["crm"]
    assert receipt["copies"] == []
    assert PHONE not in shown.out


def test_failed_deliveries_are_given_up_and_that_is_said(filled: Path, sync: Sync) -> None:
    shown = sync("forget", OTHER, "--yes")

    again = sync("replay", 2)
    assert "1 delivery failed: once erased" in shown.out
    assert again.code == 1
    assert "Event 2 is left out: what was in it was erased by sync forget." in again.err


def test_a_forgotten_event_can_be_shown(filled: Path, sync: Sync) -> None:
    sync("forget", PHONE, "--yes")

    shown = sync("show", 1)
    assert shown.code == 0
    assert "forgotten" in shown.out
    assert "No bundle takes this event" not in shown.out
    assert [row["id"] for row in sync("history", "--status", "forgotten", "--json").json_lines()] == [1]


def test_what_is_still_to_be_delivered_is_left(filled: Path, sync: Sync) -> None:
    waiting(filled, PHONE)

    shown = sync("forget", PHONE, "--yes")
    receipt = sync("forget", PHONE, "--yes", "--json")

    assert shown.code == receipt.code == 1
    assert "Still to be delivered, and therefore left: 5." in shown.out
    assert "event 5 (leads: waiting); sync show 5 tells what it waits for" in shown.out
    assert receipt.json()["left"] == [{"event": 5, "deliveries": {"leads": "waiting"}}]
    assert receipt.json()["file"]["state"] == "left"
    assert receipt.json()["complete"] is False


def test_nobody_is_a_receipt_too(filled: Path, sync: Sync) -> None:
    before = (filled / "apimonster.db").read_bytes()

    shown = sync("forget", "nobody@example.com")

    assert shown.code == 0
    assert "Nobody with n•••@example.com is in the store." in shown.out
    assert "erased      nothing" in shown.out
    assert (filled / "apimonster.db").read_bytes() == before


@pytest.mark.parametrize(("said", "status"), [("y\n", "forgotten"), ("n\n", "accepted")])
def test_a_person_is_asked_before_anything_is_erased(
    filled: Path, sync: Sync, monkeypatch: pytest.MonkeyPatch, said: str, status: str
) -> None:
    answer(monkeypatch, said)

    shown = sync("forget", PHONE)

    assert "Erase it for good?" in shown.err
    assert shown.code == (0 if status == "forgotten" else 1)
    assert sync("history", "--json").json_lines()[-1]["status"] == status


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([PHONE], "say --yes"),
        ([PHONE, "--json"], "say --yes"),
        (["12"], "neither a phone nor an e-mail"),
        (["a@b"], "no e-mail"),
    ],
)
def test_what_cannot_be_done_erases_nothing(filled: Path, sync: Sync, arguments: list[str], words: str) -> None:
    shown = sync("forget", *arguments)

    assert shown.code == 2
    assert words in shown.err
    assert {row["status"] for row in sync("history", "--json").json_lines()} == {"accepted", "unmatched", "rejected"}


def test_a_reader_that_holds_the_log_is_told_of(filled: Path, sync: Sync, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apimonster_cli.engine.forget._LOG_PATIENCE", timedelta(seconds=0.2))
    with closing(sqlite3.connect(filled / "apimonster.db", isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM events").fetchone()

        shown = sync("forget", PHONE, "--yes", "--json")

    assert shown.code == 1
    assert (shown.json()["file"]["state"], shown.json()["events"]) == ("log", [1])
    assert sync("forget", PHONE, "--json").json()["complete"] is True


@pytest.mark.parametrize(("small", "state"), [(0, "pages"), (64 * 1024 * 1024, "clean")])
def test_unused_parts_of_a_great_store_wait_for_the_end_of_the_daemon(
    filled: Path, sync: Sync, monkeypatch: pytest.MonkeyPatch, small: int, state: str
) -> None:
    monkeypatch.setattr("apimonster_cli.store.remains._SMALL", small)
    with closing(sqlite3.connect(filled / "apimonster.db", isolation_level=None)) as database:
        database.execute("PRAGMA secure_delete = OFF")
        database.execute("CREATE TABLE old (a)")
        database.execute("INSERT INTO old VALUES (?)", (PHONE,))
        database.execute("DELETE FROM old")
    daemon = DaemonLock(filled / "apimonster.db")

    beside = sync("forget", PHONE, "--yes", "--json")
    daemon.release()

    assert (beside.code, beside.json()["file"]["state"]) == (int(state != "clean"), state)
    assert sync("forget", PHONE, "--json").json()["file"]["state"] == "clean"


def test_without_a_store_there_is_nobody_to_forget(folder: Path, sync: Sync) -> None:
    write_bundles(folder)

    shown = sync("forget", PHONE, "--yes")

    assert shown.code == 1
    assert "no history yet" in shown.err
