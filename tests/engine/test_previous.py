"""The event before: of the same kind of thing, and only looked for when a filter asks what has changed."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from apimonster_cli.bundles.load import load_text
from apimonster_cli.bundles.model import Bundle
from apimonster_cli.core import exactjson
from apimonster_cli.core.clock import SystemClock
from apimonster_cli.engine.previous import compares, event_before
from apimonster_cli.store.api import Store
from apimonster_cli.store.open import open_store
from apimonster_cli.store.rows import Claimed, NewEvent
from apimonster_cli.values.scope import MISSING
from tests.engine.support import START

FILE = """\
version: 1
connections:
  leads: {{type: utmstat, token: invented-token-of-leads}}
  crm: {{type: http, url: "https://crm.example.com"}}
bundles:
  b:
    source: {{event: [utmstat.new_lead, utmstat.lead_status_changed, utmstat.contact_scored]}}
    filter: {filter}
    steps:
      - action: http.request
        filter: {step}
        fields: {{path: {{value: /leads}}}}
"""
NONE = "{id: {exists: true}}"
CHANGED = "{any: [{status_id: {changed: true}}]}"


def loaded(folder: Path, *, only: str = NONE, step: str = NONE) -> Bundle:
    found = load_text(FILE.format(filter=only, step=step), environ={}, file="bundles.yaml", folder=folder)
    assert found.config, found.problems
    return found.config.bundles["b"]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = open_store("sqlite:///test.db", base=tmp_path, daemon=True, clock=SystemClock())
    yield made
    made.close_store()


def came(store: Store, name: str, payload: Any, key: str = "7") -> Claimed:
    """Let an event come in, and return its delivery; the ones before it are closed."""
    event = NewEvent(
        "leads", f"utmstat.{name}", "accepted", START, exactjson.dumps(payload), object_key=key, bundles=("b",)
    )
    store.accept(event).result(timeout=10)
    (claimed,) = store.claim("w", ["b"], limit=9, lease=timedelta(minutes=5), now=START)
    store.close(claimed.lease, "done")
    return claimed


@pytest.mark.parametrize(("only", "step", "asks"), [(NONE, NONE, False), (CHANGED, NONE, True), (NONE, CHANGED, True)])
def test_a_bundle_compares_when_any_of_its_filters_does(tmp_path: Path, only: str, step: str, *, asks: bool) -> None:
    assert compares(loaded(tmp_path, only=only, step=step)) is asks


def test_a_change_of_a_lead_follows_its_creation(store: Store, tmp_path: Path) -> None:
    came(store, "new_lead", {"status_id": 1})
    changed = came(store, "lead_status_changed", {"status_id": 2})

    assert event_before(store, changed, loaded(tmp_path, only=CHANGED)) == {"status_id": 1}


def test_a_contact_is_not_the_lead_of_the_same_number(store: Store, tmp_path: Path) -> None:
    came(store, "contact_scored", {"scoring": 1})
    lead = came(store, "new_lead", {"status_id": 1})

    assert event_before(store, lead, loaded(tmp_path, only=CHANGED)) is MISSING


def test_nothing_is_looked_for_when_nobody_asks(store: Store, tmp_path: Path) -> None:
    came(store, "new_lead", {"status_id": 1})
    changed = came(store, "lead_status_changed", {"status_id": 2})

    assert event_before(store, changed, loaded(tmp_path)) is MISSING
