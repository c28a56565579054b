"""A store without a daemon around it: `python -m tests.acceptance.lone_writer FOLDER COUNT` takes so many events in, one after the
other, each again until it is kept, and writes what became of each try: `refused`, `no NUMBER` or `yes NUMBER EVENT`.
"""

import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path

from apimonster_cli.core.clock import SystemClock
from apimonster_cli.core.errors import StoreError
from apimonster_cli.store import dialect
from apimonster_cli.store.open import open_store
from apimonster_cli.store.rows import NewEvent

STORE = "apimonster.db"
_TRIES = 200
_PAGES = 20  # between two checkpoints: the main file is written as well


def main(folder: Path, count: int) -> None:
    """Take the events in."""
    dialect._PAGES_BETWEEN_CHECKPOINTS = _PAGES  # the real one would take thousands of events
    try:
        store = open_store(f"sqlite:///{STORE}", base=folder, daemon=True, clock=SystemClock())
    except StoreError as error:
        tell(f"refused {error}")
        return
    for number in range(1, count + 1):
        for _ in range(_TRIES):
            try:
                accepted = store.accept(event(number)).result()
            except StoreError as error:
                tell(f"no {number} {error}")
            else:
                tell(f"yes {number} {accepted.event_id}")
                break
    store.close_store()


def event(number: int) -> NewEvent:
    return NewEvent(
        connection="site-leads",
        event="utmstat.new_lead",
        status="accepted",
        received_at=datetime.now(UTC),
        payload=json.dumps({"number": number, "text": "a" * 3000}),
        object_key=str(number),
        repeat_key="new_lead",
        bundles=("leads",),
    )


def tell(line: str) -> None:
    """Write a line at once: after a kill it has been said."""
    os.write(1, f"{line}\n".encode())


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
