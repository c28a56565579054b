"""The catalogue knows what arrives, and the paths it recommends lead to the value in every shape."""

from collections.abc import Iterator
from typing import Any

import pytest

from apimonster_cli.connectors.catalogue import is_open, lookup
from apimonster_cli.connectors.salesdrive import CONNECTOR, NEW_ORDER
from apimonster_cli.connectors.salesdrive.labels import derive
from apimonster_cli.values.field import TargetType, compile_field_map
from apimonster_cli.values.path import compile_path
from apimonster_cli.values.scope import MISSING, Scope
from tests.connectors.salesdrive.payloads import sample

FIELDS = CONNECTOR.catalogue.fields(NEW_ORDER.fields)


def leaves(value: Any, at: str = "") -> Iterator[str]:
    if isinstance(value, dict):
        for name, item in value.items():
            yield from leaves(item, f"{at}.{name}".lstrip("."))
    elif isinstance(value, list) and value and isinstance(value[0], dict):
        for item in value:
            yield from leaves(item, f"{at}.0")
    else:
        yield at


def test_every_field_of_the_services_page_is_listed() -> None:
    assert len(CONNECTOR.catalogue.fields("listed")) == 149
    assert set(CONNECTOR.catalogue.fields("listed")) < set(FIELDS)


@pytest.mark.parametrize("name", ["new_order", "status_change", "status_change_sparse"])
def test_every_field_of_a_sample_is_listed_or_of_the_account(name: str) -> None:
    payload = sample(name)

    found = set(leaves({**payload, **derive(payload)}))

    whole_blocks = {"data.ord_novaposhta", "data.contacts.0.counterparty"}  # [] and null where nothing is known
    unknown = {path for path in found if not lookup(FIELDS, path) and not is_open(NEW_ORDER.open_fields, path)}
    assert unknown - whole_blocks == set()


@pytest.mark.parametrize(
    ("path", "is_it"),
    [
        ("data.tipProdazu1", True),
        ("data.tipProdazu1.0", True),
        ("data.contacts.1.con_rivenKlienta", True),
        ("data.contacts.0.fname", False),
        ("data.products.0.skuu", False),
        ("labels.tipProdazu1", True),
        ("labels.contacts.0.con_rivenKlienta", True),
        ("meta.fields.statusId.options", True),
        ("info.acount", False),
    ],
)
def test_an_accounts_own_fields_are_open_where_they_stand(path: str, *, is_it: bool) -> None:
    assert is_open(NEW_ORDER.open_fields, path) is is_it


@pytest.mark.parametrize(
    ("phone", "expected"),
    [
        (["380440000012", "0440000013"], "380440000012"),
        (["380440000012"], "380440000012"),
        ("380440000014", "380440000014"),
        ([], None),
        ("", None),
        (None, None),
    ],
)
def test_the_phone_is_found_in_every_shape_it_comes_in(phone: Any, expected: str | None) -> None:
    recommended = {"phone": {"from": ["data.contacts.0.phone.0", "data.contacts.0.phone"]}}
    field_map = compile_field_map(recommended, lambda _target: TargetType("string"))

    built = field_map.build(Scope(event={"data": {"contacts": [{"phone": phone}]}}))

    assert built.fields.get("phone") == expected


@pytest.mark.parametrize(
    ("name", "expected"), [("new_order", "380440000012"), ("status_change_sparse", "380440000014")]
)
def test_the_note_of_the_phone_says_the_path_that_finds_it(name: str, expected: str) -> None:
    note = FIELDS["data.contacts.0.phone"].note or ""
    paths = ["data.contacts.0.phone.0", "data.contacts.0.phone"]
    field_map = compile_field_map({"phone": {"from": paths}}, lambda _target: TargetType("string"))

    built = field_map.build(Scope(event=sample(name)))

    assert f"{{from: [{', '.join(paths)}]}}" in note
    assert built.fields == {"phone": expected}


def test_a_step_into_a_plain_phone_is_no_digit_of_it() -> None:
    found = compile_path("data.contacts.0.phone.0").read(Scope(event=sample("status_change_sparse")))

    assert found is MISSING
