from pathlib import Path

from apimonster_cli.bundles.load import load
from apimonster_cli.bundles.rules.docs import VARIABLES
from tests.bundles.regenerate import ROOT

EXAMPLE = Path("bundles.example.yaml")


def test_the_example_has_no_problem() -> None:
    loaded = load([EXAMPLE], environ=VARIABLES, cwd=ROOT)

    assert [problem.line() for problem in loaded.problems] == []


def test_the_example_shows_every_kind_of_event_and_has_cases_for_all_bundles() -> None:
    config = load([EXAMPLE], environ=VARIABLES, cwd=ROOT).config

    assert config is not None
    events = {event.name for bundle in config.bundles.values() for event in bundle.events}
    assert events == {
        "utmstat.new_lead",
        "utmstat.lead_status_changed",
        "utmstat.contact_scored",
        "salesdrive.new_order",
        "salesdrive.status_change",
        "calltouch.order",
        "webhook.received",
    }
    assert all(bundle.tests for bundle in config.bundles.values())


def test_the_address_of_the_crm_can_be_set_from_outside() -> None:
    config = load([EXAMPLE], environ={**VARIABLES, "RETAILCRM_URL": "http://127.0.0.1:8090"}, cwd=ROOT).config

    assert config is not None
    assert config.connections["crm"].settings["url"] == "http://127.0.0.1:8090"
