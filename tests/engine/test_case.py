"""Cases of a bundle's own tests: what is compared, and how a difference is told."""

from decimal import Decimal
from typing import Any

import pytest

from apimonster_cli.bundles.model import Bundle, Case
from apimonster_cli.core.place import Place
from apimonster_cli.engine.case import run_case
from tests.engine.support import LOOK, PLACE, bundle, config, connection, step

AT = Place("bundles.yaml", 40, 9)
LEAD = {"id": 7, "name": "Анна", "status": 1, "price": Decimal("1200.50"), "tags": ["a", "b"]}
FIELDS = {
    "externalId": "lead-{{ id }}",
    "name": "name",
    "source.source": {"value": "yandex"},
    "price": "price",
    "gone": "gone",
}
LEADS = bundle(
    step("known", {"name": "name"}, action=LOOK),
    step("order", FIELDS, only={"steps.known.id": {"exists": False}}),
    step("note", {"of": "steps.order.number"}, only={"steps.order.number": {"exists": True}}, on_error="continue"),
    only={"status": [1, 2]},
)


def differences(
    expect: Any, responses: dict[str, Any] | None = None, tested: Bundle = LEADS, **event: Any
) -> list[str]:
    places = {"order": AT, "order.name": Place("bundles.yaml", 41, 11)}
    case = Case("a lead", {**LEAD, **event}, responses or {}, expect, PLACE, places)
    return [str(difference) for difference in run_case(tested, case, config(tested))]


@pytest.mark.parametrize(
    "expect",
    [
        {"order": {"name": "Анна", "source.source": "yandex"}},
        {"order": {"source": {"source": "yandex"}}},
        {"order": {"price": Decimal("1200.5")}},
        {"order": {"price": 1200.5}},
        {"order": {"externalId": "lead-7"}, "note": "skipped"},
        {"order": "done"},
        {},
    ],
)
def test_what_comes_out_as_expected_makes_no_difference(expect: dict[str, Any]) -> None:
    assert differences(expect) == []


def test_steps_answer_what_the_case_says() -> None:
    assert differences({"order": {"name": "Анна"}, "note": {"of": "7A"}}, {"order": {"number": "7A"}}) == []


def test_a_response_decides_about_later_steps() -> None:
    assert differences({"order": "skipped"}, {"known": {"id": 5}}) == []


def test_an_event_that_is_filtered_as_expected() -> None:
    assert differences("filtered", status=9) == []


def test_an_event_that_should_have_been_filtered() -> None:
    assert differences("filtered") == ["bundles.yaml:1:1: the event: expected filtered, got its steps were done"]


def test_an_event_that_should_not_have_been_filtered_says_why_it_was() -> None:
    (difference,) = differences({"order": {}}, status=9)

    assert difference.startswith("bundles.yaml:1:1: the event: expected its steps are done, got filtered: status is 9")


def test_another_value_is_shown_at_its_place() -> None:
    assert differences({"order": {"name": "Борис"}}) == ['bundles.yaml:41:11: order.name: expected "Борис", got "Анна"']


def test_a_number_is_not_the_text_that_looks_like_it_with_other_digits() -> None:
    assert differences({"order": {"number": 42}}, tested=bundle(step("order", {"number": {"value": "042"}}))) == [
        'bundles.yaml:1:1: order.number: expected 42, got "042"'
    ]
    assert differences({"order": {"number": 42}}, tested=bundle(step("order", {"number": {"value": "42"}}))) == []


def test_true_is_not_one() -> None:
    assert differences({"order": {"call": True}}, tested=bundle(step("order", {"call": {"value": 1}}))) != []


def test_lists_are_compared_whole() -> None:
    tagged = bundle(step("order", {"tags": "tags"}))

    assert differences({"order": {"tags": ["a", "b"], "tags.1": "b"}}, tested=tagged) == []
    assert differences({"order": {"tags": ["a"]}}, tested=tagged) == [
        'bundles.yaml:1:1: order.tags: expected ["a"], got ["a","b"]'
    ]


def test_a_field_that_is_left_out_says_so() -> None:
    (difference,) = differences({"order": {"gone": "x"}})

    assert difference.startswith('bundles.yaml:1:1: order.gone: expected "x", got nothing: ')


def test_a_skipped_step_that_should_send_something_says_why_it_was_skipped() -> None:
    (difference,) = differences({"order": {"name": "Анна"}}, {"known": {"id": 5}})

    assert difference.startswith("bundles.yaml:40:9: order: expected fields that are sent, got skipped: ")


def test_a_failure_that_nobody_expected_is_a_difference() -> None:
    required = bundle(step("order", {"phone": {"from": "phone", "required": True}}), step("note"))

    unexpected = differences({"note": "done"}, tested=required)

    assert unexpected[0] == 'bundles.yaml:1:1: note: expected "done", got it was not reached'
    assert unexpected[1].startswith("bundles.yaml:1:1: order: expected no failure, got failed: ")
    assert differences({"order": "failed"}, tested=required) == []


def test_a_response_can_make_a_step_fail_and_on_failure_run() -> None:
    alarm = step("alarm", {"text": "{{ meta.error }}"}, to=connection("chat"))
    alarmed = bundle(step("order"), on_failure=(alarm,))
    expect = {"order": "failed", "alarm": {"text": "step order: the test's response says that this step fails"}}

    assert differences(expect, {"order": "failed"}, tested=alarmed) == []
