"""The oracle has something to say about everything that may be wrong, and nothing where all is well."""

import base64
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from apimonster_cli.core import exactjson
from apimonster_cli.sandbox.server import Sandbox
from tests.acceptance.canaries import SECRETS
from tests.acceptance.month import Clock
from tests.acceptance.oracle import World, complaints
from tests.acceptance.parts import RATE, crm_of, system
from tests.acceptance.processes import KEY
from tests.acceptance.storm import STORE, world

BEGIN = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)


@pytest.fixture
def found(tmp_path: Path) -> World:
    """Return the world after three leads were delivered."""
    clock = Clock(BEGIN)
    sandbox = Sandbox(keys=[KEY], clock=clock)
    with sandbox.serve() as running, system(tmp_path, running.url, clock) as made:
        for number in range(3):
            made.lead(number)
        made.run(BEGIN + timedelta(minutes=1), step=timedelta(seconds=1))
    return world(tmp_path / STORE, crm_of(sandbox), made.acknowledged, rate=RATE)


def change(world: World, statement: str) -> World:
    with closing(sqlite3.connect(world.store)) as database, database:
        database.execute(statement)
    return world


def logged(world: World) -> World:
    header = base64.b64encode(f"partner:{SECRETS['PARTNER_KEY']}".encode())
    (world.store.parent / "run.log").write_bytes(b"Authorization: Basic " + header)
    return world


def crm(world: World, **changes: object) -> World:
    return replace(world, crm=replace(world.crm, **changes))  # type: ignore[arg-type]  # what each test names


def test_says_nothing_where_all_is_well(found: World) -> None:
    assert complaints(found) == []


@pytest.mark.parametrize(
    ("spoil", "complaint"),
    [
        (
            lambda w: replace(w, acknowledged=w.acknowledged | {99}),
            "event 99 was acknowledged, and nothing became of it",
        ),
        (
            lambda w: change(w, "UPDATE deliveries SET state = 'waiting' WHERE id = 2"),
            "a delivery of event 2 has not ended",
        ),
        (lambda w: change(w, "UPDATE deliveries SET state = 'failed' WHERE id = 2"), "a delivery of event 2 failed"),
        (lambda w: change(w, "DELETE FROM events WHERE id = 2"), "a row of deliveries refers to nothing"),
        (lambda w: crm(w, orders=[*w.crm.orders, {**w.crm.orders[0], "externalId": "x"}]), "2 orders have the phone"),
        (lambda w: crm(w, orders=w.crm.orders[1:]), "there is no order utmstat-0"),
        (
            lambda w: crm(w, orders=[{**w.crm.orders[0], "managerComment": "?"}, *w.crm.orders[1:]]),
            "order utmstat-0 is",
        ),
        (lambda w: crm(w, notes=[*w.crm.notes, w.crm.notes[0]]), "2 notes say"),
        (lambda w: crm(w, notes=w.crm.notes[1:]), "no note says"),
        (lambda w: crm(w, notes=[*w.crm.notes, {"text": "hello"}]), "nobody asked for the note"),
        (lambda w: crm(w, peak=RATE + 1), "11 calls came within one second, 10 are allowed"),
        (lambda w: crm(w, requests=w.crm.requests[1:]), "on record 1 times, seen 0 times"),
        (lambda w: crm(w, requests=[*w.crm.requests, w.crm.requests[0]]), "seen 2 times, on record 1 times"),
        (lambda w: change(w, "DELETE FROM transactions WHERE id = 1"), "seen 1 times, on record 0 times"),
        (
            lambda w: change(w, f"UPDATE transactions SET answer = '{SECRETS['LEADS_HOOK']}' WHERE id = 1"),  # noqa: S608  # not from outside
            "the table transactions of apimonster.db holds the secret LEADS_HOOK, as it is",
        ),
        (logged, "the file run.log holds the secret PARTNER_KEY, base64"),
    ],
)
def test_says_what_is_wrong(found: World, spoil: Callable[[World], World], complaint: str) -> None:
    spoilt = spoil(found)

    said = complaints(spoilt)

    assert any(sentence.startswith(complaint) for sentence in said), said


def test_sees_a_damaged_file(found: World) -> None:
    with closing(sqlite3.connect(found.store)) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with found.store.open("r+b") as file:
        file.seek(4096 * 5)
        file.write(b"x" * 4096 * 3)

    try:
        said = complaints(found)
    except sqlite3.DatabaseError as error:
        said = [str(error)]

    assert said


@pytest.mark.parametrize(
    ("orders", "complaint"),
    [
        (slice(3), None),
        (slice(2), "on record 1 times, seen 0 times: POST /api/v5/orders/create"),
        (slice(4), "seen 1 times, on record 0 times: POST /api/v5/orders/create"),
    ],
    ids=["all", "one too few", "one too many"],
)
def test_knows_orders_that_went_together(found: World, orders: slice, complaint: str | None) -> None:
    alone = [request for request in found.crm.requests if request["path"].endswith("/orders/create")]
    made = [exactjson.loads(request["parameters"]["order"]) for request in alone]
    upload = {
        **alone[0],
        "path": "/api/v5/orders/upload",
        "parameters": {**alone[0]["parameters"], "orders": exactjson.dumps([*made, {"externalId": "x"}][orders])},
    }
    others = [request for request in found.crm.requests if request not in alone]

    told = complaints(crm(found, requests=[*others, upload]))

    assert [each.startswith(complaint or "?") for each in told] == ([True] if complaint else [])
