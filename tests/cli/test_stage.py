"""What the demo is played on, as far as it can be seen without playing."""

import re

import pytest

from apimonster_cli.cli.leads import more_leads, samples
from apimonster_cli.cli.stage import adapted, example_file, past_proxies
from apimonster_cli.core.errors import SyncError


def test_the_example_is_played_as_it_stands_but_for_three_addresses_and_the_rate() -> None:
    example = example_file().read_text(encoding="utf-8")

    played = adapted(example, "http://127.0.0.1:4001", 4002, "1000/s")

    changed = [new for old, new in zip(example.splitlines(), played.splitlines(), strict=True) if old != new]
    assert [line.split("#")[0].strip() for line in changed] == [
        "listen: 127.0.0.1:4002",
        "url: ${CALLTOUCH_URL:-http://127.0.0.1:4001}",
        "url: ${RETAILCRM_URL:-http://127.0.0.1:4001}",
        "rate: 1000/s",
    ]


def test_an_example_that_cannot_be_adapted_is_refused() -> None:
    with pytest.raises(SyncError, match="exactly once"):
        adapted("version: 1\n", "http://127.0.0.1:4001", 4002, "1000/s")


@pytest.mark.parametrize(
    ("environ", "exempt"),
    [
        ({}, "127.0.0.1"),
        ({"HTTP_PROXY": "http://proxy.example.com:3128"}, "127.0.0.1"),
        ({"NO_PROXY": "example.org"}, "example.org,127.0.0.1"),
        ({"no_proxy": "example.org", "NO_PROXY": "example.com"}, "example.org,127.0.0.1"),
    ],
)
def test_loopback_is_reached_past_any_proxy(environ: dict[str, str], exempt: str) -> None:
    past_proxies(environ)

    assert environ["no_proxy"] == exempt


def test_made_up_leads_are_the_same_for_the_same_seed() -> None:
    assert more_leads(20, seed=3) == more_leads(20, seed=3)
    assert more_leads(20, seed=3) != more_leads(20, seed=4)


def test_made_up_leads_are_different_people_with_orders_of_their_own() -> None:
    leads = more_leads(50)

    assert len({lead.payload["contact"]["phone"] for lead in leads}) == 50
    assert len({lead.external_id for lead in leads}) == 50
    assert len({lead.payload["contact"]["name"] for lead in leads}) > 10
    assert not {lead.external_id for lead in leads} & {sample.external_id for sample in samples()}


def test_made_up_phones_are_no_ones() -> None:
    assert all(re.fullmatch(r"7495000\d{4}", lead.payload["contact"]["phone"]) for lead in more_leads(30))


def test_the_samples_are_every_webhook_that_the_example_has_bundles_for() -> None:
    assert {sample.event for sample in samples()} == {
        "utmstat.new_lead",
        "utmstat.lead_status_changed",
        "utmstat.contact_scored",
        "salesdrive.new_order",
        "salesdrive.status_change",
        "webhook.received",
    }
