"""`sync pull`: a period of the past read and delivered, alone and beside a daemon, one by one and fifty at a time."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from apimonster_cli.core.clock import SystemClock
from apimonster_cli.sandbox.calltouch_deals import made_up
from apimonster_cli.sandbox.faults import parse_faults
from apimonster_cli.sandbox.server import Running, Sandbox
from apimonster_cli.store.open import open_store
from tests.cli.conftest import Sync
from tests.cli.filled import BUNDLES as WEBHOOKS

BUNDLES = """\
version: 1
connections:
  deals: {type: calltouch, site_id: 12345, token: sandbox, url: "%(url)s", rate: 1000/s}
  crm: {type: retailcrm, url: "%(url)s", api_key: sandbox, site: main, rate: 1000/s}
bundles:
  deals:
    source: {event: calltouch.order, every: 10m, params: {withAllOrderOrigins: true}}
    steps:
      - id: order
        action: retailcrm.create_order
        on_duplicate: %(on_duplicate)s
        retry: {backoff: 100ms}
        fields:
          externalId: "ct-{{ service or 'own' }}-{{ orderNumber }}"
          firstName: client.fio
          phone: client.phones
"""
TWO_STEPS = """\
      - {action: retailcrm.find_order, fields: {phone: client.phones}}
"""
OCTOBER = ("--from", "2025-10-01", "--to", "2025-10-05")
DEALS = made_up(120, since=date(2025, 10, 1), days=5)


@pytest.fixture
def sandbox() -> Iterator[Running]:
    with Sandbox().serve() as running:
        running.sandbox.calltouch.rules.per_second = 1000
        yield running


@pytest.fixture
def write(folder: Path, sandbox: Running) -> Callable[..., None]:
    def write_bundles(more: str = "", on_duplicate: str = "edit") -> None:
        text = BUNDLES % {"url": sandbox.url, "on_duplicate": on_duplicate} + more
        (folder / "bundles.yaml").write_text(text, encoding="utf-8")

    write_bundles()
    return write_bundles


@pytest.fixture
def deals(sandbox: Running, write: Callable[..., None]) -> list[dict[str, Any]]:
    return sandbox.sandbox.calltouch.create(*DEALS)


def external_ids(deals: list[dict[str, Any]]) -> Counter[str]:
    return Counter(f"ct-{deal['service'] or 'own'}-{deal['orderNumber']}" for deal in deals)


def in_crm(sandbox: Running) -> Counter[str]:
    with sandbox.sandbox.state.lock:
        return Counter(order["externalId"] for order in sandbox.sandbox.state.rows("order").values())


def calls(sandbox: Running, path: str) -> list[Any]:
    return [record for record in list(sandbox.sandbox.journal.records) if record.path == path]


@pytest.mark.parametrize("how", [(), ("--bulk",)], ids=["one by one", "bulk"])
def test_every_deal_of_the_period_becomes_its_order(
    sync: Sync, sandbox: Running, deals: list[dict[str, Any]], how: tuple[str, ...]
) -> None:
    shown = sync("pull", "deals", *OCTOBER, *how)

    assert shown.code == 0, shown.err
    assert shown.out == "120 new, 0 changed, 0 deleted, 0 as they were.\n"
    assert "Reading 5 days of calltouch.order" in shown.err
    assert in_crm(sandbox) == external_ids(deals)


def test_days_outside_of_the_period_are_left_alone(sync: Sync, sandbox: Running, deals: list[dict[str, Any]]) -> None:
    sync("pull", "deals", "--from", "2025-10-02", "--to", "2025-10-03")

    wanted = [deal for deal in deals if deal["orderDate"][:2] in ("02", "03")]
    assert in_crm(sandbox) == external_ids(wanted)


def test_done_twice_it_does_nothing_twice(sync: Sync, sandbox: Running, deals: list[dict[str, Any]]) -> None:
    sync("pull", "deals", *OCTOBER)
    writes = len(calls(sandbox, "/api/v5/orders/create"))

    again = sync("pull", "deals", *OCTOBER)

    assert (again.code, again.out) == (0, "0 new, 0 changed, 0 deleted, 120 as they were.\n")
    assert len(calls(sandbox, "/api/v5/orders/create")) == writes == 120


def test_what_was_edited_and_deleted_since_is_seen(sync: Sync, sandbox: Running, deals: list[dict[str, Any]]) -> None:
    sync("pull", "deals", *OCTOBER)
    diary = sandbox.sandbox.calltouch
    diary.update(deals[0]["orderNumber"], {"client": {"phones": "74950009999"}}, service=deals[0]["service"])
    diary.delete(deals[1]["orderNumber"], service=deals[1]["service"])

    again = sync("pull", "deals", *OCTOBER)

    assert again.out == "0 new, 1 changed, 1 deleted, 118 as they were.\n"
    assert any(order["phone"] == "74950009999" for order in sandbox.sandbox.state.rows("order").values())


# fifty at a time -------------------------------------------------------------------------------------------------------
def test_bulk_takes_few_calls(sync: Sync, sandbox: Running, deals: list[dict[str, Any]]) -> None:
    sync("pull", "deals", *OCTOBER, "--bulk")

    uploads = [json.loads(record.parameters["orders"]) for record in calls(sandbox, "/api/v5/orders/upload")]
    alone = calls(sandbox, "/api/v5/orders/create")
    assert sum(map(len, uploads)) + len(alone) == 120
    assert len(uploads) + len(alone) < 30
    assert max(map(len, uploads)) <= 50


@pytest.mark.parametrize(
    ("on_duplicate", "code", "phones"),
    [("skip", 0, {"74951112233"}), ("edit", 0, {DEALS[0]["client"]["phones"]}), ("fail", 1, {"74951112233"})],
)
def test_an_order_that_is_there_is_treated_as_on_duplicate_says(  # noqa: PLR0917 - cases and fixtures
    sync: Sync,
    sandbox: Running,
    deals: list[dict[str, Any]],
    write: Callable[..., None],
    on_duplicate: str,
    code: int,
    phones: set[str],
) -> None:
    write(on_duplicate=on_duplicate)
    there = f"ct-{DEALS[0]['service'] or 'own'}-{DEALS[0]['orderNumber']}"
    create_order(sandbox, {"externalId": there, "phone": "74951112233"})

    shown = sync("pull", "deals", *OCTOBER, "--bulk")

    assert shown.code == code, shown.out + shown.err
    assert ("1 deliveries failed: sync history --bundle deals --status failed" in shown.out) == bool(code)
    orders = sandbox.sandbox.state.rows("order").values()
    assert {order["phone"] for order in orders if order["externalId"] == there} == phones
    assert in_crm(sandbox) == external_ids(deals)


def test_an_order_that_is_wrong_fails_alone_with_its_reason(
    sync: Sync, sandbox: Running, deals: list[dict[str, Any]], write: Callable[..., None]
) -> None:
    number = DEALS[3]["orderNumber"]
    write(f"          status: {{from: orderNumber, lookup: {{'{number}': no-such-status}}, default: new}}\n")

    shown = sync("pull", "deals", *OCTOBER, "--bulk")

    wrong = [deal for deal in deals if deal["orderNumber"] == number]
    assert shown.code == 1
    assert f"{len(wrong)} deliveries failed" in shown.out
    assert in_crm(sandbox) == external_ids([deal for deal in deals if deal not in wrong])
    (failed, *_) = sync("history", "--status", "failed", "--json").json_lines()
    assert "status" in json.dumps(sync("show", failed["id"], "--json").json())


def test_lost_answers_of_uploads_double_nothing(sync: Sync, sandbox: Running, deals: list[dict[str, Any]]) -> None:
    sandbox.sandbox.set_faults(parse_faults("lost=0.2,500=0.1"), seed=5)

    for _ in range(20):
        if sync("pull", "deals", *OCTOBER, "--bulk").code == 0:
            break

    assert in_crm(sandbox) == external_ids(deals)


def test_bulk_is_refused_for_more_than_one_step(sync: Sync, write: Callable[..., None]) -> None:
    write(TWO_STEPS)

    shown = sync("pull", "deals", *OCTOBER, "--bulk")

    assert shown.code == 2
    assert "--bulk takes bundles of a single step, and deals has 2; leave --bulk out" in shown.err


# beside a daemon -------------------------------------------------------------------------------------------------------
def test_beside_a_daemon_the_daemon_delivers(
    sync: Sync, sandbox: Running, deals: list[dict[str, Any]], folder: Path
) -> None:
    held = open_store("sqlite:///apimonster.db", base=folder, daemon=True, clock=SystemClock())
    try:
        shown = sync("pull", "deals", *OCTOBER)
        refused = sync("pull", "deals", *OCTOBER, "--bulk")
        waiting = held.open_deliveries("deals")
    finally:
        held.close_store()

    assert (shown.code, shown.out) == (
        0,
        "120 new, 0 changed, 0 deleted, 0 as they were. The daemon delivers them.\n",
    )
    assert waiting == 120
    assert in_crm(sandbox) == Counter()
    assert (refused.code, "stop the daemon first, or leave --bulk out" in refused.err) == (2, True)


# what goes wrong -------------------------------------------------------------------------------------------------------
def test_a_page_that_fails_is_where_it_goes_on(sync: Sync, sandbox: Running, deals: list[dict[str, Any]]) -> None:
    sandbox.sandbox.calltouch.rules.token_expired = True
    refused = sync("pull", "deals", *OCTOBER)
    sandbox.sandbox.calltouch.rules.token_expired = False

    done = sync("pull", "deals", *OCTOBER)

    assert refused.code == 1
    assert "not all of deals was read" in refused.err
    assert "token" in refused.err
    assert "the same command goes on from there" in refused.err
    assert done.code == 0
    assert in_crm(sandbox) == external_ids(deals)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("deal", "--from", "2025-10-01"), "there is no bundle deal; did you mean deals?"),
        (("orders", "--from", "2025-10-01"), "there is no bundle orders; there is deals"),
        (("deals", "--from", "01.10.2025"), "--from 01.10.2025: write a day such as 2026-03-01"),
        (("deals", "--from", "2025-10-05", "--to", "2025-10-01"), "--from 2025-10-05 is after --to 2025-10-01"),
    ],
)
def test_says_what_cannot_be_pulled(
    sync: Sync, write: Callable[..., None], arguments: tuple[str, ...], sentence: str
) -> None:
    shown = sync("pull", *arguments)

    assert shown.code == 2
    assert sentence in shown.err


def test_a_bundle_of_webhooks_has_nothing_to_pull(sync: Sync, folder: Path) -> None:
    (folder / "bundles.yaml").write_text(WEBHOOKS, encoding="utf-8")

    shown = sync("pull", "leads", *OCTOBER)

    assert (shown.code, "leads has nothing to pull: utmstat.new_lead arrives by webhook" in shown.err) == (2, True)


def create_order(sandbox: Running, order: dict[str, Any]) -> None:
    import requests

    answer = requests.post(
        f"{sandbox.url}/api/v5/orders/create",
        data={"site": "main", "order": json.dumps(order)},
        headers={"X-API-KEY": "sandbox"},
        timeout=10,
    )
    assert answer.status_code == 201, answer.text
