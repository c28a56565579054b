"""The text of an option is found by its value, wherever and however an account describes its fields."""

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apimonster_cli.connectors.salesdrive.labels import derive
from tests.connectors.salesdrive.payloads import sample

STATUSES = {"options": [{"value": 1, "text": "Новий"}, {"value": 8, "text": "Видалений"}]}
LEVELS = {"con_x": {"options": [{"value": 61, "text": "Звичайний"}, {"value": 62, "text": "VIP"}]}}


def labels(data: Any, fields: Any, **meta: Any) -> Any:
    return derive({"data": data, "meta": {"fields": fields, **meta}}).get("labels")


def test_every_option_field_of_the_sample_has_its_text() -> None:
    found = derive(sample("status_change"))["labels"]

    assert found["statusId"] == "Відправлено"
    assert found["tipProdazu1"] == ["Сайт", "Instagram"]
    assert found["contacts"][0]["con_rivenKlienta"] == "Звичайний"
    assert {"products", "ord_delivery", "podarunkovaUpakovka", "rejectionReason"}.isdisjoint(found)


@pytest.mark.parametrize("status", [8, "8", " 8 "])
def test_a_value_and_its_option_compare_as_text(status: Any) -> None:
    assert labels({"statusId": status}, {"statusId": STATUSES}) == {"statusId": "Видалений"}


@pytest.mark.parametrize("status", [2, "", None, True, [], {}, "Новий"])
def test_an_unknown_value_has_no_label_and_never_the_first_options(status: Any) -> None:
    assert labels({"statusId": status}, {"statusId": STATUSES}) is None


def test_options_with_gaps_arrive_as_an_object() -> None:
    options = {"0": {"value": 1, "text": "Новий"}, "7": {"value": "8", "text": "Видалений"}}

    assert labels({"statusId": 8}, {"statusId": {"options": options}}) == {"statusId": "Видалений"}


def test_of_several_values_the_known_ones_have_a_label() -> None:
    assert labels({"statusId": ["8", 5, 1]}, {"statusId": STATUSES}) == {"statusId": ["Видалений", "Новий"]}


@pytest.mark.parametrize(
    ("fields", "meta"),
    [
        ({"contacts": {"fields": LEVELS}}, {}),
        ({}, {"contacts": {"fields": LEVELS}}),
        ([], {"contacts": {"fields": LEVELS}}),
        ({"contacts": {"fields": []}}, {"contacts": {"fields": LEVELS}}),
    ],
)
def test_contacts_are_described_among_the_fields_or_beside_them(fields: Any, meta: dict[str, Any]) -> None:
    data = {"contacts": [{"con_x": 5}, {"con_x": "62"}]}

    assert labels(data, fields, **meta) == {"contacts": [{}, {"con_x": "VIP"}]}


@pytest.mark.parametrize(
    "options", [["Новий"], [{"value": 1}], [{"text": "Новий"}], [{"value": 1, "text": 7}], "Новий", 1]
)
def test_an_option_without_a_value_or_a_text_is_passed_over(options: Any) -> None:
    assert labels({"statusId": 1}, {"statusId": {"options": options}}) is None


@pytest.mark.parametrize("contacts", [[], None, "x", [{}], [None], [{"con_x": 5}], {"con_x": 62}])
def test_contacts_without_a_known_value_have_no_labels(contacts: Any) -> None:
    assert labels({"contacts": contacts}, {"contacts": {"fields": LEVELS}}) is None


def test_of_two_options_with_one_value_the_first_is_meant() -> None:
    options = [{"value": 1, "text": "Новий"}, {"value": "1", "text": "Старий"}]

    assert labels({"statusId": 1}, {"statusId": {"options": options}}) == {"statusId": "Новий"}


@pytest.mark.parametrize("empty", [[], {}, None, "", 0])
@pytest.mark.parametrize("place", ["meta", "fields", "statusId", "options"])
def test_a_part_of_meta_that_is_empty_gives_no_label(place: str, empty: Any) -> None:
    payload: dict[str, Any] = {"data": {"statusId": 1}, "meta": {"fields": {"statusId": deepcopy(STATUSES)}}}
    where = {
        "meta": payload,
        "fields": payload["meta"],
        "statusId": payload["meta"]["fields"],
        "options": payload["meta"]["fields"]["statusId"],
    }
    where[place][place] = empty

    assert derive(payload) == {}


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["fields", "options", "value", "text", "contacts", "statusId"]), inner, max_size=4
        )
    ),
    max_leaves=20,
)


@given(anything | st.fixed_dictionaries({"data": anything, "meta": anything}))
def test_nothing_makes_it_raise(payload: Any) -> None:
    assert set(derive(payload)) <= {"labels"}
