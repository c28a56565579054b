"""`sync history`, `sync show`, `sync transactions`: what came in, what was sent, what was answered."""

import csv
import io
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from apimonster_cli.cli import output
from apimonster_cli.core.clock import SystemClock
from apimonster_cli.store import dialect
from apimonster_cli.store.lock import DaemonLock
from apimonster_cli.store.open import open_store
from tests.cli.conftest import Sync
from tests.cli.filled import KEY, TOKEN, fill, write_bundles

EVENT_KEYS = {
    "id",
    "received_at",
    "connection",
    "event",
    "object_key",
    "version",
    "status",
    "waits_for",
    "reason",
    "repeats",
    "deliveries",
    "payload",
}
DELIVERY_KEYS = {
    "id",
    "event_id",
    "bundle",
    "object_key",
    "state",
    "attempt",
    "created_at",
    "due_at",
    "closed_at",
    "error",
    "steps",
    "transactions",
    "waits_for",
}
STEP_KEYS = {"step", "position", "action", "outcome", "ended_at", "fields", "origins", "output", "error"}
TRANSACTION_KEYS = {
    "id",
    "delivery_id",
    "event_id",
    "bundle",
    "step",
    "connection",
    "action",
    "method",
    "url",
    "writes",
    "state",
    "status",
    "request",
    "answer",
    "error",
    "sent_at",
    "ended_at",
    "duration_ms",
}


@pytest.fixture
def filled(folder: Path) -> Path:
    fill(folder)
    return folder


def test_history_lists_the_newest_first(filled: Path, sync: Sync) -> None:
    shown = sync("history", "--json")

    rows = shown.json_lines()
    assert shown.code == 0
    assert shown.err == ""
    assert [row["id"] for row in rows] == [4, 3, 2, 1]
    assert all(set(row) == EVENT_KEYS for row in rows)
    assert [row["status"] for row in rows] == ["rejected", "unmatched", "accepted", "accepted"]
    assert rows[3]["deliveries"] == {"leads": "done"}
    assert rows[3]["received_at"] == "2026-03-01T09:01:00+00:00"
    assert rows[0]["payload"] == "{br"


def test_history_keeps_every_digit(filled: Path, sync: Sync) -> None:
    shown = sync("history", "--json")

    assert '"sum":51300.00' in shown.out


def test_history_for_people_is_in_their_time_zone(filled: Path, sync: Sync) -> None:
    shown = sync("history")

    assert "2026-03-01 12:01:00" in shown.out
    assert "leads: done" in shown.out
    assert "nothing knows it" in shown.out
    assert "\x1b[" not in shown.out


@pytest.mark.parametrize(
    ("arguments", "ids"),
    [
        (["--status", "failed"], [2]),
        (["--status", "rejected"], [4]),
        (["--bundle", "leads"], [2, 1]),
        (["--connection", "site-leads", "--limit", "2"], [4, 3]),
        (["--search", "74950000013"], [2]),
        (["--since", "2026-03-01T12:03"], [4, 3]),
        (["--since", "2026-03-01T09:02+00:00"], [4, 3, 2]),
        (["--since", "1s"], []),
    ],
)
def test_history_is_filtered(filled: Path, sync: Sync, arguments: list[str], ids: list[int]) -> None:
    shown = sync("history", "--json", *arguments)

    assert [row["id"] for row in shown.json_lines()] == ids


def test_an_event_that_no_bundle_takes_says_so_and_how_often_it_came(filled: Path, sync: Sync) -> None:
    with closing(sqlite3.connect(filled / "apimonster.db")) as database, database:
        database.execute("UPDATE events SET status = 'accepted', reason = NULL, repeats = 1 WHERE id = 3")

    listed, shown = sync("history"), sync("show", "3")

    (line,) = (line for line in listed.out.splitlines() if line.startswith("3 "))
    assert line.rstrip().endswith("accepted (+1 repeated)  no bundle takes it")
    assert "repeated    once\n" in shown.out


def test_history_says_when_nothing_is_there(filled: Path, sync: Sync) -> None:
    shown = sync("history", "--connection", "elsewhere")

    assert (shown.code, shown.out, shown.err) == (0, "", "No such events.\n")


