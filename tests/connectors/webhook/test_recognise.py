from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apimonster_cli.connectors.spec import Recognised
from apimonster_cli.connectors.webhook.recognise import is_address_check, recognise

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@pytest.mark.parametrize("payload", [{"a": 1}, [1], "text", 5])
def test_any_payload_is_an_event_that_stands_alone(payload: Any) -> None:
    assert recognise(payload, {}, b"") == Recognised("webhook.received")


@pytest.mark.parametrize("uuid", ["0199f000-12", " 0199f000-12 "])
def test_the_senders_own_id_tells_repeats(uuid: str) -> None:
    found = recognise({"lead": {"uuid": uuid}}, {"dedupe": "lead.uuid"}, b"")

    assert found == Recognised("webhook.received", "0199f000-12", "0199f000-12", "ever")


def test_a_number_is_the_same_id_as_its_text() -> None:
    number = recognise({"id": 42}, {"dedupe": "id"}, b"")
    text = recognise({"id": "42"}, {"dedupe": "id"}, b"")

    assert number == text


def test_an_id_found_by_a_wildcard_counts_when_it_is_the_only_one() -> None:
    one = recognise({"rows": [{"id": "a"}]}, {"dedupe": "rows[*].id"}, b"")
    two = recognise({"rows": [{"id": "a"}, {"id": "b"}]}, {"dedupe": "rows[*].id"}, b"")

    assert (one.repeat_key, two.repeat_key) == ("a", None)


@pytest.mark.parametrize("value", [None, "", [], {}, True, {"a": 1}])
def test_without_an_id_a_webhook_stands_alone(value: Any) -> None:
    found = recognise({"id": value}, {"dedupe": "id"}, b"")

    assert found == Recognised("webhook.received")


@given(JSON, st.sampled_from(["id", "lead.uuid", "a[0].b", "rows[*].id"]))
def test_no_payload_upsets_it(payload: Any, path: str) -> None:
    found = recognise(payload, {"dedupe": path}, b"")

    assert found.event == "webhook.received"
    assert found.object_key == found.repeat_key


@pytest.mark.parametrize("payload", [None, "", {}, [], {"test": "test"}])
def test_the_test_bodies_of_form_builders_are_address_checks(payload: Any) -> None:
    assert is_address_check(payload)


@pytest.mark.parametrize("payload", [0, False, {"test": "test", "name": "Мария"}, {"test": "other"}, "test"])
def test_anything_else_is_an_event(payload: Any) -> None:
    assert not is_address_check(payload)
