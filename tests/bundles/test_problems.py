"""Golden files. `python -m tests.bundles.regenerate` writes the .out files again."""

from pathlib import Path

import pytest

from apimonster_cli.bundles.problem import Problem, snippet
from apimonster_cli.bundles.rules.docs import RULES
from apimonster_cli.core.place import Place
from tests.bundles.golden import PROBLEMS, SILENT, cases, loaded, output


@pytest.mark.parametrize("case", cases(PROBLEMS), ids=lambda case: case.stem)
def test_tells_of_a_mistake(case: Path) -> None:
    result = loaded(case)

    assert output(result) == case.with_suffix(".out").read_text(encoding="utf-8")
    assert (result.config is None) == any(problem.severity == "error" for problem in result.problems)


@pytest.mark.parametrize("case", cases(SILENT), ids=lambda case: case.stem)
def test_has_nothing_to_say(case: Path) -> None:
    result = loaded(case)

    assert [problem.line() for problem in result.problems] == []
    assert result.config is not None


def test_every_rule_has_a_mistake_of_its_own() -> None:
    told = {problem.rule for case in cases(PROBLEMS) for problem in loaded(case).problems}

    assert told == set(RULES)


def test_a_problem_shows_itself_as_a_line_and_as_json() -> None:
    problem = Problem(
        Place("f.yaml", 2, 3), "key", "unknown key fitler", "filter", width=6, related=Place("g.yaml", 1, 1)
    )

    assert problem.line() == "f.yaml:2:3: error: unknown key fitler (did you mean filter?) [key]"
    assert problem.as_json() == {
        "file": "f.yaml",
        "line": 2,
        "column": 3,
        "severity": "error",
        "rule": "key",
        "message": "unknown key fitler",
        "suggestion": "filter",
        "related": {"file": "g.yaml", "line": 1, "column": 1},
    }


def test_a_snippet_underlines_the_mistake() -> None:
    problem = Problem(Place("f.yaml", 2, 3), "key", "unknown key fitler", width=6)

    assert snippet(problem, ["a:", "  fitler: 1"]) == "    2 |   fitler: 1\n      |   ^~~~~~"
    assert snippet(problem, ["a:"]) == ""
