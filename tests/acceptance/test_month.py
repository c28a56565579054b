"""A month of a Calltouch account, with all that goes wrong in it, ends with the right orders in the CRM.

In virtual time, against the look-alikes over loopback. The size that runs always is small; all 20,000 deals:
`pytest tests/acceptance/test_month.py --deals 20000`.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from apimonster_cli.bundles.load import load_text
from apimonster_cli.bundles.model import Config
from apimonster_cli.daemon.clients import Clients
from apimonster_cli.daemon.pulls import Pulls
from apimonster_cli.daemon.worker import Worker
from apimonster_cli.engine.deliver import Engine
from apimonster_cli.sandbox.server import Sandbox
from apimonster_cli.store.api import Store
from apimonster_cli.store.open import open_store
from tests.acceptance.canaries import VARIABLES
from tests.acceptance.month import DAYS, EVERY, LOOKBACK, Clock, Month, begin, end
from tests.acceptance.oracle import World, complaints
from tests.acceptance.parts import crm_of
from tests.acceptance.processes import DIARY_KEY, KEY

TICK = timedelta(hours=1)
BUNDLES = """\
version: 1
settings: {{timezone: Europe/Moscow}}
connections:
  deals: {{type: calltouch, site_id: 12345, token: "${{CALLTOUCH_KEY}}", url: "{url}"}}
  crm: {{type: retailcrm, url: "{url}", api_key: "${{CRM_KEY}}", site: main, rate: 1000/s}}
bundles:
  deals:
    source:
      event: calltouch.order
      cron: "0 */{every:.0f} * * *"
      lookback: {lookback:.0f}d
      params: {{withAllOrderOrigins: true, withOrdersTags: true, withComments: true, limit: {limit}}}
    steps:
      - id: order
        action: retailcrm.create_order
        on_duplicate: edit
        fields:
          externalId: "ct-{{{{ service or 'own' }}}}-{{{{ orderNumber }}}}"
          phone: client.phones
          firstName: client.fio
          createdAt: orderDate
          managerComment: orderStatus
          status: {{from: meta.change, lookup: {{created: new, deleted: cancel-other}}, default: ""}}
"""


@dataclass
class System:
    """The daemon's parts, driven by hand."""

    store: Store
    pulls: Pulls
    worker: Worker

    def work(self) -> None:
        """Do all that is due now."""
        while self.pulls.work_once():
            pass
        while self.worker.work_once():
            pass


@pytest.mark.acceptance
@pytest.mark.timeout(3600)
def test_a_month_ends_with_the_orders_that_it_should(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    count = int(request.config.getoption("--deals"))
    seed = int(request.config.getoption("--seed"))
    clock = Clock(begin())
    sandbox = Sandbox(keys=[KEY], token=DIARY_KEY, clock=clock, seed=seed)
    month = Month(sandbox, clock, count, seed)
    clock.plan(month.happenings())
    clock.plan(month.troubles())
    started = time.monotonic()

    with sandbox.serve() as running, system(tmp_path, running.url, clock, count) as made:
        while clock.now() < end():
            made.work()
            clock.go_to(begin() + TICK * ((clock.now() - begin()) // TICK + 1))
        made.work()
        held = crm_of(sandbox)

    (limit,) = sandbox.calltouch.limits.values()
    print(  # noqa: T201 - the figures of a long run
        f"\n{count} deals in {DAYS} days, {month.counts}: {limit.most} calls a second at most, "
        f"{limit.refused} refused, {clock.interruptions} changes while pages were read, {sandbox.journal.total} calls, {time.monotonic() - started:.0f} s"
    )
    assert complaints(World(tmp_path / "month.db", held, wanted=month.orders, same="externalId")) == []
    assert limit.most <= 5
    assert limit.refused == 0
    # and all that was to go wrong did
    assert min(month.counts.values()) > 0
    assert clock.interruptions > 0
    assert {"200", "403", "429", "500", "503", "none"} <= sandbox.journal.summary()["statuses"].keys()
    assert {"pagefail", "overload", "lost"} <= sandbox.journal.summary()["faults"].keys()


@contextmanager
def system(folder: Path, url: str, clock: Clock, count: int) -> Iterator[System]:
    store = open_store("sqlite:///month.db", base=folder, daemon=True, clock=clock)
    try:
        bundles = config(folder, url, count)
        engine = Engine(store, bundles, Clients(bundles, clock).of, clock)
        yield System(
            store, Pulls(store, engine, clock, name="month"), Worker(store, engine, clock, name="month", workers=16)
        )
    finally:
        store.close_store()


def config(folder: Path, url: str, count: int) -> Config:
    text = BUNDLES.format(
        url=url,
        every=EVERY.total_seconds() / 3600,
        lookback=LOOKBACK / timedelta(days=1),
        limit=min(1000, max(20, count // DAYS)),
    )
    loaded = load_text(text, environ=VARIABLES, file="bundles.yaml", folder=folder)
    assert loaded.config is not None, loaded.problems
    return loaded.config
