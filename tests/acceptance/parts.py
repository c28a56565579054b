"""The daemon's worker and the look-alike CRM in one process, driven by hand in virtual time."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from apimonster_cli.bundles.load import load_text
from apimonster_cli.bundles.model import Config
from apimonster_cli.core import exactjson
from apimonster_cli.daemon.clients import Clients
from apimonster_cli.daemon.worker import Worker
from apimonster_cli.engine.deliver import Engine
from apimonster_cli.sandbox.server import Sandbox
from apimonster_cli.store.api import Store
from apimonster_cli.store.open import open_store
from apimonster_cli.store.rows import NewEvent
from tests.acceptance.canaries import VARIABLES
from tests.acceptance.month import Clock
from tests.acceptance.oracle import Crm
from tests.acceptance.partner import NOBODY
from tests.acceptance.processes import lead_payload
from tests.acceptance.storm import BUNDLES, STORE

RATE = 10  # calls a second


@dataclass
class System:
    """The daemon's worker, driven by hand, and leads that come in by the clock."""

    store: Store
    worker: Worker
    clock: Clock
    acknowledged: dict[int, dict[str, Any]]
    config: Config

    def lead(self, number: int) -> None:
        """Take one lead in."""
        payload = lead_payload(number)
        event = NewEvent(
            connection="site-leads",
            event="utmstat.new_lead",
            status="accepted",
            received_at=self.clock.now(),
            payload=exactjson.dumps(payload),
            object_key=str(number),
            repeat_key="new_lead",
            bundles=("leads",),
        )
        self.acknowledged[self.store.accept(event).result().event_id] = payload

    def run(self, until: datetime, *, step: timedelta) -> None:
        """Work as long as there is work, else let time pass, until then."""
        while self.clock.now() < until:
            if not self.worker.work_once():
                self.clock.go_to(min(until, self.clock.now() + step))


@contextmanager
def system(folder: Path, url: str, clock: Clock) -> Iterator[System]:
    """Yield the parts, with the bundles of the storm, for the length of a block."""
    text = BUNDLES.format(port=8080, crm=url, partner=NOBODY, rate=RATE)
    config = load_text(text, environ=VARIABLES, file="bundles.yaml", folder=folder).config
    assert config is not None
    store = open_store(f"sqlite:///{STORE}", base=folder, daemon=True, clock=clock)
    try:
        engine = Engine(store, config, Clients(config, clock).of, clock)
        yield System(store, Worker(store, engine, clock, name="outage", workers=16), clock, {}, config)
    finally:
        store.close_store()


def crm_of(sandbox: Sandbox) -> Crm:
    """Return what a look-alike in this process holds and saw."""
    rows = sandbox.state.rows
    return Crm(
        orders=list(rows("order").values()),
        notes=list(rows("note").values()),
        requests=[record.row() for record in sandbox.journal.records],
        peak=sandbox.journal.peak,
    )
