from apimonster_cli.bundles.nodes import Scalar
from apimonster_cli.bundles.problem import BundleError, nearest, one_of
from apimonster_cli.bundles.report import Report
from apimonster_cli.core.place import Place

NODE = Scalar(Place("f.yaml", 2, 3), "x", "x", width=4)


def test_keeps_each_problem_once() -> None:
    report = Report()

    report.at(NODE, "key", "unknown key x")
    report.at(NODE, "key", "unknown key x")

    assert [(problem.line(), problem.width) for problem in report.problems] == [
        ("f.yaml:2:3: error: unknown key x [key]", 4)
    ]


def test_warnings_do_not_fail() -> None:
    report = Report()
    report.at(NODE, "unused", "nobody uses it", severity="warning")
    warned = report.errors

    report.at(NODE, "key", "unknown key x")

    assert (warned, report.errors) == (0, 1)


def test_knows_what_is_told_where() -> None:
    report = Report()

    report.at(NODE, "key", "unknown key x")

    assert report.tells_at(NODE)
    assert not report.tells_at(Scalar(Place("f.yaml", 2, 4), "y", "y"))


def test_an_error_counts_mistakes_without_warnings() -> None:
    report = Report()
    report.at(NODE, "unused", "nobody uses it", severity="warning")
    report.at(NODE, "key", "unknown key x")

    assert str(BundleError(report.problems)) == "the bundle files have 1 mistake"


def test_offers_the_nearest_word_whatever_its_case() -> None:
    assert nearest("externalid", ["externalId", "id"]) == "externalId"
    assert nearest("zebra", ["externalId", "id"]) is None


def test_lists_what_is_allowed() -> None:
    assert [one_of([]), one_of(["a"]), one_of(["a", "b", "c"])] == ["", "a", "a, b or c"]
