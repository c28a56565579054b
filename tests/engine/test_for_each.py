"""Steps that are done once for each item of a list: each item is kept, tried and repeated by itself."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from apimonster_cli.bundles.model import Case, Step
from apimonster_cli.core.call import Answer, Request
from apimonster_cli.core.errors import StoreError
from apimonster_cli.core.place import Place
from apimonster_cli.engine.case import run_case
from apimonster_cli.values.condition import compile_filter
from apimonster_cli.values.field import compile_field_map
from apimonster_cli.values.path import compile_path
from tests.engine.support import DOWN, LOOK, LOST, PLACE, Benches, answer, bundle, config, step

ROWS = [{"sku": "a"}, {"sku": "b"}, {"sku": "c"}]
ORDER = {"name": "Анна", "rows": ROWS}
WRONG = answer(status=400)


def each(
    step_id: str = "order",
    fields: Mapping[str, Any] | None = None,
    *,
    over: str = "rows",
    only: Mapping[str, Any] | None = None,
    **more: Any,
) -> Step:
    """Return a step for each item of a list."""
    path = compile_path(over)
    return replace(
        step(step_id, **more),
        fields=compile_field_map(fields or {"sku": "sku"}, lambda _target: None, of_items=True, each=path),
        filter=compile_filter(only, of_items=True) if only else None,
        for_each=path,
    )


def sent(made: Any) -> list[Any]:
    return [{key: value for key, value in request.json.items() if key != "id"} for request in made.crm.requests]


# items ------------------------------------------------------------------------------------------------------------------
def test_a_list_of_more_items_than_anybody_means_fails_at_once(make: Benches) -> None:
    made = make(bundle(each()))
    made.accept({"rows": [{"sku": number} for number in range(10_001)]})

    outcomes = made.deliver_due()

    assert outcomes == ["failed"]
    assert "rows has 10001 items, more than the 10000 that for_each takes" in str(made.delivery().error)
    assert sent(made) == []


def test_each_item_is_sent_by_itself_and_kept_under_its_number(make: Benches) -> None:
    made = make(bundle(each()))
    made.accept(ORDER)

    outcomes = made.deliver_due()

    assert outcomes == ["done"]
    assert sent(made) == ROWS
    kept = made.delivery().steps
    assert [(one.step, one.position, one.outcome) for one in kept] == [
        ("order.0", 0, "done"),
        ("order.1", 0, "done"),
        ("order.2", 0, "done"),
    ]
    assert {call.step for call in made.transactions()} == {"order.0", "order.1", "order.2"}


def test_no_two_items_have_the_same_identity(make: Benches) -> None:
    made = make(bundle(each(), each("another")))
    made.accept(ORDER, key="7")

    made.deliver_due()

    identities = [request.json["id"] for request in made.crm.requests]
    assert identities[:2] == ["leads/order.0/7", "leads/order.1/7"]
    assert len(set(identities)) == 6


def test_paths_start_at_the_item_and_event_meta_and_steps_stay_in_reach(make: Benches) -> None:
    fields = {
        "sku": "sku",
        "whole": "event.name",
        "first": "$.rows[0].sku",
        "bundle": "meta.bundle",
        "found": "steps.known.number",
        "text": "{{ item.sku }} {{ sku }} {{ event.name }}",
    }
    made = make(bundle(step("known", action=LOOK), each(fields=fields)))
    made.crm.replies = [answer({"number": "7A"})]
    made.accept({"name": "Анна", "rows": [{"sku": "b"}]})

    made.deliver_due()

    assert (
        made.crm.requests[-1].json.items()
        >= {
            "sku": "b",
            "whole": "Анна",
            "first": "b",
            "bundle": "leads",
            "found": "7A",
            "text": "b b Анна",
        }.items()
    )


def test_a_filter_chooses_among_the_items(make: Benches) -> None:
    reads = {"skus": "steps.order.items[*].sku", "of": "steps.order.items[*].status", "status": "steps.order.status"}
    made = make(bundle(each(only={"sku": ["a", "c"]}), step("note", reads)))
    made.crm.replies = [answer({"sku": "A"}), answer({"sku": "C"})]
    made.accept(ORDER)

    made.deliver_due()

    assert [one.outcome for one in made.delivery().steps] == ["done", "skipped", "done", "done"]
    assert sent(made)[-1] == {"skus": ["A", "C"], "of": ["done", "skipped", "done"], "status": "done"}


def test_later_steps_read_the_output_of_each_item(make: Benches) -> None:
    reads = {"second": "steps.order.items.1.number", "own": "steps.order.items.0.output.status"}
    made = make(bundle(each(), step("note", reads)))
    made.crm.replies = [answer({"number": n, "status": "new"}) for n in (1, 2, 3)]
    made.accept(ORDER)

    made.deliver_due()

    assert sent(made)[-1] == {"second": 2, "own": "new"}


def test_the_items_of_an_earlier_steps_output_are_a_list_too(make: Benches) -> None:
    made = make(bundle(step("known", action=LOOK), each(over="steps.known.orders", fields={"number": "number"})))
    made.crm.replies = [answer({"orders": [{"number": 1}, {"number": 2}]})]
    made.accept({"name": "Анна"})

    made.deliver_due()

    assert [request.json["number"] for request in made.crm.requests[1:]] == [1, 2]


@pytest.mark.parametrize("rows", [[], {}, "", None])
@pytest.mark.parametrize("last", [True, False])
def test_without_items_the_step_is_skipped(make: Benches, rows: Any, last: bool) -> None:  # noqa: FBT001  # a parameter
    after = () if last else (step("note", {"of": "steps.order.status"}),)
    made = make(bundle(each(), *after))
    made.accept({"rows": rows})

    outcomes = made.deliver_due()

    assert outcomes == ["done"]
    (first, *_) = made.delivery().steps
    assert (first.step, first.outcome, first.error) == ("order", "skipped", "rows has no items")
    assert sent(made) == [{"of": "skipped"}] * len(after)


def test_an_object_keyed_by_numbers_is_a_list_to_php(make: Benches) -> None:
    made = make(bundle(each()))
    made.accept({"rows": {"0": {"sku": "a"}, "7": {"sku": "b"}}})

    made.deliver_due()

    assert sent(made) == [{"sku": "a"}, {"sku": "b"}]


def test_what_is_no_list_fails_the_step(make: Benches) -> None:
    made = make(bundle(each()))
    made.accept({"rows": "a, b"})

    outcomes = made.deliver_due()

    assert outcomes == ["failed"]
    assert made.delivery().error == 'step order: rows is "a, b", and `for_each` needs a list'


# failures -----------------------------------------------------------------------------------------------------------------
def test_an_item_that_fails_stops_the_delivery(make: Benches) -> None:
    made = make(bundle(each()))
    made.crm.replies = [answer(), WRONG]
    made.accept(ORDER)

    outcomes = made.deliver_due()

    assert outcomes == ["failed"]
    assert made.delivery().error == "step order.1: phone is wrong"
    assert [one.step for one in made.delivery().steps] == ["order.0", "order.1"]


def test_with_on_error_continue_the_other_items_follow(make: Benches) -> None:
    made = make(bundle(each(on_error="continue"), step("note", {"of": "steps.order.status"})))
    made.crm.replies = [answer(), WRONG]
    made.accept(ORDER)

    outcomes = made.deliver_due()

    assert outcomes == ["done"]
    assert [one.outcome for one in made.delivery().steps] == ["done", "failed", "done", "done"]
    assert sent(made)[-1] == {"of": "failed"}


def test_steps_of_on_failure_go_through_lists_and_see_those_of_before(make: Benches) -> None:
    tells = each("tell", {"number": "number"}, over="steps.order.items")
    made = make(bundle(each(), on_failure=(tells,)))
    made.crm.replies = [answer({"number": 1}), answer({"number": 2}), WRONG]
    made.accept(ORDER)

    outcomes = [*made.deliver_due(), *made.deliver_due()]

    assert outcomes == [None, "failed"]
    assert [one.get("number") for one in sent(made)[3:]] == [1, 2, None]
    assert [one.step for one in made.delivery().steps][3:] == [
        "on_failure.tell.0",
        "on_failure.tell.1",
        "on_failure.tell.2",
    ]


# going on ------------------------------------------------------------------------------------------------------------------
def test_finished_items_are_not_done_again(make: Benches) -> None:
    made = make(bundle(each(), step("note", {"of": "steps.order.items[*].number"})))
    made.crm.replies = [answer({"number": 1}), DOWN, DOWN, DOWN]
    made.accept(ORDER)
    put_off = made.deliver_due()
    made.crm.requests.clear()
    made.crm.replies = [answer({"number": 2}), answer({"number": 3})]

    outcomes = made.deliver_next()

    assert (put_off, outcomes) == ([None], ["done"])
    assert sent(made) == [{"sku": "b"}, {"sku": "c"}, {"of": [1, 2, 3]}]


def test_a_delivery_that_was_killed_between_two_items_goes_on_with_the_second(make: Benches) -> None:
    made = make(bundle(each()))
    made.accept(ORDER)

    def dies(_request: Request) -> Answer:
        raise StoreError("the disk is full")

    made.crm.replies = [answer(), dies]
    with pytest.raises(StoreError):
        made.deliver_due()
    made.store.release_all()
    made.crm.requests.clear()
    outcomes = made.deliver_due()

    assert outcomes == ["done"]
    assert [(request.path, dict(request.query).get("id", "")[:13]) for request in made.crm.requests] == [
        ("/find", "leads/order.1"),  # it was under way: it is looked for
        ("/put", ""),
        ("/put", ""),
    ]


def test_a_doubtful_item_is_looked_for_and_no_other(make: Benches) -> None:
    made = make(bundle(each()))
    made.crm.replies = [answer(), LOST, DOWN, DOWN]
    made.accept(ORDER, key="7")
    made.deliver_due()
    made.crm.requests.clear()
    made.crm.replies = [answer({"number": "2A"}), answer()]

    outcomes = made.deliver_next()

    assert outcomes == ["done"]
    assert [request.path for request in made.crm.requests] == ["/find", "/put"]
    assert made.crm.requests[1].json == {"id": "leads/order.2/7", "sku": "c"}


def test_a_renamed_step_knows_its_items(make: Benches) -> None:
    made = make(bundle(each("rows")))
    made.crm.replies = [answer(), DOWN, DOWN, DOWN]
    made.accept(ORDER, key="7")
    made.deliver_due()
    made.crm.requests.clear()
    made.config = replace(made.config, bundles={"leads": bundle(each("order"))})
    made.engine = made.fresh_engine()

    outcomes = made.deliver_next()

    assert outcomes == ["done"]
    assert [request.json["id"] for request in made.crm.requests] == ["leads/rows.1/7", "leads/rows.2/7"]


def test_twelve_items_are_listed_in_their_order(make: Benches) -> None:
    made = make(bundle(each()))
    made.accept({"rows": [{"sku": str(number)} for number in range(12)]})

    made.deliver_due()

    assert [one.step for one in made.delivery().steps] == [f"order.{number}" for number in range(12)]


# test cases ------------------------------------------------------------------------------------------------------------------
TESTED = bundle(each(only={"sku": {"not": "b"}}), step("note", {"of": "steps.order.items[*].number"}))


def differences(expect: Any, responses: Any = None, **event: Any) -> list[str]:
    places = {"order.0": Place("bundles.yaml", 41, 9), "order.0.sku": Place("bundles.yaml", 41, 12)}
    case = Case("an order", {**ORDER, **event}, responses or {}, expect, PLACE, places)
    return [str(difference) for difference in run_case(TESTED, case, config(TESTED))]


@pytest.mark.parametrize(
    ("expect", "responses"),
    [
        ({"order": [{"sku": "a"}, "skipped", {"sku": "c"}]}, {}),
        ({"order": "done"}, {}),
        ({"order": ["done", "skipped", "done"], "note": {"of": [5, 5]}}, {"order": {"number": 5}}),
        ({"note": {"of": [1, 3]}}, {"order": [{"number": 1}, {}, {"number": 3}]}),
        ({"order": ["failed"]}, {"order": ["failed"]}),
        ({"order": "failed"}, {"order": ["failed"]}),
    ],
)
def test_a_case_expects_something_of_each_item(expect: Any, responses: Any) -> None:
    assert differences(expect, responses) == []


@pytest.mark.parametrize("expect", ["skipped", []])
def test_a_case_without_items_expects_a_skipped_step(expect: Any) -> None:
    assert differences({"order": expect}, rows=[]) == []


@pytest.mark.parametrize(
    ("expect", "responses", "event", "told"),
    [
        ([{"sku": "x"}, "skipped", {}], {}, {}, ['bundles.yaml:41:12: order.0.sku: expected "x", got "a"']),
        (["skipped", "skipped", "done"], {}, {}, ["bundles.yaml:41:9: order.0: expected skipped, got done"]),
        ([{}, "skipped"], {}, {}, ["bundles.yaml:1:1: order: expected 2 items, got 3 items"]),
        ([], {}, {"rows": "a"}, ["order: expected 0 items, got failed"]),
        ("skipped", {}, {}, ["bundles.yaml:1:1: order: expected skipped, got done"]),
        ([{}], {}, {"rows": []}, ["order: expected 1 item, got skipped: rows has no items"]),
    ],
)
def test_what_comes_out_otherwise_is_told_item_by_item(
    expect: Any, responses: Any, event: Any, told: list[str]
) -> None:
    found = differences({"order": expect}, responses, **event)

    assert len(found) == len(told)
    assert all(part in line for part, line in zip(told, found, strict=True))


def test_an_item_that_fails_unexpectedly_is_a_difference() -> None:
    assert differences({}, {"order": "failed"}) == [
        "bundles.yaml:1:1: order.0: expected no failure, got failed: the test's response says that this step fails"
    ]
