"""A folder as a day's work leaves it: a bundle file, and a store with three events."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from apimonster_cli.core.clock import SystemClock
from apimonster_cli.store.api import Store
from apimonster_cli.store.open import open_store
from apimonster_cli.store.rows import EndedTransaction, NewEvent, NewTransaction, StepResult

TOKEN = "invented-hook-token"
KEY = "invented-api-key"
BUNDLES = f"""\
version: 1
settings:
  timezone: Europe/Moscow
connections:
  site-leads: {{type: utmstat, token: {TOKEN}}}
  crm: {{type: retailcrm, url: "https://demo.retailcrm.ru", api_key: {KEY}, site: main}}
bundles:
  leads:
    source: {{event: utmstat.new_lead}}
    steps:
      - {{id: order, action: retailcrm.create_order, fields: {{phone: contact.phone, status: {{value: new}}}}}}
"""
NOON = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)  # in Moscow
ANSWER = '{"success":true,"id":17,"order":{"id":17,"number":"17A"}}'


def write_bundles(folder: Path, text: str = BUNDLES) -> None:
    (folder / "bundles.yaml").write_text(text, encoding="utf-8")


def fill(folder: Path) -> None:
    """Write the bundle file and the store: event 1 became an order, 2 failed, 3 was not recognised, 4 was rejected."""
    write_bundles(folder)
    store = open_store("sqlite:///apimonster.db", base=folder, daemon=True, clock=SystemClock())
    try:
        for number, phone in ((1, "74950000012"), (2, "74950000013")):
            lead = f'{{"id":{number},"contact":{{"phone":"{phone}"}},"sum":51300.00}}'
            store.accept(_event(number, payload=lead, bundles=("leads",), object_key=str(number))).result()
        store.accept(_event(3, event=None, status="unmatched", payload='{"a":1}', reason="nothing knows it")).result()
        store.accept(_event(4, event=None, status="rejected", payload=None, body=b"{br", reason="not JSON")).result()
        _deliver(store)
    finally:
        store.close_store()


def _event(number: int, **fields: object) -> NewEvent:
    usual = {
        "connection": "site-leads",
        "event": "utmstat.new_lead",
        "status": "accepted",
        "received_at": NOON + timedelta(minutes=number),
        "content_type": "application/json",
    }
    return NewEvent(**{**usual, **fields})  # type: ignore[arg-type]


def _deliver(store: Store) -> None:
    later = NOON + timedelta(hours=1)
    for claimed in store.claim("tests", ["leads"], limit=10, lease=timedelta(minutes=5), now=datetime.now(UTC)):
        good = claimed.event_id == 1
        call = NewTransaction(
            step="order",
            connection="crm",
            action="retailcrm.create_order",
            method="POST",
            url="https://demo.retailcrm.ru/api/v5/orders/create",
            request='site=main&order={"phone":"74950000012","status":"new"}',
            writes=True,
            sent_at=later,
        )
        transaction = store.begin_call(claimed.lease, call)
        ended = EndedTransaction(
            transaction,
            "answered",
            later + timedelta(milliseconds=35),
            status=201 if good else 400,
            answer=ANSWER if good else '{"success":false,"errorMsg":"Order is not loaded"}',
            error=None if good else "RetailCRM refuses the order: Order is not loaded",
        )
        step = StepResult(
            step="order",
            position=0,
            action="retailcrm.create_order",
            outcome="done" if good else "failed",
            ended_at=later,
            fields={"phone": "74950000012", "status": "new"},
            origins={"phone": "path contact.phone", "status": "constant"},
            output={"id": 17, "number": "17A"} if good else {},
            error=ended.error,
        )
        store.end_step(
            claimed.lease,
            step,
            [ended],
            outcome="done" if good else "failed",
            error=None if good else f"order: {ended.error}",
        )
