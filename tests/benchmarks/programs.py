"""The real programs of a benchmark: the daemon as `sync run` starts it, and the sandbox CRM, each in a process of its own."""

import json
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from apimonster_cli.core.clock import SystemClock
from apimonster_cli.daemon.body import read_body
from apimonster_cli.daemon.door import Arrival, Doors
from apimonster_cli.store.open import open_store
from tests.acceptance.processes import Program, free_port, get, running, sandbox
from tests.benchmarks.leads import PATH, Leads
from tests.daemon.listening import TOKEN, bundle, config, connection

WIDTH = 32
"""Calls under way at the same time."""

CREATE = "/api/v5/orders/create"
_STORE = "sqlite:///apimonster.db"
_BUNDLES = """\
version: 1
settings: {{listen: "127.0.0.1:{port}", store: "{store}", workers: {width}, queue_limit: 1000000}}
connections:
  site: {{type: utmstat, token: {token}}}
  crm: {{type: retailcrm, url: "http://127.0.0.1:{crm}", api_key: sandbox, site: main, rate: 100000/s}}
bundles:
  leads:
    source: {{event: utmstat.new_lead}}
    steps:
      - action: retailcrm.create_order
        fields:
          externalId: "utmstat-{{{{ id }}}}"
          firstName: contact.name
          phone: contact.phone
          email: contact.email
          source.source: source.first_click.utm.utm_source
          managerComment: "Заявка {{{{ id }}}}"
"""


@contextmanager
def crm(folder: Path, *, latency: int = 0) -> Iterator[Program]:
    """Run the sandbox, which takes `latency` milliseconds longer over each answer."""
    program = sandbox(folder, faults=f"latency={latency}ms" if latency else "", key="sandbox")
    with running(program, "/sandbox/health"):
        yield program


def daemon(folder: Path, crm_port: int) -> Program:
    """Return `sync run` as a program, its bundle file written: each lead becomes an order by one call."""
    port = free_port()
    text = _BUNDLES.format(port=port, store=_STORE, width=WIDTH, token=TOKEN, crm=crm_port)
    (folder / "bundles.yaml").write_text(text, encoding="utf-8")
    return Program(["run", "bundles.yaml"], folder, port)


def preload(folder: Path, count: int) -> None:
    """Put leads into the store of a daemon to come, as its listener would."""
    clock = SystemClock()
    site = connection("utmstat")
    door = Doors(config([site], [bundle("leads", site, "utmstat.new_lead")]), clock).find(PATH)
    assert door
    store = open_store(_STORE, base=folder, daemon=True, clock=clock)
    leads = Leads()
    try:
        kept = []
        for _ in range(count):
            body = leads.body()
            arrival = Arrival(clock.now(), "127.0.0.1", (), "application/json", b"", body)
            kept.append(store.accept(door.event(arrival, read_body("application/json", body))))
        for each in kept:
            each.result()
    finally:
        store.close_store()


def created(port: int) -> list[dict[str, Any]]:
    """Return the sandbox's records of the calls that create orders: `time` in seconds since 1970, the order as sent."""
    status, answer = get(port, f"/sandbox/requests?path={CREATE}")
    if status != 200:
        raise AssertionError("the sandbox does not say what came in")
    found: list[dict[str, Any]] = answer["requests"]
    wrong = [record for record in found if record["status"] not in (201, None)]
    if wrong:
        raise AssertionError(f"an order was not created: {wrong[0]}")
    return found


def forget(port: int) -> None:
    """Let the sandbox forget all data and its journal."""
    request = urllib.request.Request(f"http://127.0.0.1:{port}/sandbox/reset", data=b"")
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310  # on loopback
        json.load(answer)
