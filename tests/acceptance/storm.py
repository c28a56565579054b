"""A storm: leads and their changes, sent twice at times, through a daemon that is killed again and again, into a CRM that misbehaves.

All that is drawn is drawn from the seed: the payloads, their order, the repeats, the kills. What the threads of three processes
make of it in time is not, so a seed replays the storm and not each of its gusts.
"""

import http.client
import itertools
import json
import os
import random
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from tests.acceptance.canaries import SECRETS, write_env
from tests.acceptance.oracle import Crm, World, complaints
from tests.acceptance.partner import NOBODY, knock, partner
from tests.acceptance.processes import TOKEN, Program, free_port, get, lead_payload, running, sandbox, wait_for

FAULTS = "500=0.08,echo=0.02,lost=0.05,reset=0.02,limit=0.03,slow=0.01,delay=4s"
DRAIN_SECONDS = 15 * 60
STORE = "apimonster.db"
_SENDERS = 16
_KNOCKS = 20  # at the door of the landing page, by some who may come in and some who may not
_CALM_AT = 0.95  # part of all deliveries that end while the CRM still misbehaves

BUNDLES = """\
version: 1
settings:
  listen: 127.0.0.1:{port}
connections:
  site-leads: {{type: utmstat, token: "${{LEADS_HOOK}}"}}
  crm: {{type: retailcrm, url: "{crm}", api_key: "${{CRM_KEY}}", site: main, rate: {rate}/s, timeout: 2s}}
  landing:
    type: webhook
    token: "${{LANDING_HOOK}}"
    signature: {{scheme: hmac-sha256, header: X-Signature, secret: "${{LANDING_SECRET}}"}}
  partner:
    type: http
    url: "{partner}/bot${{PARTNER_PATH}}"
    headers: {{Authorization: "Basic ${{PARTNER_BASIC}}", X-Key: "Bearer ${{PARTNER_KEY}}"}}
    private: true
    timeout: 2s
bundles:
  leads:
    source: {{event: [utmstat.new_lead, utmstat.lead_status_changed]}}
    steps:
      - id: order
        action: retailcrm.create_order
        filter: {{meta.event: utmstat.new_lead}}
        fields:
          externalId: "utmstat-{{{{ id }}}}"
          firstName: contact.name
          phone: contact.phone
          managerComment: "Статус {{{{ status_id }}}}"
          customerComment: {{value: "${{PROMO}}"}}
      - id: status
        action: retailcrm.edit_order
        filter: {{meta.event: utmstat.lead_status_changed}}
        fields:
          externalId: "utmstat-{{{{ id }}}}"
          managerComment: "Статус {{{{ status_id }}}}"
      - id: note
        action: retailcrm.create_customer_note
        fields:
          customer.id: {{from: [steps.order.customer.id, steps.status.customer.id]}}
          text: "Заявка {{{{ id }}}}, событие {{{{ meta.event_id }}}}"
      - &partner
        id: partner
        action: http.request
        filter: {{status_id: 9}}
        retry: {{backoff: 200ms}}
        fields:
          path: {{value: "/leads/${{PROMO}}"}}
          query.code: {{value: "${{PROMO}}"}}
          json.text: "Событие {{{{ meta.event_id }}}}, код ${{PROMO}}"
  landing:
    source: {{event: webhook.received}}
    steps:
      - <<: *partner
        filter: {{meta.event: webhook.received}}
"""


@dataclass(frozen=True)
class Storm:
    """How much happens. rate: calls a second that the daemon may make; duplicates: part of the webhooks that come twice."""

    leads: int
    kills: int
    seed: int
    rate: int = 200
    faults: str = FAULTS
    duplicates: float = 0.10


@dataclass
class Figures:
    """What came of a storm. wrong: what the oracle says, nothing when all is well."""

    storm: Storm
    events: int = 0
    repeats: int = 0
    calls: int = 0
    peak: int = 0
    faults: dict[str, int] = field(default_factory=dict)
    stormy: float = 0.0
    drained: float = 0.0
    orders: int = 0
    notes: int = 0
    wrong: list[str] = field(default_factory=list)


