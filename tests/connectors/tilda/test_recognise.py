"""Forms of a Tilda site: whatever their fields are called, told from a repeat and from the check of the address."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apimonster_cli.connectors.spec import Recognised
from apimonster_cli.connectors.tilda import CONNECTOR, FORM_SUBMITTED
from apimonster_cli.connectors.tilda.recognise import is_address_check, recognise
from apimonster_cli.core import exactjson

SAMPLES = Path(CONNECTOR.catalogue.folder) / "samples"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def sample(name: str) -> Any:
    return exactjson.loads((SAMPLES / name).read_bytes())


def test_a_submission_is_named_by_its_tranid() -> None:
    found = recognise(sample("form_submitted.json"), {}, b"")

    assert found == Recognised("tilda.form_submitted", "1234567:812345678901", "1234567:812345678901", "ever")


def test_a_submission_sent_again_has_the_same_key_whatever_else_has_changed() -> None:
    first, again = sample("form_submitted.json"), {**sample("form_submitted.json"), "COOKIES": "_ga=2"}

    assert recognise(first, {}, b"1") == recognise(again, {}, b"2")


def test_all_samples_are_submissions_of_their_own() -> None:
    keys = [recognise(sample(name), {}, b"").repeat_key for name in FORM_SUBMITTED.samples]

    assert keys == ["1234567:812345678901", "1234567:812345678902", None]


@pytest.mark.parametrize("tranid", [None, "", " ", "0", 0, [], {}, True])
def test_a_form_without_a_tranid_stands_alone(tranid: Any) -> None:
    found = recognise({"phone": "+74950000031", "tranid": tranid}, {}, b"")

    assert found == Recognised("tilda.form_submitted")


@pytest.mark.parametrize(
    "payload", [{"имя": "Мария"}, {"a": ""}, {"test": "test", "formid": "form1"}, {"Name": "test"}]
)
def test_a_form_may_have_any_fields(payload: Any) -> None:
    assert recognise(payload, {}, b"").event == "tilda.form_submitted"
    assert not is_address_check(payload)


@pytest.mark.parametrize("payload", [None, "", {}, [], {"test": "test"}])
def test_the_check_of_the_address_is_no_form(payload: Any) -> None:
    assert is_address_check(payload)


@pytest.mark.parametrize("payload", ["text", 5, [1], [{"Name": "Мария"}], None, {}])
def test_what_is_no_form_is_unmatched(payload: Any) -> None:
    assert recognise(payload, {}, b"") == Recognised(None)


@given(JSON)
def test_no_payload_upsets_it(payload: Any) -> None:
    found = recognise(payload, {}, b"")

    assert found.object_key == found.repeat_key
    assert is_address_check(payload) in (True, False)
