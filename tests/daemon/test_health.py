"""Health: what makes the program unfit to take webhooks, and what does not."""

from datetime import UTC, datetime
from typing import Any, cast

from apimonster_cli.core.errors import StoreError
from apimonster_cli.daemon.health import Health
from apimonster_cli.store.rows import Pause
from tests.daemon.test_limits import FakeClock


class Disk:
    def __init__(self) -> None:
        self.answer: bool | StoreError = True
        self.tried = 0

    def writable(self) -> bool:
        self.tried += 1
        if isinstance(self.answer, StoreError):
            raise self.answer
        return self.answer


def health(disk: Disk, clock: FakeClock, *paused: str) -> Health:
    pauses = [
        Pause(name, datetime(2026, 3, 2, 9, tzinfo=UTC), f"{name} does not know the key; ask anna@example.com")
        for name in paused
    ]
    return Health(cast("Any", disk), clock, paused=lambda: pauses)


def test_is_ready_while_connections_are_paused() -> None:
    assert health(Disk(), FakeClock(), "crm-2", "crm").ready() == (
        True,
        {
            "status": "ok",
            "store": "ok",
            "listener": "ok",
            "paused": [
                {
                    "connection": "crm",
                    "since": "2026-03-02T09:00:00+00:00",
                    "reason": "crm does not know the key; ask a•••@example.com",
                },
                {
                    "connection": "crm-2",
                    "since": "2026-03-02T09:00:00+00:00",
                    "reason": "crm-2 does not know the key; ask a•••@example.com",
                },
            ],
        },
    )


def test_is_not_ready_before_it_listens_and_while_it_stops() -> None:
    found = health(Disk(), FakeClock())

    found.listening = False
    assert found.ready()[1]["listener"] == "not listening"
    found.listening, found.stopping = True, True
    ready, parts = found.ready()
    assert not ready
    assert (parts["status"], parts["listener"]) == ("unavailable", "stopping")


def test_tries_the_disk_once_a_second_at_most() -> None:
    disk, clock = Disk(), FakeClock()
    found = health(disk, clock)

    assert found.ready()[0]
    disk.answer = False
    assert found.ready()[0]
    clock.sleep(1)
    assert not found.ready()[0]
    disk.answer = StoreError("the database is locked")
    clock.sleep(1)
    assert found.ready()[1]["store"] == "cannot be written"
    assert disk.tried == 3
