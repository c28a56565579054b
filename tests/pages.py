"""Writes the pages that are made from declarations: `python -m tests.pages`."""

from pathlib import Path

from apimonster_cli.bundles.rules.docs import checks_page
from apimonster_cli.connectors import registry
from apimonster_cli.connectors.page import connector_page

DOCS = Path(__file__).parent.parent / "docs"


def main() -> None:
    (DOCS / "connectors").mkdir(exist_ok=True)
    for name in registry.names():
        (DOCS / "connectors" / f"{name}.md").write_text(connector_page(registry.connector(name)), encoding="utf-8")
    (DOCS / "checks.md").write_text(checks_page(), encoding="utf-8")


if __name__ == "__main__":
    main()
