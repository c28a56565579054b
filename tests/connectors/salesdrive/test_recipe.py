"""The recipe for SalesDrive's orders gets right what other integrations get wrong."""

from pathlib import Path
from typing import Any

import pytest

from apimonster_cli.bundles.load import load_text
from apimonster_cli.core import exactjson
from apimonster_cli.engine.context import Context
from tests.connectors.salesdrive.payloads import sample
from tests.test_docs import ENVIRON, blocks

RECIPE = next(block.text for block in blocks("yaml") if "type: salesdrive" in block.text and "version: 1" in block.text)


def context(payload: Any) -> tuple[Any, Context]:
    """Return the recipe's bundle, and an event as it sees it."""
    loaded = load_text(RECIPE, environ=ENVIRON, file="bundles.yaml", folder=Path())
    assert loaded.config, loaded.problems
    bundle = loaded.config.bundles["shop-orders"]
    return bundle, Context(exactjson.loads(exactjson.dumps(payload)), {}, bundle, loaded.config.settings)


def order(payload: Any) -> dict[str, Any]:
    """Return the fields of the order that the recipe makes of a webhook."""
    bundle, made = context(payload)
    fields: dict[str, Any] = bundle.steps[0].fields.build(made.scope(bundle.steps[0])).fields
    return fields


def product(**changes: Any) -> dict[str, Any]:
    payload: dict[str, Any] = sample("new_order")
    payload["data"]["products"] = [{**payload["data"]["products"][0], "price": 200, "amount": 2, **changes}]
    line: dict[str, Any] = order(payload)["items"][0]
    return line


@pytest.mark.parametrize(
    ("discount", "percent", "expected"),
    [
        (10, 1, {"discountManualPercent": 10, "discountManualAmount": 0}),
        ("10", "1", {"discountManualPercent": 10, "discountManualAmount": 0}),
        (10, 0, {"discountManualPercent": 0, "discountManualAmount": 5}),
        ("10.5", 0, {"discountManualPercent": 0, "discountManualAmount": exactjson.loads("5.25")}),
        (0, 0, {"discountManualPercent": 0, "discountManualAmount": 0}),
        (None, None, {"discountManualPercent": 0, "discountManualAmount": 0}),
        ("", 0, {"discountManualPercent": 0, "discountManualAmount": 0}),
    ],
)
def test_a_discount_is_per_cent_or_money_off_the_line(discount: Any, percent: Any, expected: dict[str, Any]) -> None:
    line = product(discount=discount, percentDiscount=percent)

    assert {name: line[name] for name in expected} == expected


@pytest.mark.parametrize("amount", [0, None])
def test_a_line_of_nothing_has_no_discount_on_a_piece(amount: Any) -> None:
    line = product(discount=10, percentDiscount=0, amount=amount)

    assert line["discountManualAmount"] == 0


@pytest.mark.parametrize(
    ("written", "expected"),
    [("2026-07-01 12:00:00", "2026-07-01 12:00:00"), ("2026-01-15 12:00:00", "2026-01-15 13:00:00")],
)
def test_a_date_is_kyivs_and_becomes_the_crms(written: str, expected: str) -> None:
    payload: dict[str, Any] = sample("new_order")
    payload["data"]["orderTime"] = written

    assert order(payload)["createdAt"] == expected


def test_an_order_without_products_and_with_plain_phones_is_none_to_skip() -> None:
    made = order(sample("status_change_sparse"))

    assert "items" not in made
    assert made["phone"] == "380440000014"
    assert made["externalId"]


@pytest.mark.parametrize("contacts", [[], None, [{"phone": [], "email": []}], [{"phone": None}]])
def test_nobody_to_call_is_no_mistake(contacts: Any) -> None:
    payload: dict[str, Any] = sample("new_order")
    payload["data"]["contacts"] = contacts

    made = order(payload)

    assert not {"phone", "email", "firstName"} & set(made)


@pytest.mark.parametrize(("form", "passes"), [(1, True), ("1", True), (2, False), (None, False)])
def test_orders_of_another_base_are_left_alone(form: Any, *, passes: bool) -> None:
    payload: dict[str, Any] = sample("new_order")
    payload["data"]["formId"] = form
    bundle, made = context(payload)

    assert (bundle.filter.refusal(made.scope()) is None) is passes
