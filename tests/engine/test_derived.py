"""Fields that a connector makes from an event: bundles read them like the sender's own, in deliveries and in test cases."""

from dataclasses import replace
from typing import Any

import pytest

from apimonster_cli.bundles.model import Bundle, Case, Connection
from apimonster_cli.connectors import registry
from apimonster_cli.core import exactjson
from apimonster_cli.engine.case import run_case
from tests.engine.support import PLACE, Benches, bundle, config, step

SALESDRIVE = registry.connector("salesdrive")
SAMPLES = SALESDRIVE.catalogue.folder / "samples"
FIELDS = {
    "status": "labels.statusId",
    "sales": "Продаж: {{ labels.tipProdazu1 | join(', ') }}",
    "found": "$.labels.statusId",
    "whole": {"from": "event.labels.statusId", "default": "nothing"},
    "number": "event.data.statusId",
}
SENT = {
    "status": "Відправлено",
    "sales": "Продаж: Сайт, Instagram",
    "found": "Відправлено",
    "whole": "nothing",
    "number": 4,
}


def sample(name: str = "status_change", **more: Any) -> Any:
    return {**exactjson.loads((SAMPLES / f"{name}.json").read_bytes()), **more}


def of_orders(fields: Any = FIELDS, only: Any = None) -> Bundle:
    """Return a bundle for SalesDrive's orders."""
    made = bundle(step("order", fields), only=only or {"labels.statusId": "Відправлено"})
    return replace(made, connection=Connection("shop", SALESDRIVE, {}, PLACE), events=SALESDRIVE.events)


def test_a_delivery_reads_them_in_filters_and_fields(make: Benches) -> None:
    bench = make(of_orders())
    bench.accept(sample())

    outcomes = bench.deliver_due()

    assert outcomes == ["done"]
    (sent,) = bench.crm.requests
    assert {name: value for name, value in sent.json.items() if name != "id"} == SENT


def test_they_are_not_stored(make: Benches) -> None:
    bench = make(of_orders())
    event_id = bench.accept(sample())

    bench.deliver_due()

    row = bench.store.event(event_id)
    assert row
    assert "labels" not in exactjson.loads(row.payload or "")


def test_a_case_reads_them_as_well() -> None:
    tested = of_orders()
    case = Case("a sent order", sample(), {}, {"order": SENT}, PLACE)

    assert [str(difference) for difference in run_case(tested, case, config(tested))] == []


def test_a_field_of_the_sender_with_that_name_keeps_its_value() -> None:
    tested = of_orders({"status": "labels.statusId", "sales": "labels.tipProdazu1"}, {"labels.statusId": "own"})
    case = Case("an own field", sample(labels={"statusId": "own"}), {}, {"order": {"status": "own"}}, PLACE)

    assert [str(difference) for difference in run_case(tested, case, config(tested))] == []


def test_inside_each_they_are_not_in_the_way() -> None:
    tested = of_orders({"items": {"each": "data.products", "fields": {"name": "name", "label": "labels.statusId"}}})
    case = Case("its products", sample(), {}, {"order": {"items": [{"name": "Чайник"}]}}, PLACE)

    (difference,) = run_case(tested, case, config(tested))

    assert "labels" not in difference.got
    assert "Відправлено" not in difference.got


@pytest.mark.parametrize(("before", "outcome"), [(1, "done"), (4, "filtered")])
def test_a_changed_label_is_seen(make: Benches, before: int, outcome: str) -> None:
    bench = make(of_orders(only={"labels.statusId": {"changed": True}}))
    earlier = sample()
    earlier["data"]["statusId"] = before
    bench.accept(earlier, key="5012")
    bench.deliver_due()
    bench.accept(sample(), key="5012")

    assert bench.deliver_due() == [outcome]
