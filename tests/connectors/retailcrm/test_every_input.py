"""Every field that the catalogue lists for an order goes from an event, written as senders write it, into the CRM as its type."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from apimonster_cli.bundles.load import load_text
from apimonster_cli.connectors.catalogue import CatalogueField
from apimonster_cli.connectors.retailcrm import CONNECTOR
from apimonster_cli.core import exactjson
from apimonster_cli.engine.context import Context
from apimonster_cli.sandbox.server import Running, Sandbox
from tests.connectors.test_against_the_sandbox import LiveCall

CODES: Mapping[str, Any] = {
    "id": 1,
    "externalId": "x-1",
    "site": "main",
    "article_field": "offer_id",
    "orderMethod": "phone",
    "orderType": "eshop-legal",
    "countryIso": "RU",
    "privilegeType": "loyalty_event",
    "status": "client-confirmed",
    "shipmentStore": "shop",
    "contragent.contragentType": "legal-entity",
    "customer.id": 1,
    "customer.externalId": "c1",
    "customer.browserId": "b1",
    "customer.site": "main",
    "customer.type": "customer",
    "contact.id": 1,
    "contact.externalId": "c1",
    "contact.browserId": "b1",
    "contact.site": "main",
    "items.0.id": 1,
    "items.0.offer.id": 1001,
    "items.0.status": "reserve",
    "items.0.priceType.code": "base",
    "delivery.code": "courier",
    "delivery.address.countryIso": "RU",
    "delivery.time.from": "10:00",
    "delivery.time.to": "12:30",
    "payments.0.type": "cash",
    "payments.0.status": "paid",
}
"""Inputs that take not just anything."""

NOT_SHOWN = {
    "customer.nickName": "counts for a new customer only",
    "company.site": "is no documented input",
    "items.0.offer.externalId": "offer.id goes first",
    "items.0.offer.xmlId": "offer.id goes first",
    "items.0.productName": "the offer has its own",
    "article_field": "is for the program itself",
    "products": "becomes lines",
}
ROWS = [{"offer_id": "MUG-1", "name": "Кружка", "price": "624.0000", "quantity": 1}]
BEFORE = {"externalId": "x-0", "customer": {"id": 1}, "items": [{"productName": "Окно"}]}
BUNDLE = """
version: 1
connections:
  site: {{type: webhook, token: invented-token-1, timezone: Europe/Kyiv}}
  crm: {{type: retailcrm, url: "https://crm.example", api_key: sandbox, site: main, timezone: Europe/Moscow}}
bundles:
  orders:
    source: {{event: webhook.received}}
    steps:
      - action: retailcrm.{action}
        fields: {fields}
"""


def pair(field: CatalogueField, number: int) -> tuple[Any, Any]:
    """Return a value as a sender writes it, and as the CRM has to have it."""
    if field.id == "products":
        return ROWS, ROWS
    if field.id in CODES:
        return str(CODES[field.id]), CODES[field.id]
    return {
        "string": (f"v{number}", f"v{number}"),
        "integer": (str(number), number),
        "number": (f"{number},5", exactjson.loads(f"{number}.5")),
        "boolean": ("да", True),
        "datetime": ("05.03.2026 10:20:30", "2026-03-05 11:20:30"),
        "date": ("05.03.2026", "2026-03-05"),
        "array": (["a", "b"], ["a", "b"]),
        "object": ({"city": "Омск"}, {"city": "Омск"}),
    }[field.type]


def pick(value: Any, path: str) -> Any:
    for part in path.split("."):
        if isinstance(value, Mapping) and part == "0":
            value = next(iter(value.values()))
        elif isinstance(value, list):
            value = value[int(part)] if int(part) < len(value) else None
        else:
            value = (value or {}).get(part)
    return value


def built(action: str, wanted: Mapping[str, tuple[Any, Any]]) -> dict[str, Any]:
    """Return the fields of a step that reads each input from a field of the event."""
    names = {name: f"f{number}" for number, name in enumerate(wanted)}
    text = BUNDLE.format(action=action, fields=exactjson.dumps(names))
    loaded = load_text(text, environ={}, file="bundles.yaml", folder=Path())
    assert loaded.config, loaded.problems
    bundle = loaded.config.bundles["orders"]
    event = {names[name]: written for name, (written, _) in wanted.items()}
    scope = Context(event, {}, bundle, loaded.config.settings).scope(bundle.steps[0])
    return bundle.steps[0].fields.build(scope).fields


@pytest.fixture
def url() -> Iterator[str]:
    running: Running
    with Sandbox().serve() as running:
        yield running.url


@pytest.mark.parametrize(
    ("action", "left_out"),
    [("create_order", {"items.0.id"}), ("edit_order", set()), ("create_order_from_ozon", set())],
)
def test_every_input_arrives_in_its_place_and_as_its_type(action: str, left_out: set[str], url: str) -> None:
    def run(name: str, fields: Mapping[str, Any]) -> Mapping[str, Any]:
        return LiveCall(CONNECTOR, name, fields, url).run()

    found = CONNECTOR.action(action)
    assert found
    inputs = CONNECTOR.catalogue.fields(found.inputs)
    wanted = {name: pair(field, place) for place, (name, field) in enumerate(inputs.items()) if name not in left_out}
    run("create_customer", {"externalId": "c1", "firstName": "Анна", "browserId": "b1"})
    if action == "edit_order":
        run("create_order", BEFORE)

    order = run(action, built(action, wanted))

    shown = {name: pick(order, name) for name in wanted if name not in NOT_SHOWN}
    assert shown == {name: value for name, (_, value) in wanted.items() if name not in NOT_SHOWN}
