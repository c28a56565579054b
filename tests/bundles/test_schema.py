import json
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from apimonster_cli.bundles.compose import compose
from apimonster_cli.bundles.nodes import to_data
from apimonster_cli.bundles.schema import json_schema, schema_text
from apimonster_cli.connectors import registry
from tests.bundles.golden import SILENT
from tests.bundles.regenerate import ROOT, SCHEMA

EXAMPLE = ROOT / "bundles.example.yaml"


@cache
def validator() -> Draft202012Validator:
    return Draft202012Validator(json_schema())


def mistakes(data: Any) -> list[str]:
    """Return where the schema refuses the data; numbers are made plain, as JSON has no Decimal."""
    plain = json.loads(json.dumps(data, default=float))
    return sorted({"/".join(str(part) for part in error.absolute_path) for error in validator().iter_errors(plain)})


def read(path: Path) -> Any:
    root, problems = compose(path.read_text(encoding="utf-8"), path.name)
    assert root is not None
    assert problems == []
    return to_data(root)


@pytest.fixture
def example() -> Any:
    return deepcopy(read(EXAMPLE))


def test_is_a_schema() -> None:
    Draft202012Validator.check_schema(json_schema())

    assert json_schema()["$schema"] == "https://json-schema.org/draft/2020-12/schema"


def test_is_the_one_in_the_tree() -> None:
    assert schema_text() == SCHEMA.read_text(encoding="utf-8")


@pytest.mark.parametrize("path", [EXAMPLE, *sorted(SILENT.glob("*.yaml"))], ids=lambda path: path.stem)
def test_accepts_what_check_accepts(path: Path) -> None:
    assert mistakes(read(path)) == []


def test_completes_the_target_fields_of_each_action() -> None:
    defined = json_schema()["$defs"]

    for name in registry.action_names():
        connector, action = registry.action(name) or pytest.fail(name)
        for field in connector.catalogue.fields(action.inputs).values():
            assert field.id in defined[f"fields.{name}"]["properties"]
    phone = defined["fields.retailcrm.create_order"]["properties"]["lastName"]
    assert phone == {"description": "Фамилия · string", "$ref": "#/$defs/right"}


@pytest.mark.parametrize(
    ("way", "value"),
    [
        ("version", 2),
        ("bundle", {}),
        ("settings/retention/events", "14"),
        ("connections/crm/type", "bitrix24"),
        ("connections/crm/apikey", "x"),
        ("connections/crm/dedupe", "id"),
        ("bundles/leads-to-orders/filters", {}),
        ("bundles/leads-to-orders/source/event", "utmstat.lead"),
        ("bundles/leads-to-orders/steps/1/action", "retailcrm.order"),
        ("bundles/leads-to-orders/steps/1/on_duplicate", "update"),
        ("bundles/leads-to-orders/steps/0/on_duplicate", "edit"),
        ("bundles/leads-to-orders/steps/1/fields/fistName", "contact.name"),
        ("bundles/leads-to-orders/steps/1/fields/phone", {"form": "contact.phone"}),
        ("bundles/leads-to-orders/tests/0/expect", "fitered"),
    ],
)
def test_refuses_a_mistake(way: str, value: object, example: Any) -> None:
    *parts, last = way.split("/")
    inside = example
    for part in parts:
        inside = inside[int(part) if isinstance(inside, list) else part]

    inside[last] = value

    assert mistakes(example)


def test_extra_fields_open_a_step(example: Any) -> None:
    step = example["bundles"]["leads-to-orders"]["steps"][1]
    step["fields"]["brandNewField"] = "contact.name"
    refused = mistakes(example)

    step["extra_fields"] = True

    assert "bundles/leads-to-orders/steps/1/fields" in refused
    assert mistakes(example) == []


def test_takes_any_place_in_a_list_and_any_own_field(example: Any) -> None:
    fields = example["bundles"]["leads-to-orders"]["steps"][1]["fields"]

    fields |= {"items.12.quantity": 1, "customFields.anything": "id", "items": {"each": "x", "fields": {"quantity": 1}}}

    assert mistakes(example) == []


CONTRACT = {
    "version": 1,
    "settings": {"listen": "127.0.0.1:8080", "retention": {"events": "14d"}},
    "connections": {
        "site-leads": {"type": "utmstat", "token": "${UTMSTAT_HOOK_TOKEN}"},
        "landing": {
            "type": "webhook",
            "token": "${LANDING_HOOK_TOKEN}",
            "dedupe": "lead.uuid",
            "signature": {"scheme": "standard-webhooks", "secret": "${LANDING_SECRET}"},
        },
        "crm": {
            "type": "retailcrm",
            "url": "https://demo.retailcrm.ru",
            "api_key": "${KEY}",
            "site": "main",
            "rate": "10/s",
        },
        "telegram": {"type": "http", "url": "https://api.telegram.org/bot${TELEGRAM_TOKEN}"},
    },
    "bundles": {
        "leads-to-orders": {
            "title": "Заявки с сайта в заказы",
            "source": {"event": "utmstat.new_lead", "connection": "site-leads"},
            "filter": {"status_id": [1, 2], "contact.phone": {"exists": True}},
            "steps": [
                {"id": "known", "action": "retailcrm.find_order", "fields": {"phone": "contact.phone"}},
                {
                    "id": "order",
                    "action": "retailcrm.create_order",
                    "filter": {"steps.known.id": {"exists": False}},
                    "on_duplicate": "edit",
                    "fields": {
                        "externalId": "utmstat-{{ id }}",
                        "call": True,
                        "orderType": {"value": "eshop-individual"},
                        "source.campaign": {"from": ["a.b", "c.d"], "default": "direct"},
                        "status": {"from": "status_id", "lookup": {"1": "new"}, "default": "new"},
                        "customFields.city": "source.first_click.geo.city_name",
                        "items.0.initialPrice": "fields.order_price.value",
                        "items": {"each": "products", "fields": {"productName": "name"}},
                    },
                },
            ],
            "on_failure": [
                {
                    "action": "http.request",
                    "connection": "telegram",
                    "fields": {"method": {"value": "POST"}, "path": {"value": "/sendMessage"}, "json.chat_id": 42},
                }
            ],
            "tests": [
                {
                    "name": "a paid click becomes an order",
                    "event": "sample:utmstat.new_lead",
                    "patch": {"status_id": 1},
                    "responses": {"known": {}},
                    "expect": {"order": {"firstName": "Иван"}, "known": "skipped"},
                },
                {"name": "closed leads are ignored", "event": "sample:utmstat.new_lead", "expect": "filtered"},
            ],
        }
    },
}


def test_accepts_the_shapes_of_the_language() -> None:
    assert mistakes(CONTRACT) == []
