"""One daemon and another, the same webhook many times at once, a pause past every lease, a restart with much to do."""

import json
import signal
import sqlite3
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

from apimonster_cli.core.clock import SystemClock
from apimonster_cli.store.open import open_store
from apimonster_cli.store.rows import NewEvent
from tests.acceptance.oracle import complaints
from tests.acceptance.processes import Program, ending, free_port, get, lead_payload, running, sandbox, wait_for
from tests.acceptance.storm import (
    STORE,
    Sender,
    calm,
    daemon,
    ended,
    holdings,
    orders_of,
    requests,
    status_payload,
    world,
)

SHORT_LEASE = """\
import datetime
from apimonster_cli.daemon import worker
worker.LEASE = datetime.timedelta(seconds=1)
from apimonster_cli.cli.main import main
main()
"""
READY_SECONDS = 5

pytestmark = pytest.mark.acceptance


def test_the_same_webhook_at_one_moment_is_one_event(tmp_path: Path) -> None:
    crm = sandbox(tmp_path)
    program = daemon(tmp_path, crm)
    leads, times = 5, 20
    sender = Sender(program.port)
    together = threading.Barrier(times)

    def post(lead: int) -> None:
        together.wait()
        sender.post(lead_payload(lead))

    with running(crm, "/sandbox/health"), running(program, "/readyz"), ThreadPoolExecutor(times) as pool:
        list(pool.map(post, [lead for lead in range(1, leads + 1) for _ in range(times)]))
        wait_for(lambda: ended(tmp_path) == leads, "every delivery has ended")
        held = holdings(crm)

    assert len(sender.acknowledged) == leads
    assert sender.repeats == leads * (times - 1)
    assert complaints(world(tmp_path / STORE, held, sender.acknowledged)) == []


def test_a_change_that_comes_before_its_lead_waits_to_be_replayed(tmp_path: Path) -> None:
    crm = sandbox(tmp_path)
    program = daemon(tmp_path, crm)
    sender = Sender(program.port)

    with running(crm, "/sandbox/health"), running(program, "/readyz"):
        sender.post(status_payload(1, 5))
        wait_for(lambda: ended(tmp_path) == 1, "the change has ended")
        sender.post(lead_payload(1))
        wait_for(lambda: ended(tmp_path) == 2, "the lead has ended")
        before = states(tmp_path)
        replay = Program(["replay", "--failed"], tmp_path, 0)
        replay.launch()
        code = replay.ended()
        wait_for(lambda: states(tmp_path) == ["done", "done"], "the change has been made")
        held = holdings(crm)

    assert before == ["failed", "done"]
    assert code == 0
    assert [order["managerComment"] for order in held.orders] == ["Статус 5"]
    assert len(held.notes) == 2
    made_in_the_end = orders_of({1: lead_payload(1), 2: status_payload(1, 5)})
    whole = world(tmp_path / STORE, held, sender.acknowledged)
    assert complaints(replace(whole, wanted=made_in_the_end)) == []


def test_a_second_daemon_on_one_file_says_so_and_leaves_it_alone(tmp_path: Path) -> None:
    crm = sandbox(tmp_path)
    first = daemon(tmp_path, crm)
    sender = Sender(first.port)

    with running(crm, "/sandbox/health"), running(first, "/readyz"):
        port = free_port()
        text = (tmp_path / "bundles.yaml").read_text(encoding="utf-8").replace(str(first.port), str(port))
        (tmp_path / "second.yaml").write_text(text, encoding="utf-8")
        second = Program(["run", "second.yaml"], tmp_path, port)
        second.launch()
        code = second.ended()
        sender.post(lead_payload(1))
        wait_for(lambda: ended(tmp_path) == 1, "the delivery has ended")
        held = holdings(crm)

    assert code == 1
    assert f"another daemon (process {first.process.pid if first.process else 0}) is using" in second.log()
    assert complaints(world(tmp_path / STORE, held, sender.acknowledged)) == []


def test_a_daemon_paused_past_its_leases_calls_nothing_twice(tmp_path: Path) -> None:
    crm = sandbox(tmp_path, faults="latency=400ms")
    program = daemon(tmp_path, crm)
    program.python = ["-c", SHORT_LEASE]
    sender = Sender(program.port)
    leads = 8

    with running(crm, "/sandbox/health"), running(program, "/readyz"):
        assert program.process
        for lead in range(1, leads + 1):
            sender.post(lead_payload(lead))
        wait_for(lambda: requests(crm)["total"] >= 3, "calls are under way")
        program.process.send_signal(signal.SIGSTOP)
        threading.Event().wait(2.5)
        program.process.send_signal(signal.SIGCONT)
        wait_for(lambda: ended(tmp_path) == leads, "every delivery has ended")
        calm(crm)
        held = holdings(crm)

    created = Counter(
        json.loads(row["parameters"]["order"])["phone"] for row in held.requests if is_create(row["path"])
    )
    assert set(created.values()) == {1}
    assert complaints(world(tmp_path / STORE, held, sender.acknowledged)) == []


