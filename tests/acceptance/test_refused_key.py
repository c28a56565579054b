"""The CRM refuses the key: everything that tells how the program stands says so, and says when a changed file has mended it."""

import html
import http.client
import os
import re
import signal
import subprocess
import sys
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.acceptance.oracle import complaints
from tests.acceptance.processes import ROOT, Program, free_port, get, lead_payload, running, sandbox, wait_for
from tests.acceptance.storm import STORE, Sender, daemon, ended, holdings, requests, world
from tests.daemon.watched import samples

LEADS = 5
WHY = "RetailCRM does not know the key"
PAUSED = "connection_paused{connection=crm}"

pytestmark = pytest.mark.acceptance


@dataclass(frozen=True)
class Told:
    """What each of the five says of the connection: True for paused, False for working."""

    history: bool
    log: bool
    metrics: bool
    readyz: bool
    page: bool


def test_a_refused_key_is_told_everywhere_until_a_changed_file_mends_it(tmp_path: Path) -> None:
    crm = sandbox(tmp_path)
    program = daemon(tmp_path, crm)
    admin = free_port()
    file = tmp_path / "bundles.yaml"
    good = file.read_text(encoding="utf-8").replace("settings:\n", f"settings:\n  admin: 127.0.0.1:{admin}\n")
    wrong = good.replace("${CRM_KEY}", "a-key-of-yesterday")
    file.write_text(wrong, encoding="utf-8")
    (tmp_path / "kept.yaml").write_text(good, encoding="utf-8")  # for history to read while the other has a mistake
    sender = Sender(program.port)

    with running(crm, "/sandbox/health"), running(program, "/readyz"):
        before = told(program, admin)
        for lead in range(1, LEADS + 1):
            sender.post(lead_payload(lead))
        wait_for(lambda: samples(fetch(admin, "/metrics"))[PAUSED] == 1, "the pause")
        wait_for(lambda: "leads: waiting" in fetch_words(admin), "deliveries that wait")
        paused = told(program, admin)
        calls_of_paused = requests(crm)["total"]

        write(file, wrong.replace("retailcrm.create_order", "retailcrm.create_ordre"))
        assert program.process
        program.process.send_signal(signal.SIGHUP)
        wait_for(lambda: samples(fetch(admin, "/metrics"))["last_reload_successful"] == 0, "the mistake to be told")
        mistaken = told(program, admin)
        mistake_shown = "were not taken over" in fetch_words(admin)

        write(file, good)
        wait_for(lambda: ended(tmp_path) == LEADS, "every delivery has ended", seconds=60)
        wait_for(lambda: "connection works again" in program.log(), "the end of the pause in the log")
        working = told(program, admin)
        figures = samples(fetch(admin, "/metrics"))
        held = holdings(crm)

    assert before == working == Told(*[False] * 5)
    assert paused == mistaken == Told(*[True] * 5)
    assert mistake_shown
    assert 1 <= calls_of_paused <= LEADS
    assert figures["last_reload_successful"] == 1
    assert figures["deliveries_total{bundle=leads,outcome=done}"] == LEADS
    assert figures["deliveries_open{bundle=leads,state=waiting}"] == 0
    assert complaints(world(tmp_path / STORE, held, sender.acknowledged)) == []


def told(program: Program, admin: int) -> Told:
    """Return what each of the five says."""
    pauses = get(program.port, "/readyz")[1]["paused"]
    assert all(pause["reason"].startswith(WHY) and pause["since"] for pause in pauses)
    page = fetch_words(admin)
    lines = [
        line
        for line in (program.folder / "run.log").read_text(encoding="utf-8").splitlines()
        if '"connection": "crm"' in line
    ]
    last = next((line for line in reversed(lines) if "working key" in line or "works again" in line), "")
    return Told(
        history=history_says_so(program),
        log="connection paused, its deliveries wait for a working key" in last,
        metrics=samples(fetch(admin, "/metrics"))[PAUSED] == 1,
        readyz=[pause["connection"] for pause in pauses] == ["crm"],
        page="paused since" in page and WHY in page,
    )


def history_says_so(program: Program) -> bool:
    """Return whether `sync history` tells that deliveries wait for the connection, and why."""
    command = [sys.executable, "-m", "apimonster_cli", "history", "--config", "kept.yaml"]
    done = subprocess.run(
        command,
        cwd=program.folder,
        env={**os.environ, "NO_COLOR": "1", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    return "leads: waiting (crm paused)" in done.stdout and "crm is paused since" in done.stderr and WHY in done.stderr


def write(file: Path, text: str) -> None:
    """Change the file at once, as an editor does that saves beside and renames."""
    beside = file.with_suffix(".new")
    beside.write_text(text, encoding="utf-8")
    beside.replace(file)


def fetch(port: int, path: str) -> str:
    """Return the text of a GET on loopback."""
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=10)) as connection:
        connection.request("GET", path)
        answer = connection.getresponse()
        assert answer.status == 200
        return answer.read().decode()


def fetch_words(port: int) -> str:
    """Return the page as text."""
    return html.unescape(" ".join(re.sub(r"<[^>]*>", "", fetch(port, "/")).split()))
