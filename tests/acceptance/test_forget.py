"""A person is erased beside a running daemon, while leads come in."""

import json
import os
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from tests.acceptance.processes import ROOT, Program, daemon, lead_payload, orders, running, sandbox, wait_for
from tests.acceptance.storm import STORE, Sender, calm, ended

PERSON = 7
PHONE = "74950000007"
FIRST = 40

pytestmark = pytest.mark.acceptance


def test_a_person_is_erased_while_leads_come_in(tmp_path: Path) -> None:
    crm = sandbox(tmp_path)
    program = daemon(tmp_path, crm)
    sender = Sender(program.port)
    stop = Event()

    def go_on() -> int:
        lead = 100
        while not stop.is_set():
            sender.post(lead_payload(lead))
            lead += 1
        return lead - 100

    with running(crm, "/sandbox/health"), running(program, "/readyz"), ThreadPoolExecutor(1) as pool:
        for lead in range(1, FIRST + 1):
            sender.post(lead_payload(lead))
        sender.post({**lead_payload(50), "contact": {"name": "Клиент 7", "phone": "+7 (495) 000-00-07"}})
        wait_for(lambda: ended(tmp_path) == FIRST + 1, "every delivery has ended")
        others = told_of_others(tmp_path)
        meanwhile = pool.submit(go_on)
        receipt = forget(program)
        stop.set()
        came = meanwhile.result()
        wait_for(lambda: ended(tmp_path) == FIRST + 1 + came, "every delivery has ended")
        held = len(orders(crm))

    assert came > 0
    assert (receipt["complete"], receipt["left"], receipt["file"]["state"]) == (True, [], "clean")
    assert [row["ids"]["externalId"] for row in receipt["made"]] == ["utmstat-7", "utmstat-50"]
    assert told_of_others(tmp_path) == others
    assert held == FIRST + 1 + came
    assert b"4950000007" not in raw(tmp_path)
    assert b"000-00-07" not in raw(tmp_path)


def test_a_lead_that_waits_is_kept_and_named(tmp_path: Path) -> None:
    crm = sandbox(tmp_path)
    program = daemon(tmp_path, crm)
    sender = Sender(program.port)

    with running(crm, "/sandbox/health"), running(program, "/readyz"):
        calm(crm, "500=1.0")  # nothing is delivered
        sender.post(lead_payload(PERSON))
        sender.post(lead_payload(8))
        before = forget(program)
        calm(crm)
        wait_for(lambda: ended(tmp_path) == 2, "every delivery has ended")
        after = forget(program)
        made = {order["externalId"] for order in orders(crm)}

    assert (before["complete"], before["events"]) == (False, [])
    assert [each["event"] for each in before["left"]] == [1]
    assert (after["complete"], after["events"]) == (True, [1])
    assert made == {"utmstat-7", "utmstat-8"}
    assert PHONE.encode() not in raw(tmp_path)


def forget(program: Program) -> Any:
    """Forget the person beside the daemon and return the receipt."""
    done = subprocess.run(
        [sys.executable, "-m", "apimonster_cli", "forget", "8 (495) 000-00-07", "--yes", "--json"],
        cwd=program.folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), **program.environment},
        capture_output=True,
        check=False,
        text=True,
    )
    assert done.stdout, done.stderr
    receipt = json.loads(done.stdout)
    assert done.returncode == (0 if receipt["complete"] else 1)
    assert PHONE not in done.stdout + done.stderr
    return receipt


def told_of_others(folder: Path) -> dict[str, list[Any]]:
    """Return all rows that tell of the first leads, but for the person's."""
    queries = {
        "events": "SELECT * FROM events WHERE id <= ? AND id != ? ORDER BY 1",
        "deliveries": "SELECT * FROM deliveries WHERE event_id <= ? AND event_id != ? ORDER BY 1",
        "steps": "SELECT * FROM steps WHERE delivery_id <= ? AND delivery_id != ? ORDER BY 1, 2",
        "transactions": "SELECT * FROM transactions WHERE event_id <= ? AND event_id != ? ORDER BY 1",
    }
    with closing(sqlite3.connect(folder / STORE)) as database:
        return {table: database.execute(query, (FIRST, PERSON)).fetchall() for table, query in queries.items()}


def raw(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in folder.glob(f"{STORE}*"))
