"""Utmstat's events: told apart by code, then by shape, and a re-sending from a new event."""

import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apimonster_cli.connectors.spec import Recognised
from apimonster_cli.connectors.utmstat import CONNECTOR
from apimonster_cli.connectors.utmstat.recognise import DEFAULT_CODES, check_event_names, recognise
from apimonster_cli.core import exactjson

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.decimals(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
TELLING = ("event_name", "id", "scoring", "crm", "source", "status_id", "contact")


def sample(name: str) -> dict[str, Any]:
    data: dict[str, Any] = exactjson.loads((CONNECTOR.catalogue.folder / "samples" / name).read_bytes())
    return data


def named(payload: Any, **settings: Any) -> Recognised:
    return recognise(payload, settings, json.dumps(payload, default=str).encode())


@pytest.mark.parametrize(("event", "code"), [(event, code) for event, codes in DEFAULT_CODES.items() for code in codes])
def test_the_usual_codes_name_their_events(event: str, code: str) -> None:
    found = named({"event_name": code, "id": 1, "contact": {"id": 2}})

    assert found.event == f"utmstat.{event}"


def test_codes_written_in_the_connection_replace_the_usual_ones() -> None:
    settings = {"event_names": {"new_lead": ["Заявка", 7], "lead_status_changed": "new_lead"}}

    found = [recognise({"event_name": code, "id": 1}, settings, b"").event for code in ("заявка", 7, "7", "new_lead")]

    assert found == ["utmstat.new_lead", "utmstat.new_lead", "utmstat.new_lead", "utmstat.lead_status_changed"]


@pytest.mark.parametrize(
    ("code", "event"),
    [
        (None, "utmstat.new_lead"),
        ("lead.arrived", "utmstat.new_lead"),
        ("LeadStatusUpdated", "utmstat.lead_status_changed"),
        (["new_lead"], "utmstat.new_lead"),
    ],
)
def test_an_unknown_code_leaves_the_shape_of_a_lead(code: Any, event: str) -> None:
    payload = {**sample("new_lead.json"), "event_name": code}

    assert named(payload).event == event


def test_an_unknown_code_leaves_the_shape_of_a_scoring() -> None:
    payload = {**sample("contact_scored.json"), "event_name": "daily"}

    assert named(payload).event == "utmstat.contact_scored"


@pytest.mark.parametrize("payload", [None, 1, "text", [], {}, {"event_name": "ping"}, {"source": {}}, {"scoring": {}}])
def test_what_nothing_recognises_is_left_unmatched(payload: Any) -> None:
    assert named(payload) == Recognised(None)


@pytest.mark.parametrize("lead_id", [700101, "700101"])
def test_a_lead_is_new_once_whatever_was_corrected_in_it(lead_id: Any) -> None:
    first = named({**sample("new_lead.json"), "id": lead_id})
    again = named({**sample("new_lead.json"), "id": 700101, "amount": 1})

    assert first == again == Recognised("utmstat.new_lead", "700101", "new_lead", "ever")


def test_a_status_change_is_repeated_only_by_the_same_content_right_after_it() -> None:
    payload = sample("lead_status_changed.json")
    changed = {**copy.deepcopy(payload), "status_id": 3}
    shuffled = dict(reversed(payload.items()))

    first, other, same = named(payload), named(changed), named(shuffled)

    assert first == same
    assert first.repeat == "latest"
    assert first.object_key == other.object_key == str(payload["id"])
    assert first.repeat_key != other.repeat_key


def test_a_scored_contact_is_about_the_contact() -> None:
    payload = sample("contact_scored.json")

    found = named(payload)

    assert (found.event, found.object_key, found.repeat) == ("utmstat.contact_scored", "500201", "latest")


def test_a_lead_known_by_its_shape_alone_may_be_a_change_and_is_not_swallowed() -> None:
    payload = {**sample("new_lead.json"), "event_name": None}

    first, second = named(payload), named({**payload, "status_id": 2})

    assert first.repeat_key != second.repeat_key


@pytest.mark.parametrize("contact", [None, [], "x", {"id": None}, {"id": ""}, {"id": True}])
def test_an_event_without_an_id_stands_alone(contact: Any) -> None:
    found = named({"event_name": "contact_scoring", "contact": contact})

    assert found == Recognised("utmstat.contact_scored")


def test_ids_beyond_a_float_stay_apart() -> None:
    first = recognise(exactjson.loads('{"event_name": "new_lead", "id": 9007199254740993018}'), {}, b"")
    second = recognise(exactjson.loads('{"event_name": "new_lead", "id": 9007199254740993019}'), {}, b"")

    assert (first.object_key, second.object_key) == ("9007199254740993018", "9007199254740993019")


@given(JSON | st.dictionaries(st.sampled_from(TELLING), JSON))
def test_no_payload_upsets_it(payload: Any) -> None:
    found = recognise(payload, {}, b"body")

    assert found.event is None or found.event.startswith("utmstat.")


def test_a_payload_nested_beyond_reason_is_recognised_by_its_bytes() -> None:
    deep: Any = []
    for _ in range(100_000):
        deep = [deep]

    found = recognise({"event_name": "status_changed", "id": 1, "fields": deep}, {}, b"the body")

    assert found.object_key == "1"
    assert found.repeat_key is not None


@pytest.mark.parametrize(
    ("names", "words"),
    [
        ({"new_leed": "x"}, "no event of Utmstat"),
        ({"new_lead": {"a": 1}}, "text or a whole number"),
        ({"new_lead": [True]}, "text or a whole number"),
        ({"new_lead": ""}, "text or a whole number"),
        ({"new_lead": "a", "contact_scored": ["b", "a"]}, "stands for new_lead and for contact_scored"),
    ],
)
def test_event_names_that_cannot_work_are_refused(names: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        check_event_names(names)