def test_a_worker_paused_past_its_leases_is_fenced_off(tmp_path: Path) -> None:
    leads = 12
    acknowledged = fill(tmp_path, leads)
    crm = sandbox(tmp_path, faults="latency=300ms")
    daemon(tmp_path, crm)
    paused, other = (
        Program([name, "bundles.yaml", "1"], tmp_path, 0, python=["-m", "tests.acceptance.lone_worker"])
        for name in ("paused", "other")
    )

    with running(crm, "/sandbox/health"), ending(paused), ending(other):
        paused.launch()
        wait_for(lambda: requests(crm)["total"] >= 3, "calls are under way")
        assert paused.process
        paused.process.send_signal(signal.SIGSTOP)
        taken = held_by("paused", tmp_path)
        other.launch()
        wait_for(lambda: bool(taken & held_by("other", tmp_path)), "the other one has taken some over")
        paused.process.send_signal(signal.SIGCONT)
        wait_for(lambda: "in other hands" in paused.log(), "the paused one has seen that it is late")
        wait_for(lambda: ended(tmp_path) == leads, "every delivery has ended")
        paused.stop()
        other.stop()
        held = holdings(crm)

    assert "in other hands" not in other.log()
    assert complaints(world(tmp_path / STORE, held, acknowledged)) == []


def states(folder: Path) -> list[str]:
    """Return the states of all deliveries, in the order of their events."""
    with closing(sqlite3.connect(folder / STORE)) as database:
        return [state for (state,) in database.execute("SELECT state FROM deliveries ORDER BY event_id")]


def held_by(worker: str, folder: Path) -> set[int]:
    """Return the deliveries that a worker holds."""
    query = "SELECT id FROM deliveries WHERE state = 'running' AND worker = ?"
    with closing(sqlite3.connect(folder / STORE)) as database:
        return {number for (number,) in database.execute(query, (worker,))}


def is_create(path: str) -> bool:
    return path == "/api/v5/orders/create"


def test_a_restart_with_deliveries_waiting_takes_webhooks(tmp_path: Path) -> None:
    restart(tmp_path, waiting=2000)


@pytest.mark.slow
def test_a_restart_with_100_000_deliveries_waiting_is_ready_in_time(tmp_path: Path) -> None:
    seconds = restart(tmp_path, waiting=100_000)

    print(f"\nready after {seconds:.1f} s")  # noqa: T201  # the figure of a long run
    assert seconds < READY_SECONDS


def restart(folder: Path, *, waiting: int) -> float:
    """Fill a store, start the daemon on it beside a CRM that is down, and return the seconds until it was ready."""
    fill(folder, waiting)
    crm = sandbox(folder, faults="maintenance=1")
    program = daemon(folder, crm)
    sender = Sender(program.port)

    with running(crm, "/sandbox/health"):
        began = monotonic()
        with running(program, "/readyz"):
            seconds = monotonic() - began
            sender.post(lead_payload(waiting + 1))
            status, _ = get(program.port, "/readyz")

    assert status == 200
    assert len(sender.acknowledged) == 1
    assert deliveries(folder) == waiting + 1
    return seconds


def fill(folder: Path, count: int) -> dict[int, dict[str, Any]]:
    """Make a store in which so many leads wait; return them by the numbers of their events."""
    store = open_store(f"sqlite:///{STORE}", base=folder, daemon=True, clock=SystemClock())
    now = datetime.now(UTC)
    kept = [
        store.accept(
            NewEvent(
                connection="site-leads",
                event="utmstat.new_lead",
                status="accepted",
                received_at=now,
                payload=json.dumps(lead_payload(lead)),
                object_key=str(lead),
                repeat_key="new_lead",
                bundles=("leads",),
            )
        )
        for lead in range(1, count + 1)
    ]
    acknowledged = {each.result().event_id: lead_payload(lead) for lead, each in enumerate(kept, start=1)}
    store.close_store()
    return acknowledged


def deliveries(folder: Path) -> int:
    with closing(sqlite3.connect(folder / STORE)) as database:
        return int(database.execute("SELECT count(*) FROM deliveries").fetchone()[0])
