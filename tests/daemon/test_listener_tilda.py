"""Tilda's forms at the listener, as they are sent: urlencoded, tested before they are saved, tried again."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from apimonster_cli.connectors import registry
from apimonster_cli.core import exactjson
from apimonster_cli.core.clock import SystemClock
from apimonster_cli.store.api import Store
from apimonster_cli.store.open import open_store
from apimonster_cli.store.rows import HistoryFilter
from tests.daemon.listening import Listening, Reply, bundle, config, connection, listening

SAMPLES = registry.connector("tilda").catalogue.folder / "samples"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    kept = open_store("sqlite:///kept.db", base=tmp_path, daemon=True, clock=SystemClock())
    yield kept
    kept.close_store()


@pytest.fixture
def listener(store: Store) -> Iterator[Listening]:
    forms = connection("tilda", name="site")
    with listening(config([forms], [bundle("orders", forms, "tilda.form_submitted")]), store) as up:
        yield up


def pairs(value: Any, name: str = "") -> list[tuple[str, str]]:
    """Return nested data as a form names it: payment[products][0][name]."""
    if not isinstance(value, dict | list):
        return [(name, value)]
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    return [pair for key, each in inner for pair in pairs(each, f"{name}[{key}]" if name else str(key))]


def send(listener: Listening, sample: str) -> Reply:
    payload = exactjson.loads((SAMPLES / f"{sample}.json").read_bytes())
    return listener.send(urlencode(pairs(payload)), headers=FORM)


@pytest.mark.parametrize("sample", ["form_submitted", "form_with_cart", "form_renamed"])
def test_a_form_is_kept_as_its_sample_says(listener: Listening, store: Store, sample: str) -> None:
    reply = send(listener, sample)

    row = store.event(reply.body["event"])
    assert row
    assert exactjson.loads(row.payload or "") == exactjson.loads((SAMPLES / f"{sample}.json").read_bytes())
    assert (row.event, list(row.deliveries)) == ("tilda.form_submitted", ["orders"])


def test_a_form_that_is_tried_again_is_taken_once(listener: Listening, store: Store) -> None:
    first, again = send(listener, "form_submitted"), send(listener, "form_submitted")

    assert again.body == {"status": "duplicate", "event": first.body["event"]}
    assert len(store.events(HistoryFilter())) == 1


@pytest.mark.parametrize("body", ["test=test", ""])
def test_the_check_of_the_address_is_answered_and_no_event(listener: Listening, store: Store, body: str) -> None:
    reply = listener.send(body, headers=FORM)

    assert (reply.status, reply.body) == (200, {"status": "ok"})
    assert store.events(HistoryFilter()) == []
