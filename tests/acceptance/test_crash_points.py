"""Killed at each place where a crash could hurt, the program makes everything good at its next start."""

import http.client
import json
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from signal import SIGHUP, SIGKILL

import pytest

from apimonster_cli.sandbox.calltouch import MOMENT
from apimonster_cli.sandbox.calltouch_deals import made_up
from apimonster_cli.store import dialect, migrate
from tests.acceptance.oracle import World, complaints
from tests.acceptance.processes import Program, ending, free_port, lead_payload, running, sandbox, wait_for
from tests.acceptance.storm import STORE, Sender, daemon, ended, holdings, status_payload, still_open, world

LEADS = 12
POSTS = LEADS * 2

pytestmark = pytest.mark.acceptance


@pytest.mark.parametrize(
    "place",
    [
        "before-commit:1",
        "before-commit:9",
        "after-commit:2",
        "after-commit:9",
        "after-answer:1",
        "after-answer:7",
        "after-claim:1",
        "after-intent:1",
        "after-intent:6",
        "after-send:1",
        "after-send:6",
        "before-outcome:1",
        "before-outcome:6",
    ],
)
def test_leads_survive_a_crash(tmp_path: Path, place: str) -> None:
    crm = sandbox(tmp_path)
    program = daemon(tmp_path, crm)
    sender = Sender(program.port)

    with running(crm, "/sandbox/health"), ending(program), posting(sender) as posted:
        program.launch(SYNC_CRASH_AT=place)
        code = program.ended()
        done = ended(tmp_path)
        program.start("/readyz")
        wait_for(posted, "all webhooks acknowledged")
        wait_for(lambda: ended(tmp_path) == POSTS, "every delivery has ended")
        held = holdings(crm)

    assert code == -SIGKILL
    assert done < POSTS
    assert complaints(world(tmp_path / STORE, held, sender.acknowledged)) == []
    assert len(held.orders) == LEADS


def test_a_crash_while_old_rows_go_leaves_all_or_takes_all(tmp_path: Path) -> None:
    crm = sandbox(tmp_path)
    program = daemon(tmp_path, crm)
    sender = Sender(program.port)

    with running(crm, "/sandbox/health"), ending(program):
        program.start("/readyz")
        with posting(sender) as posted:
            wait_for(posted, "all webhooks acknowledged")
        wait_for(lambda: ended(tmp_path) == POSTS, "every delivery has ended")
        program.stop()
        make_old(tmp_path / STORE)
        program.launch(SYNC_CRASH_AT="prune:1")
        code = program.ended()
        left = ended(tmp_path)
        program.start("/readyz")
        wait_for(lambda: ended(tmp_path) == 0, "old rows are gone")
        again = Sender(program.port)
        again.post(lead_payload(1))
        held = holdings(crm)

    assert code == -SIGKILL
    whole = world(tmp_path / STORE, held, sender.acknowledged)
    assert left == POSTS
    assert again.repeats == 1  # known long after its event is gone
    assert complaints(replace(whole, acknowledged=frozenset(), pruned=True)) == []


def test_a_crash_in_a_reload_loses_nothing(tmp_path: Path) -> None:
    crm = sandbox(tmp_path)
    program = daemon(tmp_path, crm)
    sender = Sender(program.port)

    with running(crm, "/sandbox/health"), ending(program):
        program.launch(SYNC_CRASH_AT="reload:1")
        with posting(sender) as posted:
            wait_for(lambda: bool(sender.acknowledged), "a webhook acknowledged")
            assert program.process
            program.process.send_signal(SIGHUP)
            code = program.ended()
            done = ended(tmp_path)
            program.start("/readyz")
            wait_for(posted, "all webhooks acknowledged")
        wait_for(lambda: ended(tmp_path) == POSTS, "every delivery has ended")
        held = holdings(crm)

    assert code == -SIGKILL
    assert done < POSTS
    assert complaints(world(tmp_path / STORE, held, sender.acknowledged)) == []


@pytest.mark.parametrize("number", [int(migrate.HEAD) - 1])  # all others: test_upgrades.py
def test_an_upgrade_killed_after_any_script_leaves_the_old_file(tmp_path: Path, number: int) -> None:
    crm = sandbox(tmp_path)
    program = daemon(tmp_path, crm)
    sender = Sender(program.port)
    old_store(tmp_path / STORE)

    with running(crm, "/sandbox/health"), ending(program):
        program.launch(SYNC_CRASH_AT=f"migration:{number}")
        code = program.ended()
        killed = revision(tmp_path / STORE)
        backup = revision(tmp_path / f"{STORE}.0001.bak")
        program.start("/readyz")
        upgraded = revision(tmp_path / STORE)
        with posting(sender) as posted:
            wait_for(posted, "all webhooks acknowledged")
        wait_for(lambda: still_open(tmp_path) == 0, "every delivery has ended")
        held = holdings(crm)

    assert code == -SIGKILL
    assert (killed, backup, upgraded) == ("0001", "0001", migrate.HEAD)
    sender.acknowledged[1] = lead_payload(100)  # what waited in the old file
    assert complaints(world(tmp_path / STORE, held, sender.acknowledged)) == []