def test_a_history_without_events_says_where_they_come_from(folder: Path, sync: Sync) -> None:
    write_bundles(folder)
    open_store("sqlite:///apimonster.db", base=folder, daemon=True, clock=SystemClock()).close_store()

    shown = sync("history")

    assert shown.code == 0
    assert "sync urls" in shown.err


def test_what_strangers_sent_does_not_command_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    output.block("name=\x1b[2Jhello\x9b\r\nlast\tline")
    output.table(("value",), [["\x1b]0;title\x07"]])

    shown = capsys.readouterr().out
    assert "name=\\x1b[2Jhello\\x9b\n    last\tline" in shown
    assert "\\x1b]0;title\\x07" in shown
    assert "\x1b" not in shown


def test_the_narrow_columns_of_a_table_stay_whole(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "50")

    output.table(("id", "sent", "why"), [[1, "2026-03-01 12:01:00", "no event of Utmstat " * 3]], whole=("id", "sent"))

    assert "2026-03-01 12:01:00" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["history", "--status", "broken"], "choose one of"),
        (["history", "--since", "yesterday"], "2026-03-01"),
        (["transactions", "--status", "broken"], "HTTP status"),
    ],
)
def test_a_filter_that_makes_no_sense_is_a_usage_error(
    filled: Path, sync: Sync, arguments: list[str], words: str
) -> None:
    shown = sync(*arguments)

    assert shown.code == 2
    assert words in shown.err


def test_show_as_json_has_everything(filled: Path, sync: Sync) -> None:
    shown = sync("show", 1, "--json", "--reveal")

    event = shown.json()
    (delivery,) = event["deliveries"]
    (step,) = delivery["steps"]
    (transaction,) = delivery["transactions"]
    assert set(event) == EVENT_KEYS | {"change", "content_type", "query", "headers", "remote"}
    assert set(delivery) == DELIVERY_KEYS
    assert set(step) == STEP_KEYS
    assert set(transaction) == TRANSACTION_KEYS
    assert event["payload"]["contact"] == {"phone": "74950000012"}
    assert step["origins"] == {"phone": "path contact.phone", "status": "constant"}
    assert transaction["duration_ms"] == 35


def test_show_reads_well(filled: Path, sync: Sync) -> None:
    shown = sync("show", 1, "--reveal")

    lines = [" ".join(line.split()) for line in shown.out.splitlines()]
    assert shown.code == 0
    assert "Event 1: utmstat.new_lead" in lines
    assert "Delivery 1 through leads: done" in lines
    assert "Step order (retailcrm.create_order): done" in lines
    assert "phone 74950000012 path contact.phone" in lines
    assert "status new constant" in lines
    assert "order = {" in lines
    assert '"number": "17A"' in lines
    assert "answer: 201, 35 ms" in lines


def test_show_tells_why_a_delivery_failed(filled: Path, sync: Sync) -> None:
    shown = sync("show", 2)

    assert "Delivery 2 through leads: failed" in shown.out
    assert "RetailCRM refuses the order: Order is not loaded" in shown.out
    assert "answer: 400" in shown.out


def test_show_of_an_event_without_a_bundle(filled: Path, sync: Sync) -> None:
    shown = sync("show", 3)

    assert "Event 3: unmatched" in shown.out
    assert "No bundle takes this event." in shown.out


def test_show_of_an_unknown_event(filled: Path, sync: Sync) -> None:
    shown = sync("show", 99)

    assert shown.code == 1
    assert shown.err == "Error: there is no event 99; sync history lists the events that are there\n"


def test_transactions_as_json(filled: Path, sync: Sync) -> None:
    shown = sync("transactions", "--json")

    rows = shown.json_lines()
    assert [row["event_id"] for row in rows] == [2, 1]
    assert all(set(row) == TRANSACTION_KEYS for row in rows)
    assert rows[1]["status"] == 201
    assert rows[0]["error"] == "RetailCRM refuses the order: Order is not loaded"


