"""Write what is generated again: problems/*.out, docs/checks.md and schemas/bundles.schema.json.

    python -m tests.bundles.regenerate

Read the difference before it is committed: the tests compare with these files.
"""

from pathlib import Path

from apimonster_cli.bundles.rules.docs import checks_page
from apimonster_cli.bundles.schema import schema_text
from tests.bundles.golden import PROBLEMS, cases, loaded, output

ROOT = Path(__file__).parents[2]
CHECKS = ROOT / "docs" / "checks.md"
SCHEMA = ROOT / "schemas" / "bundles.schema.json"


def main() -> None:
    """Write all of them."""
    for case in cases(PROBLEMS):
        case.with_suffix(".out").write_text(output(loaded(case)), encoding="utf-8")
    for path, text in ((CHECKS, checks_page()), (SCHEMA, schema_text())):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
