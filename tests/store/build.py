"""What the tests of the store are built from."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from apimonster_cli.store.database import DatabaseStore
from apimonster_cli.store.open import open_store
from apimonster_cli.store.rows import Claimed, EndedTransaction, NewEvent, NewTransaction, StepResult

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
LEASE = timedelta(minutes=5)


class SetClock:
    """A clock that shows what it was set to."""

    def __init__(self, now: datetime = NOON) -> None:
        self.shown = now

    def now(self) -> datetime:
        return self.shown

    def monotonic(self) -> float:
        return self.shown.timestamp()

    def sleep(self, seconds: float) -> None:
        self.shown += timedelta(seconds=seconds)


def opened(folder: Path, *, clock: SetClock | None = None, daemon: bool = True) -> DatabaseStore:
    store = open_store("sqlite:///apimonster.db", base=folder, daemon=daemon, clock=clock or SetClock())
    assert isinstance(store, DatabaseStore)
    return store


def event(object_key: str | None = None, repeat_key: str | None = None, **changes: Any) -> NewEvent:
    given: dict[str, Any] = {
        "connection": "leads",
        "event": "utmstat.new_lead",
        "status": "accepted",
        "received_at": NOON,
        "payload": '{"id":9223372036854775807}',
        "object_key": object_key,
        "repeat_key": repeat_key,
        "bundles": ("orders",),
    }
    return NewEvent(**(given | changes))


def accept(store: DatabaseStore, *events: NewEvent) -> list[int]:
    """Accept events one after the other and return their ids."""
    return [store.accept(each).result().event_id for each in events]


def claim(
    store: DatabaseStore,
    *,
    limit: int = 16,
    bundles: Sequence[str] = ("orders",),
    now: datetime = NOON,
    worker: str = "w1",
) -> list[Claimed]:
    return store.claim(worker, bundles, limit=limit, lease=LEASE, now=now)


def call(step: str = "order", **changes: Any) -> NewTransaction:
    given: dict[str, Any] = {
        "step": step,
        "connection": "crm",
        "action": "retailcrm.create_order",
        "method": "POST",
        "url": "https://demo.retailcrm.ru/api/v5/orders/create",
        "request": "order=%7B%7D",
        "writes": True,
        "sent_at": NOON,
    }
    return NewTransaction(**(given | changes))


def ended(transaction_id: int, **changes: Any) -> EndedTransaction:
    given: dict[str, Any] = {"state": "answered", "ended_at": NOON, "status": 201, "answer": '{"success":true}'}
    return EndedTransaction(**({"transaction_id": transaction_id} | given | changes))


def step(name: str = "order", **changes: Any) -> StepResult:
    given: dict[str, Any] = {
        "position": 0,
        "action": "retailcrm.create_order",
        "outcome": "done",
        "ended_at": NOON,
        "output": {"id": 42},
    }
    return StepResult(**({"step": name} | given | changes))
