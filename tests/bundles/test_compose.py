from pathlib import Path

import pytest
from ruamel.yaml.error import YAMLError

from apimonster_cli.bundles import compose as module
from apimonster_cli.bundles.compose import compose
from apimonster_cli.bundles.nodes import to_data, walk
from apimonster_cli.bundles.rules.syntax import unreadable

SAMPLES = sorted((Path(__file__).parent / "silent").glob("*.yaml"))


def test_an_alias_stands_for_its_anchor() -> None:
    root, problems = compose("a: &x {n: 1}\nb: *x\n", "f.yaml")

    assert problems == []
    assert root is not None
    assert to_data(root) == {"a": {"n": 1}, "b": {"n": 1}}


def test_an_anchor_can_be_set_again() -> None:
    root, _ = compose("a: &x 1\nb: *x\nc: &x 2\nd: *x\n", "f.yaml")

    assert root is not None
    assert to_data(root) == {"a": 1, "b": 1, "c": 2, "d": 2}


def test_own_keys_win_over_merged_ones_and_earlier_merges_over_later_ones() -> None:
    root, problems = compose("a: &a {x: 1, y: 1}\nb: &b {y: 2, z: 2}\nc:\n  <<: [*a, *b]\n  x: 3\n", "f.yaml")

    assert problems == []
    assert root is not None
    assert to_data(root)["c"] == {"x": 3, "y": 1, "z": 2}


def test_a_quoted_merge_key_is_a_key() -> None:
    root, problems = compose('"<<": 1\n', "f.yaml")

    assert (problems, root and to_data(root)) == ([], {"<<": 1})


def test_takes_what_only_newer_yaml_allows() -> None:
    root, problems = compose("{event: sample:utmstat.new_lead, url: http://a.b/c, at: 12:30}\n", "f.yaml")

    assert problems == []
    assert root is not None
    assert to_data(root) == {"event": "sample:utmstat.new_lead", "url": "http://a.b/c", "at": "12:30"}


def test_tells_of_every_duplicate_key() -> None:
    _, problems = compose("a: 1\nb: 2\na: 3\nc: {x: 1, x: 2}\n", "f.yaml")

    assert [(str(one.place), str(one.related), one.rule) for one in problems] == [
        ("f.yaml:3:1", "f.yaml:1:1", "duplicate"),
        ("f.yaml:4:11", "f.yaml:4:5", "duplicate"),
    ]


def test_deep_nesting_is_refused_not_followed() -> None:
    root, problems = compose("[" * 5000 + "]" * 5000, "f.yaml")

    assert root is None
    assert [one.message for one in problems] == ["this is nested too deeply"]


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_both_parsers_read_the_same(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = path.read_text(encoding="utf-8")
    quick, _ = compose(text, "f.yaml")

    monkeypatch.setattr(module, "CParser", None)
    pure, _ = compose(text, "f.yaml")

    assert quick is not None
    assert pure is not None
    assert to_data(quick) == to_data(pure)
    assert [one for one in walk(quick) if one.text] == [one for one in walk(pure) if one.text]


def test_an_error_without_a_place_stands_at_the_start_of_the_file() -> None:
    problem = unreadable(YAMLError("out of memory"), "a: 1\n", "f.yaml")

    assert problem.line() == "f.yaml:1:1: error: the YAML cannot be read: out of memory [syntax]"