@dataclass
class Sender:
    """Posts webhooks as Utmstat would, each again until it is answered 200, and remembers the numbers of the answers."""

    port: int
    acknowledged: dict[int, dict[str, Any]] = field(default_factory=dict)
    repeats: int = 0
    refused: int = 0
    stop: threading.Event = field(default_factory=threading.Event)

    def post(self, payload: dict[str, Any], *, tries: int | None = None) -> None:
        """Send one webhook until it is acknowledged, or so many times."""
        body = json.dumps(payload, ensure_ascii=False).encode()
        for _ in itertools.count() if tries is None else range(tries):
            if self.stop.is_set():
                return
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
            try:
                connection.request("POST", f"/hooks/site-leads/{TOKEN}", body, {"Content-Type": "application/json"})
                answer = connection.getresponse()
                told = json.loads(answer.read())
            except (OSError, http.client.HTTPException, ValueError):
                self.stop.wait(0.05)
                continue
            finally:
                connection.close()
            if answer.status == 200:
                self.acknowledged[told["event"]] = payload
                self.repeats += told["status"] == "duplicate"
                return
            self.refused += 1
            self.stop.wait(0.05)


def run(folder: Path, storm: Storm) -> Figures:
    """Let a storm pass and return what came of it; AssertionError when it does not drain in time."""
    figures = Figures(storm)
    draw = random.Random(storm.seed)
    scripts = [script(lead, draw) for lead in range(1, storm.leads + 1)]
    draw.shuffle(scripts)
    total = sum(map(len, scripts))
    kill_at = sorted(draw.uniform(0.02, 1.8) * total for _ in range(storm.kills))
    crm = sandbox(folder, faults=storm.faults, seed=storm.seed)
    sender = Sender(free_port())

    with (
        partner() as other,
        running(crm, "/sandbox/health"),
        running(daemon(folder, crm, storm.rate, other.url, port=sender.port), "/readyz") as program,
        ThreadPoolExecutor(_SENDERS) as pool,
    ):
        try:
            for number in range(_KNOCKS):
                knock(program.port, number)
            put_first(crm)
            began = time.monotonic()
            posting = [pool.submit(_post_all, sender, posts, storm, number) for number, posts in enumerate(scripts)]
            for progress in kill_at:
                wait_for(
                    lambda progress=progress: len(sender.acknowledged) + ended(folder) >= progress,  # type: ignore[misc]
                    f"{progress:.0f} of {2 * total} webhooks acknowledged and deliveries ended",
                    seconds=DRAIN_SECONDS,
                )
                threading.Event().wait(draw.uniform(0, 0.3))
                program.kill()
                program.start("/readyz")
            for posted in posting:
                posted.result()
            wait_for(lambda: ended(folder) >= _CALM_AT * total, "most deliveries ended", seconds=DRAIN_SECONDS)
            faults = requests(crm, "last=1")["faults"]
            calm(crm)
            figures.stormy = time.monotonic() - began
            wait_for(lambda: still_open(folder) == 0, "every delivery has ended", seconds=DRAIN_SECONDS)
            figures.drained = time.monotonic() - began - figures.stormy
            held = holdings(crm)
            assert program.stop() == 0
        finally:
            sender.stop.set()

    figures.events, figures.repeats = len(sender.acknowledged), sender.repeats
    figures.calls, figures.peak, figures.faults = len(held.requests), held.peak, faults
    figures.orders, figures.notes = len(held.orders), len(held.notes)
    figures.wrong = complaints(world(folder / STORE, held, sender.acknowledged, rate=storm.rate))
    return figures


def script(lead: int, draw: random.Random) -> list[dict[str, Any]]:
    """Return the webhooks of one lead in their order: it is new, then its status changes up to two times."""
    changes = draw.choice((0, 0, 1, 2))
    statuses = draw.sample(range(2, 10), changes)
    return [lead_payload(lead), *(status_payload(lead, status) for status in statuses)]


def status_payload(lead: int, status: int) -> dict[str, Any]:
    """Return the change of a lead's status."""
    return {**lead_payload(lead), "event_name": "lead_status_change", "status_id": status}


