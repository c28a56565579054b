from pathlib import Path

import pytest

from apimonster_cli.connectors import registry
from apimonster_cli.connectors.page import connector_page

DOCS = Path(__file__).parents[2] / "docs" / "connectors"


@pytest.mark.parametrize("name", registry.names())
def test_the_page_in_docs_is_the_one_made_from_the_declaration(name: str) -> None:
    written = (DOCS / f"{name}.md").read_text(encoding="utf-8")

    assert written == connector_page(registry.connector(name)), "run `python -m tests.pages`"


@pytest.mark.parametrize("name", registry.names())
def test_the_page_shows_every_setting_event_action_and_field(name: str) -> None:
    connector = registry.connector(name)

    page = connector_page(connector)

    shown = [setting.name for setting in connector.settings]
    shown += [event.name for event in connector.events]
    shown += [f"{name}.{action.name}" for action in connector.actions]
    listed = [event.fields for event in connector.events]
    listed += [fields for action in connector.actions for fields in (action.inputs, action.outputs)]
    shown += [field for name in listed for field in connector.catalogue.fields(name)]
    assert [item for item in shown if f"`{item}`" not in page] == []