PULL = """\
version: 1
settings: {{listen: "127.0.0.1:{port}", timezone: Europe/Moscow}}
connections:
  deals: {{type: calltouch, site_id: 12345, token: "${{CALLTOUCH_KEY}}", url: "{crm}"}}
  crm: {{type: retailcrm, url: "{crm}", api_key: "${{CRM_KEY}}", site: main, rate: 1000/s}}
bundles:
  deals:
    source: {{event: calltouch.order, cron: "0 * * * *", lookback: 8d, params: {{withAllOrderOrigins: true, limit: 10}}}}
    steps:
      - action: retailcrm.create_order
        fields:
          externalId: "ct-{{{{ orderNumber }}}}"
          phone: client.phones
          managerComment: orderNumber
"""


@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_pull_killed_between_two_pages_reads_them_all_at_the_next_start(tmp_path: Path, number: int) -> None:
    crm = sandbox(tmp_path, faults="echo=0.1")
    port = free_port()
    text = PULL.format(port=port, crm=f"http://127.0.0.1:{crm.port}")
    (tmp_path / "bundles.yaml").write_text(text, encoding="utf-8")
    program = Program(["run", "bundles.yaml"], tmp_path, port)

    with running(crm, "/sandbox/health"), ending(program):
        deals = make_deals(crm, 25)
        program.launch(SYNC_CRASH_AT=f"pull-page:{number}")
        code = program.ended()
        done = ended(tmp_path)
        program.start("/readyz")
        wait_for(lambda: ended(tmp_path) == len(deals), "every deal is delivered")
        held = holdings(crm)

    assert code == -SIGKILL
    assert done < len(deals)
    wanted = {f"ct-{deal}": {"managerComment": deal} for deal in deals}
    assert complaints(World(tmp_path / STORE, held, wanted, same="externalId", pruned=True)) == []


# what the tests are built from ---------------------------------------------------------------------------------------
@contextmanager
def posting(sender: Sender) -> Iterator[Callable[[], bool]]:
    """Post new leads, then a change of each, for as long as the block runs; yield what tells whether all are acknowledged."""

    def post(lead: int) -> None:
        sender.post(lead_payload(lead))
        sender.post(status_payload(lead, 5))

    with ThreadPoolExecutor(4) as pool:
        posts = [pool.submit(post, lead) for lead in range(1, LEADS + 1)]
        try:
            yield lambda: all(post.done() for post in posts)
        finally:
            sender.stop.set()


def make_old(store: Path) -> None:
    """Date all events back to long ago."""
    with closing(sqlite3.connect(store)) as database, database:
        database.execute("UPDATE events SET received_at = '2020' || substr(received_at, 5)")


def old_store(store: Path) -> None:
    """Make a store of the first schema, in which a new lead waits."""
    dialect.make_file(store)
    engine = dialect.engine_for(store)
    with engine.connect() as connection:
        dialect.prepare_new(connection)
        migrate.move(connection, to="0001")
    engine.dispose()
    yesterday = datetime.now(UTC) - timedelta(days=1)  # an older one would be pruned as soon as it is delivered
    moment = f"{yesterday:%Y-%m-%dT%H:%M:%S.%fZ}"
    payload = json.dumps(lead_payload(100))
    with closing(sqlite3.connect(store)) as database, database:
        database.execute("INSERT INTO store VALUES ('0badcafe', ?, ?)", (moment, moment))
        database.execute(
            "INSERT INTO events (id, connection, event, status, object_key, received_at, repeats, query, headers, payload) "
            "VALUES (1, 'site-leads', 'utmstat.new_lead', 'accepted', '100', ?, 0, '{}', '{}', ?)",
            (moment, payload),
        )
        database.execute(
            "INSERT INTO deliveries (id, event_id, bundle, object_key, state, due_at, attempt, tries, turned_away, created_at) "
            "VALUES (1, 1, 'leads', '100', 'waiting', ?, 0, 0, 0, ?)",
            (moment, moment),
        )


def revision(store: Path) -> str:
    """Return the revision of a store's schema."""
    with closing(sqlite3.connect(store)) as database:
        return str(database.execute("SELECT version_num FROM alembic_version").fetchone()[0])


def make_deals(crm: Program, count: int) -> list[str]:
    """Have the look-alike of Calltouch hold some deals of yesterday; return their numbers."""
    yesterday = datetime.now(UTC) - timedelta(days=1)
    own = {"service": None, "orderDate": f"{yesterday:{MOMENT}}", "createdDate": f"{yesterday:{MOMENT}}"}
    deals = made_up(count, seed=1, since=yesterday.date(), days=1)
    body = json.dumps({"create": [{**deal, **own, "orderNumber": str(number)} for number, deal in enumerate(deals)]})
    connection = http.client.HTTPConnection("127.0.0.1", crm.port, timeout=10)
    connection.request("POST", "/sandbox/calltouch/deals", body, {"Content-Type": "application/json"})
    answer = connection.getresponse()
    assert answer.status == 200, answer.read()
    connection.close()
    return [str(number) for number in range(count)]