def test_transactions_as_csv(filled: Path, sync: Sync) -> None:
    shown = sync("transactions", "--csv")

    rows = list(csv.DictReader(io.StringIO(shown.out)))
    assert set(rows[0]) == TRANSACTION_KEYS
    assert [row["status"] for row in rows] == ["400", "201"]
    assert rows[1]["sent_at"] == "2026-03-01T10:00:00+00:00"


def test_transactions_for_people(filled: Path, sync: Sync) -> None:
    shown = sync("transactions")

    assert "crm: POST /api/v5/orders/create" in shown.out
    assert "400: RetailCRM refuses the order" in shown.out


@pytest.mark.parametrize(
    ("arguments", "events"),
    [
        (["--status", "400"], [2]),
        (["--status", "answered"], [2, 1]),
        (["--status", "unknown"], []),
        (["--event", "1"], [1]),
        (["--search", "17A"], [1]),
        (["--connection", "crm", "--limit", "1"], [2]),
    ],
)
def test_transactions_are_filtered(filled: Path, sync: Sync, arguments: list[str], events: list[int]) -> None:
    shown = sync("transactions", "--json", *arguments)

    assert [row["event_id"] for row in shown.json_lines()] == events


def test_no_secret_is_shown(filled: Path, sync: Sync) -> None:
    everything = [
        sync("history"),
        sync("history", "--json"),
        sync("show", 1),
        sync("show", 1, "--json"),
        sync("transactions", "--json"),
        sync("check", "--json"),
    ]

    assert all(TOKEN not in shown.out + shown.err and KEY not in shown.out + shown.err for shown in everything)


@pytest.mark.parametrize("arguments", [["history"], ["show", "1"], ["transactions"], ["prune"]])
def test_without_a_store_there_is_no_history_yet(folder: Path, sync: Sync, arguments: list[str]) -> None:
    write_bundles(folder)

    shown = sync(*arguments)

    assert shown.code == 1
    assert "no history yet" in shown.err
    assert not (folder / "apimonster.db").exists()


def test_prune_deletes_what_is_older_than_retention(filled: Path, sync: Sync) -> None:
    shown = sync("prune")

    left = sync("history", "--json").json_lines()
    assert shown.code == 0
    assert "events older than 14d" in shown.out
    assert [row["id"] for row in left] == [2]  # its delivery has failed: it stays until somebody deals with it


def test_prune_writes_the_store_anew(filled: Path, sync: Sync) -> None:
    store = filled / "apimonster.db"
    with closing(sqlite3.connect(store, isolation_level=None)) as database:
        database.execute("PRAGMA auto_vacuum = NONE")
        database.execute("VACUUM")
        database.execute("CREATE TABLE much AS SELECT randomblob(1000000) AS bytes")
        database.execute("DROP TABLE much")
    before = store.stat().st_size

    shown = sync("prune", "--compact")

    with closing(sqlite3.connect(store)) as database:
        (shrinks,) = database.execute("PRAGMA auto_vacuum").fetchone()
    assert shown.code == 0
    assert "MiB long and is 0." in shown.out
    assert store.stat().st_size < before - 900_000
    assert shrinks == 2  # from now on by itself
    assert store.stat().st_mode & 0o777 == 0o600


def test_prune_writes_nothing_anew_beside_a_daemon(filled: Path, sync: Sync) -> None:
    lock = DaemonLock(filled / "apimonster.db")

    shown = sync("prune", "--compact")

    lock.release()
    assert shown.code == 1
    assert "stop it first" in shown.err


def test_prune_tells_of_a_reader_that_does_not_end(filled: Path, sync: Sync, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dialect, "LONGEST_LOG", -1)
    with closing(sqlite3.connect(filled / "apimonster.db")) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT 1 FROM store").fetchone()
        shown = sync("prune")

    assert "0 rows deleted" in shown.out
    assert "has been reading the store for a long time" in shown.err


def test_files_elsewhere_are_named_with_config(
    filled: Path, sync: Sync, tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    fill(elsewhere)

    shown = sync("history", "--config", elsewhere / "bundles.yaml", "--json")

    assert len(shown.json_lines()) == 4
