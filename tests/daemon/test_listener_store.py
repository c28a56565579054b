"""The listener on a real store: what is answered is on disk."""

import sqlite3
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from apimonster_cli.connectors import registry
from apimonster_cli.core.clock import SystemClock
from apimonster_cli.store.api import Store
from apimonster_cli.store.open import open_store
from apimonster_cli.store.rows import Accepted, HistoryFilter, NewEvent
from tests.daemon.listening import Listening, bundle, config, connection, listening

SAMPLES = registry.connector("utmstat").catalogue.folder / "samples"
LEAD = (SAMPLES / "new_lead.json").read_bytes()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    kept = open_store("sqlite:///kept.db", base=tmp_path, daemon=True, clock=SystemClock())
    yield kept
    kept.close_store()


@pytest.fixture
def listener(store: Store) -> Iterator[Listening]:
    leads, site = connection("utmstat", name="leads"), connection()
    bundles = [bundle("orders", leads, "utmstat.new_lead"), bundle("notes", leads, "utmstat.new_lead")]
    with listening(config([leads, site], bundles), store) as up:
        yield up


def send(listener: Listening, body: bytes, name: str = "leads", **options: Any) -> Any:
    return listener.send(body, path=f"/hooks/{name}/a-long-hook-token", **options).body


def test_keeps_a_lead_with_its_deliveries(listener: Listening, store: Store) -> None:
    reply = send(listener, LEAD)

    row = store.event(reply["event"])
    assert row
    assert (row.event, row.status, row.payload) == ("utmstat.new_lead", "accepted", LEAD.decode())
    assert sorted(row.deliveries) == ["notes", "orders"]


def test_says_that_a_repeat_is_one(listener: Listening, store: Store) -> None:
    first = send(listener, LEAD)
    again = send(listener, LEAD)

    assert again == {"status": "duplicate", "event": first["event"]}
    assert len(store.events(HistoryFilter())) == 1


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b'{"what": "\\u0000 \\ud800"}', None, "unmatched"),
        (b"what=%00%ff&\0=\xff", {"Content-Type": "application/x-www-form-urlencoded"}, "unmatched"),
        (b'{"broken": "\0', None, "rejected"),
        (b"\xff\xfe\0\0", {"Content-Type": "text/plain"}, "rejected"),
        (b"<lead>\0</lead>", {"Content-Type": "application/xml"}, "rejected"),
    ],
)
def test_keeps_strange_bodies(
    listener: Listening, store: Store, body: bytes, headers: dict[str, str] | None, status: str
) -> None:
    reply = send(listener, body, headers=headers)

    row = store.event(reply["event"])
    assert row
    assert row.status == status
    assert row.reason
    assert body in (row.body, (row.payload or "").encode())


def test_keeps_strange_headers_and_queries(listener: Listening, store: Store) -> None:
    path = "/hooks/site/a-long-hook-token?a[b]=%00%ff"
    reply = listener.send(b"[7]", path=path, headers={"X-Name": "\xff"})

    row = store.event(reply.body["event"])
    assert row
    assert row.headers["x-name"] == "\xff"
    assert row.query == {"a": {"b": "\0я"}}


def test_two_hundred_at_once_share_their_commits(listener: Listening, store: Store, tmp_path: Path) -> None:
    came = threading.Semaphore(0)
    all_there = threading.Event()
    commits: list[None] = []
    accept = store.accept

    def counted(event: NewEvent) -> "Future[Accepted]":
        future = accept(event)
        came.release()
        return future

    def held() -> None:  # in the writer's thread, after each commit: the others gather behind the first
        commits.append(None)
        all_there.wait(20)

    store.accept = counted  # type: ignore[method-assign]
    store.on_work(held)

    def lead(number: int) -> int:
        reply = send(listener, LEAD.replace(b'"id": 700101', b'"id": %d' % number))
        assert reply["status"] == "accepted"
        with closing(sqlite3.connect(tmp_path / "kept.db")) as other:
            found = other.execute("select count(*) from events where id = ?", (reply["event"],)).fetchone()[0]
        return int(found)

    with ThreadPoolExecutor(200) as senders:
        found = [senders.submit(lead, number) for number in range(1, 201)]
        for _ in found:
            assert came.acquire(timeout=60)
        all_there.set()
        kept = [each.result(60) for each in found]

    assert kept == [1] * 200
    assert len(commits) <= 3
