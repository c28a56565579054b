"""What can be delivered again, and what of it is in the CRM already."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from apimonster_cli.bundles.load import load_text
from apimonster_cli.bundles.model import Config
from apimonster_cli.connectors.retailcrm import calls
from apimonster_cli.core.clock import SystemClock
from apimonster_cli.daemon.clients import Clients
from apimonster_cli.engine.replay import Choice, choose, what_is_there
from apimonster_cli.sandbox.server import Running, Sandbox
from apimonster_cli.store.api import Store
from apimonster_cli.store.open import open_store
from apimonster_cli.store.past import PastFilter, Replay
from apimonster_cli.store.rows import NewEvent

NOON = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
KEY = "invented-api-key"
FILE = """\
version: 1
connections:
  site-leads: {{type: utmstat, token: invented-hook-token}}
  crm: {{type: retailcrm, url: "{url}", api_key: {key}, site: main}}
bundles:
  leads:
    source: {{event: utmstat.new_lead}}
    steps:
      - {{id: order, action: retailcrm.create_order, fields: {{{fields}}}}}
"""


def config(
    url: str = "https://demo.retailcrm.ru", *, fields: str = 'externalId: "lead-{{ id }}"', key: str = KEY
) -> Config:
    text = FILE.format(url=url, key=key, fields=fields)
    loaded = load_text(text, environ={}, file="bundles.yaml", folder=Path())
    assert loaded.config, [problem.line() for problem in loaded.problems]
    return loaded.config


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store("sqlite:///apimonster.db", base=tmp_path, daemon=True, clock=SystemClock())
    yield opened
    opened.close_store()


@pytest.fixture
def crm() -> Iterator[Running]:
    with Sandbox(keys=[KEY]).serve() as running:
        yield running


def lead(number: int, **changes: object) -> NewEvent:
    payload = f'{{"event_name":"new_lead","id":{number},"contact":{{"phone":"7495{number:07d}"}}}}'
    event = NewEvent("site-leads", "utmstat.new_lead", "accepted", NOON, payload, object_key=str(number))
    return replace(event, **changes)  # type: ignore[arg-type]


def chosen(config_: Config, store: Store, *events: NewEvent, failed: bool = False, bundle: str | None = None) -> Choice:
    for event in events:
        store.accept(event).result()
    ids = tuple(range(1, len(events) + 1))
    return choose(config_, store, store.past(PastFilter(ids)), failed=failed, bundle=bundle)


def test_chooses_bundles_that_take_an_event_and_never_got_it(store: Store) -> None:
    choice = chosen(config(), store, lead(1), lead(2, bundles=("leads",)))

    assert [each.item for each in choice.chosen] == [Replay(1, "leads", None)]
    assert [(each.event_id, each.why) for each in choice.left_out] == [(2, "it is on its way (waiting)")]


def test_recognises_what_was_not_recognised(store: Store) -> None:
    choice = chosen(config(), store, lead(1, event=None, status="unmatched", object_key=None))

    (item,) = (each.item for each in choice.chosen)
    assert (item.bundle, item.event, item.delivery_id) == ("leads", "utmstat.new_lead", None)
    assert item.object_key is not None


def test_a_pulled_event_belongs_to_the_bundle_that_pulled_it(store: Store) -> None:
    choice = chosen(config(), store, lead(1, change="created"))

    assert choice.chosen == ()
    assert [each.why for each in choice.left_out] == ["no bundle takes utmstat.new_lead"]


def test_events_of_a_connection_that_is_gone_are_left_out(store: Store) -> None:
    choice = chosen(config(), store, lead(1, connection="old-site"))

    assert [each.why for each in choice.left_out] == ["there is no connection old-site any more"]


def test_only_failed_ones_are_chosen_when_only_these_are_wanted(store: Store) -> None:
    choice = chosen(config(), store, lead(1), lead(2, bundles=("leads",)), failed=True)

    assert choice == Choice((), ())


def there(config_: Config, store: Store, choice: Choice) -> list[bool | None]:
    clock = SystemClock()
    found = what_is_there(config_, store, choice.chosen, Clients(config_, clock).of, clock)
    return [found.get(each.item) for each in choice.chosen]


def make_order(crm: Running, number: int) -> None:
    client = Clients(config(crm.url), SystemClock()).of("crm")
    client.send(calls.create_order({"externalId": f"lead-{number}"}, "main"))


def test_tells_which_orders_are_there_with_a_single_call(store: Store, crm: Running) -> None:
    make_order(crm, 2)
    config_ = config(crm.url)
    choice = chosen(config_, store, *map(lead, range(1, 6)))
    before = len(crm.sandbox.journal.records)

    found = there(config_, store, choice)

    assert found == [False, True, False, False, False]
    assert len(crm.sandbox.journal.records) - before == 1


def test_looks_for_the_id_that_a_step_without_one_derives(store: Store, crm: Running) -> None:
    config_ = config(crm.url, fields="phone: contact.phone")
    choice = chosen(config_, store, lead(1))

    assert there(config_, store, choice) == [False]


def test_what_cannot_be_asked_is_left_open(store: Store, crm: Running) -> None:
    unbuildable = config(crm.url, fields="firstName: {from: contact.name, required: true}")
    refused = config(crm.url, key="mistyped-api-key")
    choice = chosen(unbuildable, store, lead(1))

    assert there(unbuildable, store, choice) == [None]
    assert there(refused, store, choice) == [None]


def test_a_step_that_is_done_for_each_of_a_list_is_not_looked_for(store: Store, crm: Running) -> None:
    config_ = config(crm.url, fields="phone: contact.phone}, for_each: tags, filter: {id: 1")
    choice = chosen(config_, store, lead(1))

    assert there(config_, store, choice) == [None]
