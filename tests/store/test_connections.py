"""Connections that wait for working credentials."""

from datetime import timedelta

from apimonster_cli.store.database import DatabaseStore
from apimonster_cli.store.rows import Pause
from tests.store.build import NOON, accept, claim, event

LATER = NOON + timedelta(hours=1)


def test_lists_paused_connections(store: DatabaseStore) -> None:
    store.pause("crm", reason="wrong key", now=NOON)
    store.pause("b", reason="expired", now=LATER)

    assert store.pauses() == [Pause("b", LATER, "expired"), Pause("crm", NOON, "wrong key")]


def test_a_pause_keeps_its_beginning(store: DatabaseStore) -> None:
    store.pause("crm", reason="wrong key", now=NOON)
    store.pause("crm", reason="still wrong", now=LATER)

    assert store.pauses() == [Pause("crm", NOON, "still wrong")]


def test_resumes_once(store: DatabaseStore) -> None:
    store.pause("crm", reason="wrong key", now=NOON)

    assert [store.resume("crm"), store.resume("crm")] == [True, False]
    assert store.pauses() == []


def test_makes_due_what_was_turned_away_and_nothing_else(store: DatabaseStore) -> None:
    accept(store, event(), event(), event())
    turned_away, failed, _running = claim(store)
    store.put_off(turned_away.lease, until=LATER, error="paused", counts=False)
    store.put_off(failed.lease, until=LATER, error="down", counts=True)
    store.pause("crm", reason="wrong key", now=NOON)

    store.resume("crm")

    assert [each.event_id for each in claim(store)] == [1]
