from pathlib import Path

import pytest

from apimonster_cli.bundles import rules
from apimonster_cli.bundles.rules.docs import RULES, checks_page, example
from tests.bundles.regenerate import CHECKS


def test_every_rule_is_on_the_page() -> None:
    modules = {path.stem for path in Path(rules.__file__).parent.glob("*.py")}

    assert modules - {"__init__", "docs"} == set(RULES)


@pytest.mark.parametrize("rule", RULES)
def test_the_bad_example_breaks_its_rule_and_no_other(rule: str) -> None:
    bad = example(rule, "Bad")

    assert {problem.rule for problem in bad.problems} == {rule}


@pytest.mark.parametrize("rule", RULES)
def test_the_good_example_has_no_problem(rule: str) -> None:
    good = example(rule, "Good")

    assert [problem.line() for problem in good.problems] == []


def test_the_page_is_the_one_in_the_tree() -> None:
    assert checks_page() == CHECKS.read_text(encoding="utf-8")
