"""Nobody's phone, e-mail, name or address is shown unless it is asked for."""

import csv
import io
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from apimonster_cli.connectors import registry
from apimonster_cli.core import exactjson
from apimonster_cli.core.clock import SystemClock
from apimonster_cli.store.open import open_store
from apimonster_cli.store.rows import EndedTransaction, NewEvent, NewTransaction, StepResult
from tests.cli.conftest import Result, Sync
from tests.cli.filled import BUNDLES, NOON, write_bundles

PERSON = (
    "74950000012",
    "+7 (495) 000-00-12",
    "4950000012",
    "ivan.primerov@example.com",
    "Примеров",
    "Образцовая",
    "1990-05-14",
)
LEAD = {
    "id": 9007199254740993017,
    "contact": {"phone": "74950000012", "email": "ivan.primerov@example.com", "name": "Иван Примеров"},
    "address": {"city": "Тверь", "street": "Образцовая"},
    "birthday": "1990-05-14",
    "order_comment": "Иван, +7 (495) 000-00-12",
}
FORM = "site=main&order=" + exactjson.dumps(
    {"phone": "74950000012", "firstName": "Примеров", "externalId": "utmstat-7"}
)
REFUSAL = 'RetailCRM refuses the order: phone "74950000012" of ivan.primerov@example.com is not valid'
COMMANDS = [
    ["history"],
    ["history", "--json"],
    ["show", "1"],
    ["show", "1", "--json"],
    ["transactions"],
    ["transactions", "--json"],
    ["transactions", "--csv"],
]


@pytest.fixture
def lead(folder: Path) -> Path:
    """A lead of a person whose order was refused; the thing goes by the person's phone."""
    write_bundles(folder, BUNDLES.replace("phone: contact.phone", "phone: contact.phone, firstName: contact.name"))
    store = open_store("sqlite:///apimonster.db", base=folder, daemon=True, clock=SystemClock())
    store.accept(
        NewEvent(
            "site-leads",
            "utmstat.new_lead",
            "accepted",
            NOON,
            exactjson.dumps(LEAD),
            query={"phone": "74950000012"},
            headers={"referer": "https://shop.example.com/?email=ivan.primerov%40example.com"},
            remote="203.0.113.7",
            object_key="74950000012",
            bundles=("leads",),
        )
    ).result()
    (claimed,) = store.claim("tests", ["leads"], limit=1, lease=timedelta(minutes=5), now=SystemClock().now())
    url = "https://demo.retailcrm.ru/api/v5/customers?filter[name]=4950000012"
    call = NewTransaction("order", "crm", "retailcrm.create_order", "POST", url, FORM, writes=True, sent_at=NOON)
    answer = exactjson.dumps({"errorMsg": REFUSAL, "customer": {"id": 17, "lastName": "Примеров"}})
    ended = EndedTransaction(store.begin_call(claimed.lease, call), "answered", NOON, 400, answer, REFUSAL)
    fields = {"phone": "74950000012", "firstName": "Иван Примеров", "externalId": "utmstat-7"}
    output = {"id": 17, "customer": {"phones": [{"number": "74950000012"}], "birthday": "1990-05-14"}}
    step = StepResult("order", 0, call.action, "failed", NOON, fields, {"phone": "path contact.phone"}, output, REFUSAL)
    store.end_step(claimed.lease, step, [ended], outcome="failed", error=f"step order: {REFUSAL}")
    store.close_store()
    return folder


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_nobody_is_shown(lead: Path, sync: Sync, command: list[str]) -> None:
    shown = sync(*command)

    assert shown.code == 0
    assert shown.out
    assert [each for each in PERSON if each in shown.out + shown.err] == []


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_reveal_shows_all_that_there_is(lead: Path, sync: Sync, command: list[str]) -> None:
    masked, revealed = sync(*command), sync(*command, "--reveal")

    assert "74950000012" in revealed.out
    assert "•" not in revealed.out
    assert len(masked.out.splitlines()) == len(revealed.out.splitlines())