def _post_all(sender: Sender, posts: Sequence[dict[str, Any]], storm: Storm, number: int) -> None:
    """Send the webhooks of one lead one after the other; some twice, at the same moment or just after."""
    draw = random.Random(storm.seed * 1_000_003 + number)
    for post in posts:
        if draw.random() >= storm.duplicates:
            sender.post(post)
        elif draw.random() < 0.5:
            twin = threading.Thread(target=sender.post, args=(post,))
            twin.start()
            sender.post(post)
            twin.join()
        else:
            sender.post(post)
            sender.post(post)


# what has to come of it ----------------------------------------------------------------------------------------------
def world(store: Path, crm: Crm, acknowledged: dict[int, dict[str, Any]], *, rate: float | None = None) -> World:
    """Return what the oracle looks at: all that the bundles make of what was acknowledged, in that order."""
    return World(
        store,
        crm,
        wanted=orders_of(acknowledged),
        acknowledged=frozenset(acknowledged),
        wanted_notes=frozenset(f"Заявка {post['id']}, событие {event}" for event, post in acknowledged.items()),
        rate=rate,
    )


def orders_of(acknowledged: dict[int, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return the orders that a plain model makes: each event applied in the order of their numbers."""
    orders: dict[str, dict[str, Any]] = {}
    for _, post in sorted(acknowledged.items()):
        order = orders.setdefault(f"utmstat-{post['id']}", {})
        if post["event_name"] == "new_lead":
            order |= {
                "firstName": post["contact"]["name"],
                "phone": post["contact"]["phone"],
                "customerComment": SECRETS["PROMO"],
            }
        order["managerComment"] = f"Статус {post['status_id']}"
    return orders


# the programs --------------------------------------------------------------------------------------------------------
def daemon(folder: Path, crm: Program, rate: float = 1000, other: str = NOBODY, *, port: int | None = None) -> Program:
    """Return the daemon as a program, its bundle file written. other: the address of the partner."""
    port = port or free_port()
    write_env(folder)
    text = BUNDLES.format(port=port, crm=f"http://127.0.0.1:{crm.port}", partner=other, rate=rate)
    (folder / "bundles.yaml").write_text(text, encoding="utf-8")
    return Program(["run", "bundles.yaml"], folder, port)


def put_first(crm: Program) -> None:
    """Let the CRM run before all others where that is allowed: a call that waits for its turn would be counted late."""
    assert crm.process
    with suppress(OSError):  # not allowed, or no Linux
        for thread in Path(f"/proc/{crm.process.pid}/task").iterdir():
            os.setpriority(os.PRIO_PROCESS, int(thread.name), -15)


def calm(crm: Program, faults: str = "") -> None:
    """Let the CRM misbehave no more, or in another way."""
    connection = http.client.HTTPConnection("127.0.0.1", crm.port, timeout=10)
    body = urlencode({"faults": faults})
    connection.request("POST", "/sandbox/faults", body, {"Content-Type": "application/x-www-form-urlencoded"})
    assert connection.getresponse().status == 200
    connection.close()


def requests(crm: Program, query: str = "") -> dict[str, Any]:
    """Return the journal of the CRM."""
    status, found = get(crm.port, f"/sandbox/requests?{query}")
    assert status == 200
    return dict(found)


def holdings(crm: Program) -> Crm:
    """Return what the CRM holds and saw."""
    journal = requests(crm)
    return Crm(
        orders=get(crm.port, "/sandbox/orders")[1]["orders"],
        notes=get(crm.port, "/sandbox/notes")[1]["notes"],
        requests=journal["requests"],
        peak=journal["peakPerSecond"],
    )


def ended(folder: Path) -> int:
    """Return how many deliveries have ended."""
    return sum(count for state, count in _states(folder) if state not in ("waiting", "running"))


def still_open(folder: Path) -> int:
    """Return how many deliveries have not ended."""
    return sum(count for state, count in _states(folder) if state in ("waiting", "running"))


def _states(folder: Path) -> Iterator[tuple[str, int]]:
    with closing(sqlite3.connect(folder / STORE)) as database:
        yield from database.execute("SELECT state, count(*) FROM deliveries GROUP BY state").fetchall()
