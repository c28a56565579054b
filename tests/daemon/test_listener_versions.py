"""SalesDrive's orders at the listener, in and out of their order: what is delivered on a real store."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from apimonster_cli.connectors import registry
from apimonster_cli.core.clock import SystemClock
from apimonster_cli.store.api import Store
from apimonster_cli.store.open import open_store
from apimonster_cli.store.rows import EventRow, HistoryFilter
from tests.daemon.listening import Listening, bundle, config, connection, listening

SAMPLES = registry.connector("salesdrive").catalogue.folder / "samples"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    kept = open_store("sqlite:///kept.db", base=tmp_path, daemon=True, clock=SystemClock())
    yield kept
    kept.close_store()


@pytest.fixture
def listener(store: Store) -> Iterator[Listening]:
    dropping = connection("salesdrive", name="shop")
    delivering = connection("salesdrive", name="loose", stale="deliver")
    events = ("salesdrive.new_order", "salesdrive.status_change")
    bundles = [bundle("orders", dropping, *events), bundle("all", delivering, *events)]
    with listening(config([dropping, delivering], bundles), store) as up:
        yield up


def sample(name: str, version: int | None = None) -> bytes:
    payload: Any = json.loads((SAMPLES / f"{name}.json").read_bytes())
    if version is not None:
        payload["data"]["version"] = version
    return json.dumps(payload).encode()


def send(listener: Listening, body: bytes, name: str) -> Any:
    return listener.send(body, path=f"/hooks/{name}/a-long-hook-token").body


def in_order(store: Store) -> list[EventRow]:
    return store.events(HistoryFilter())[::-1]


@pytest.mark.parametrize(
    ("name", "status", "delivered"), [("shop", "stale", []), ("loose", "accepted", ["all"])], ids=["drop", "deliver"]
)
def test_a_snapshot_older_than_the_last_one_is_kept(
    listener: Listening, store: Store, name: str, status: str, delivered: list[str]
) -> None:
    send(listener, sample("new_order"), name)
    send(listener, sample("status_change"), name)

    reply = send(listener, sample("status_change", version=2), name)

    rows = in_order(store)
    assert reply == {"status": "accepted", "event": rows[2].id}
    assert [row.version for row in rows] == [1, 6, 2]
    assert [row.reason for row in rows] == [None, None, "late: version 2 came after version 6"]
    assert (rows[2].status, list(rows[2].deliveries)) == (status, delivered)


def test_the_first_change_of_a_new_order_is_not_late(listener: Listening, store: Store) -> None:
    send(listener, sample("new_order"), "shop")
    send(listener, sample("status_change", version=1), "shop")

    assert [(row.event, list(row.deliveries)) for row in in_order(store)] == [
        ("salesdrive.new_order", ["orders"]),
        ("salesdrive.status_change", ["orders"]),
    ]


def test_a_new_order_that_was_overtaken_is_late_where_its_change_was_taken(listener: Listening, store: Store) -> None:
    send(listener, sample("status_change"), "shop")
    send(listener, sample("new_order"), "shop")

    assert [(row.status, list(row.deliveries)) for row in in_order(store)] == [("accepted", ["orders"]), ("stale", [])]
