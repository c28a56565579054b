"""An order is told by its id, a snapshot of it by its version, and nothing that comes in makes it stumble."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apimonster_cli.connectors.salesdrive.recognise import recognise
from apimonster_cli.connectors.spec import Recognised
from tests.connectors.salesdrive.payloads import sample, webhook


def named(payload: Any) -> Recognised:
    return recognise(payload, {}, b"")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("new_order", Recognised("salesdrive.new_order", "5012", "new_order:1", "ever", 1)),
        ("status_change", Recognised("salesdrive.status_change", "5012", "status_change:6", "ever", 6)),
        ("status_change_sparse", Recognised("salesdrive.status_change", "5013", "status_change:2", "ever", 2)),
    ],
)
def test_a_sample_is_known_with_its_order_and_version(name: str, expected: Recognised) -> None:
    assert named(sample(name)) == expected


def test_a_later_version_is_no_repeat() -> None:
    first, second = named(webhook("status_change", version=2)), named(webhook("status_change", version=3))

    assert first.object_key == second.object_key
    assert first.repeat_key != second.repeat_key


def test_both_events_of_one_version_are_kept() -> None:
    created, changed = named(webhook("new_order")), named(webhook("status_change"))

    assert created.repeat_key != changed.repeat_key


@pytest.mark.parametrize(
    ("code", "version", "event"),
    [
        ("New_Order", 1, "new_order"),
        ("order_created", 3, "new_order"),
        ("newOrder", 1, "new_order"),
        ("order_update", 1, "status_change"),
        ("payment", 4, "status_change"),
        ("", 1, "new_order"),
        (None, "1", "new_order"),
        (None, 2, "status_change"),
        ({}, 2, "status_change"),
    ],
)
def test_an_order_with_another_code_is_told_by_its_words_and_version(code: Any, version: Any, event: str) -> None:
    found = named(webhook(code, version=version))

    assert (found.event, found.object_key) == (f"salesdrive.{event}", "5012")


@pytest.mark.parametrize(
    "payload",
    [
        None,
        [],
        "order",
        {},
        {"info": [], "data": []},
        webhook("call", statusId=None),
        webhook("new_order", info={"webhookType": "contact"}),
        {"data": {"id": 1}},
    ],
)
def test_what_is_no_order_is_unmatched(payload: Any) -> None:
    assert named(payload) == Recognised(None)


@pytest.mark.parametrize("order_id", ["", {}, []])
def test_an_order_without_an_id_stands_alone(order_id: Any) -> None:
    assert named(webhook(id=order_id)) == Recognised("salesdrive.new_order")


@pytest.mark.parametrize(
    ("version", "repeat_key", "number"),
    [
        ("7", "new_order:7", 7),
        ("b2", "new_order:b2", None),
        (10**30, f"new_order:{10**30}", None),
        (True, None, None),
        ([], None, None),
    ],
)
def test_a_version_that_is_no_number_still_tells_repeats(version: Any, repeat_key: str | None, number: Any) -> None:
    found = named(webhook(version=version))

    assert (found.object_key, found.repeat_key, found.version) == ("5012", repeat_key, number)


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.just(10**4000),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)


@given(anything | st.builds(webhook, anything, id=anything, version=anything, statusId=anything))
def test_nothing_makes_it_raise(payload: Any) -> None:
    found = named(payload)

    assert found.event in (None, "salesdrive.new_order", "salesdrive.status_change")
    assert found.version is None or 0 <= found.version < 2**63
