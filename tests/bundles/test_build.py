import pytest

from apimonster_cli.bundles.build import build
from apimonster_cli.bundles.draft import Draft, DraftConnection
from apimonster_cli.bundles.nodes import Mapping, Scalar
from apimonster_cli.core.place import Place
from apimonster_cli.core.redact import Redactor


def test_refuses_a_draft_that_no_rule_has_looked_at() -> None:
    place = Place("f.yaml", 1, 1)
    draft = Draft(connections={"crm": DraftConnection(Scalar(place, "crm", "crm"), Mapping(place, ()))})

    with pytest.raises(AssertionError, match="a missing part"):
        build(draft, Redactor(), ())
