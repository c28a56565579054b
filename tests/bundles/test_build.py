from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from apimonster_cli.bundles.build import build
from apimonster_cli.bundles.draft import Draft, DraftConnection
from apimonster_cli.bundles.load import load
from apimonster_cli.bundles.nodes import Mapping, Scalar
from apimonster_cli.bundles.rules.docs import VARIABLES
from apimonster_cli.core.place import Place
from apimonster_cli.core.redact import Redactor
from tests.bundles.golden import SILENT


def test_refuses_a_draft_that_no_rule_has_looked_at() -> None:
    place = Place("f.yaml", 1, 1)
    draft = Draft(connections={"crm": DraftConnection(Scalar(place, "crm", "crm"), Mapping(place, ()))})

    with pytest.raises(AssertionError, match="a missing part"):
        build(draft, Redactor(), ())


def test_a_pull_is_planned_in_the_zone_of_its_connection(tmp_path: Path) -> None:
    found = load([SILENT / "pull.yaml"], environ=VARIABLES, cwd=tmp_path).config
    assert found
    often, nightly = found.bundles["calltouch-deals"].pull, found.bundles["at-night"].pull
    assert often
    assert nightly
    saturday = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)

    assert often.after(saturday) == saturday + timedelta(minutes=10)
    assert nightly.after(saturday) == datetime(2026, 11, 23, 3, 30, tzinfo=ZoneInfo("Asia/Almaty"))
    assert (str(often.zone), often.lookback) == ("Europe/Moscow", timedelta(days=3))
    assert often.params == {
        "orderSource": "CALL",
        "withOrdersTags": "true",
        "withAllOrderOrigins": "true",
        "withComments": "true",
    }
    assert found.bundles["one-client"].pull
    assert found.bundles["one-client"].pull.params == {"phoneNumber.value": "74950000021", "withContacts": "true"}