def test_what_is_masked_can_still_be_told_apart(lead: Path, sync: Sync) -> None:
    event = sync("show", 1, "--json").json()

    assert event["payload"] == {
        "id": 9007199254740993017,
        "contact": {"phone": "7495•••••12", "email": "i•••@example.com", "name": "И••• П•••"},
        "address": {"city": "Тверь", "street": "О•••"},
        "birthday": "•••",
        "order_comment": "Иван, +7 (495) •••-••-12",
    }
    assert event["object_key"] == "7495•••••12"
    assert event["remote"] == "203.0.113.7"
    assert event["headers"] == {"referer": "https://shop.example.com/?email=i•••@example.com"}
    (delivery,) = event["deliveries"]
    assert delivery["steps"][0]["fields"] == {
        "phone": "7495•••••12",
        "firstName": "И••• П•••",
        "externalId": "utmstat-7",
    }
    assert delivery["transactions"][0]["url"] == "https://demo.retailcrm.ru/api/v5/customers?filter[name]=495•••••12"
    assert "utmstat-7" in delivery["transactions"][0]["request"]


def test_show_says_how_to_see_more(lead: Path, sync: Sync) -> None:
    assert "--reveal" in sync("show", 1).err
    assert "--reveal" not in sync("show", 1, "--reveal").err


def test_masked_json_and_csv_have_the_keys_of_the_whole(lead: Path, sync: Sync) -> None:
    def keys(shown: Result) -> Any:
        return [_keys(row) for row in shown.json_lines()]

    def headings(shown: Result) -> Any:
        return [set(row) for row in csv.DictReader(io.StringIO(shown.out))]

    assert keys(sync("history", "--json")) == keys(sync("history", "--json", "--reveal"))
    assert keys(sync("transactions", "--json")) == keys(sync("transactions", "--json", "--reveal"))
    assert headings(sync("transactions", "--csv")) == headings(sync("transactions", "--csv", "--reveal"))


def test_what_is_searched_for_is_found_behind_its_mask(lead: Path, sync: Sync) -> None:
    assert len(sync("history", "--search", "ivan.primerov@", "--json").json_lines()) == 1


def test_a_replay_shows_nobody(lead: Path, sync: Sync) -> None:
    shown = sync("replay", "--failed", "--json")

    assert "RetailCRM refuses the order" in shown.out
    assert [each for each in PERSON if each in shown.out + shown.err] == []


SAMPLES = [
    (event, name)
    for connector in map(registry.connector, registry.names())
    for event in connector.events
    for name in event.samples
]
PEOPLE = ("Примеров", "Тестов", "Образцов", "Прикладна", "Удалённый", "Иван", "Олена", "495000", "044000", "380440000")


@pytest.mark.parametrize(("event", "name"), SAMPLES, ids=[f"{event.name} {name}" for event, name in SAMPLES])
def test_nobody_in_a_sample_is_shown(event: Any, name: str) -> None:
    from apimonster_cli.cli import masking

    found = registry.event(event.name)
    assert found is not None
    text = (found[0].catalogue.folder / "samples" / name).read_text(encoding="utf-8")
    row = _row(event.name, text)

    shown = exactjson.loads(masking.event(row).payload or "")

    options = ["meta", "orderSource"]  # managers in a list of options, and the shop's own line
    told = exactjson.dumps({key: value for key, value in shown.items() if key not in options})
    assert [each for each in PEOPLE if each in told.replace("ФОП ", "")] == []
    assert _keys(shown) == _keys(exactjson.loads(text))


def _row(event: str, payload: str) -> Any:
    from apimonster_cli.store.rows import EventRow

    return EventRow(1, "c", event, "accepted", None, NOON, 0, None, payload, None, None, {}, {}, None)


def _keys(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _keys(item) for key, item in value.items()}
    return [_keys(item) for item in value] if isinstance(value, list) else None
