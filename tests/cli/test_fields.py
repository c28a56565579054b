"""`sync fields`: the catalogue, searchable."""

from tests.cli.conftest import Sync


def test_lists_events_and_actions_of_a_connector(sync: Sync) -> None:
    shown = sync("fields", "retailcrm")

    assert shown.code == 0
    assert "retailcrm.create_order" in shown.out
    assert "takes" in shown.out
    assert "gives" in shown.out


def test_lists_everything_where_no_connector_is_named(sync: Sync) -> None:
    shown = sync("fields")

    assert shown.code == 0
    assert "utmstat.new_lead" in shown.out
    assert "retailcrm.create_order" in shown.out


def test_lists_the_fields_of_an_action(sync: Sync) -> None:
    shown = sync("fields", "retailcrm", "create_order", "--json")

    takes, gives = shown.json()
    assert (takes["name"], takes["kind"], gives["kind"]) == ("retailcrm.create_order", "takes", "gives")
    assert set(takes) == {"name", "title", "kind", "fields"}
    assert set(takes["fields"][0]) == {"id", "title", "type", "format", "ref", "enum", "required", "note", "personal"}
    assert "externalId" in {field["id"] for field in takes["fields"]}


def test_a_full_name_is_enough(sync: Sync) -> None:
    by_two = sync("fields", "utmstat", "new_lead")
    by_one = sync("fields", "utmstat.new_lead")

    assert by_one.out == by_two.out
    assert "contact.phone" in by_one.out


def test_searches_ids_and_titles_of_all_lists(sync: Sync) -> None:
    shown = sync("fields", "utmstat", "--search", "ГОРОД", "--json")

    found = {field["id"] for part in shown.json() for field in part["fields"]}
    assert "source.first_click.geo.city_name" in found
    assert "contact.phone" not in found


def test_says_when_nothing_is_found(sync: Sync) -> None:
    shown = sync("fields", "utmstat", "--search", "zebra")

    assert shown.code == 0
    assert shown.out == ""
    assert "zebra" in shown.err


def test_guesses_at_mistyped_names(sync: Sync) -> None:
    connector = sync("fields", "retailcrn")
    action = sync("fields", "retailcrm", "create_ordr")

    assert (connector.code, action.code) == (2, 2)
    assert "did you mean retailcrm?" in connector.err
    assert "did you mean retailcrm.create_order?" in action.err
