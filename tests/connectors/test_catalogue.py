from pathlib import Path

import pytest

from apimonster_cli.connectors import registry
from apimonster_cli.connectors.catalogue import Catalogue, is_open, lookup, near
from apimonster_cli.core.personal import KINDS

RETAILCRM = registry.connector("retailcrm").catalogue
UTMSTAT = registry.connector("utmstat").catalogue


@pytest.mark.parametrize(
    ("action", "inputs", "outputs"),
    [
        ("create_order", 138, 171),
        ("create_order_from_ozon", 21, 2),
        ("edit_order", 140, 171),
        ("create_customer_note", 4, 2),
        ("find_order", 3, 1),
        ("find_product", 1, 1),
        ("get_store", 1, 11),
        ("get_order_packs", 1, 1),
    ],
)
def test_no_field_of_a_retailcrm_action_is_missing(action: str, inputs: int, outputs: int) -> None:
    counts = (len(RETAILCRM.fields(f"{action}.inputs")), len(RETAILCRM.fields(f"{action}.outputs")))

    assert counts == (inputs, outputs)


@pytest.mark.parametrize(("event", "count"), [("new_lead", 73), ("lead_status_changed", 73), ("contact_scored", 42)])
def test_no_field_of_an_utmstat_event_is_missing(event: str, count: int) -> None:
    assert len(UTMSTAT.fields(event)) == count


def test_utmstats_own_spelling_is_kept() -> None:
    fields = UTMSTAT.fields("contact_scored")

    assert {"scoring.rmf_rate", "geo.sx_region_id", "geo.sx_geo_country_id"} <= set(fields)


def test_a_field_knows_what_the_service_says_about_it() -> None:
    created_at = RETAILCRM.fields("create_order.inputs")["createdAt"]
    kind = RETAILCRM.fields("create_order.inputs")["contragent.contragentType"]

    assert (created_at.title, created_at.type, created_at.format) == (
        "Дата оформления заказа",
        "datetime",
        "Y-m-d H:i:s",
    )
    assert kind.enum == ("individual", "legal-entity", "enterpreneur")
    assert RETAILCRM.fields("get_store.inputs")["code"].required


def test_lists_take_in_other_lists(tmp_path: Path) -> None:
    (tmp_path / "fields.yaml").write_text(
        "first:\n- {id: a, title: A, type: string}\n- {id: b, title: B, type: string}\n"
        "second:\n- {id: c, title: C, type: integer}\n- first\n- {id: a, title: Other, type: string}\n"
        "third: second\n"
    )

    catalogue = Catalogue(tmp_path)

    assert catalogue.names() == ["first", "second", "third"]
    assert {field.id: field.title for field in catalogue.fields("second").values()} == {
        "c": "C",
        "a": "Other",
        "b": "B",
    }
    assert catalogue.fields("first")["a"].title == "A"
    assert catalogue.fields("third") == catalogue.fields("second")


@pytest.mark.parametrize("path", ["items.0.offer.externalId", "items.17.offer.externalId"])
def test_any_line_of_a_list_is_the_listed_one(path: str) -> None:
    found = lookup(RETAILCRM.fields("create_order.inputs"), path)

    assert found is not None
    assert found.id == "items.0.offer.externalId"


def test_an_unknown_field_is_not_found() -> None:
    assert lookup(RETAILCRM.fields("create_order.inputs"), "items.0.offer.nothing") is None


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("fristName", "firstName"),
        ("external_id", "externalId"),
        ("delivery.adress.city", "delivery.address.city"),
        ("utm_source", "source.first_click.utm.utm_source"),
    ],
)
def test_a_slip_leads_to_the_field_that_was_meant(written: str, meant: str) -> None:
    fields = {**RETAILCRM.fields("create_order.inputs"), **UTMSTAT.fields("new_lead")}

    assert near(fields, written) == [meant]


@pytest.mark.parametrize(
    ("prefixes", "path", "is_it"),
    [
        (("customFields",), "customFields", True),
        (("customFields",), "customFields.city", True),
        (("customFields",), "customFieldsOther", False),
        (("customer.customFields",), "customer.customFields.a.b", True),
        (("customer.customFields",), "customer", False),
        (("items.0.properties",), "items.4.properties.colour", True),
        (("*",), "anything.at.all", True),
        ((), "anything", False),
    ],
)
def test_open_prefixes_take_in_what_lies_below_them(prefixes: tuple[str, ...], path: str, *, is_it: bool) -> None:
    assert is_open(prefixes, path) is is_it


@pytest.mark.parametrize(
    ("prefix", "path", "is_it"),
    [
        ("data.*", "data.sajt", True),
        ("data.*", "data.sajt.3", True),
        ("data.*", "data.contacts.0.fname", False),
        ("data.*", "data", False),
        ("data.contacts.0.con_*", "data.contacts.4.con_level", True),
        ("data.contacts.0.con_*", "data.contacts.4.level", False),
        ("data.ord_*", "info.ord_x", False),
    ],
)
def test_a_star_in_a_name_opens_one_level(prefix: str, path: str, *, is_it: bool) -> None:
    assert is_open((prefix,), path) is is_it


@pytest.mark.parametrize("name", registry.names())
def test_what_is_personal_is_said_in_known_words(name: str) -> None:
    catalogue = registry.connector(name).catalogue

    said = {field.personal for each in catalogue.names() for field in catalogue.fields(each).values()}

    assert said <= {None, *KINDS}
