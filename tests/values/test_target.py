"""Targets: dotted names, lists by number, and targets that cannot stand together."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apimonster_cli.values.errors import LanguageError
from apimonster_cli.values.target import close_gaps, conflicts, lists_of, parse_target


def test_parses_names_and_numbers() -> None:
    assert parse_target("items.0.offer.externalId") == ("items", 0, "offer", "externalId")
    assert parse_target("headers.X-Key") == ("headers", "X-Key")


@pytest.mark.parametrize("text", ["", "a.", ".a", "a..b", "0.a", "a.00.b", "a[0]", "$.a", "a .b", "{{ a }}"])
def test_refuses_what_is_no_target(text: str) -> None:
    with pytest.raises(LanguageError) as caught:
        parse_target(text)

    assert caught.value.rule == "field"


@pytest.mark.parametrize(
    ("targets", "culprit"),
    [
        (["a", "a.b"], "a.b"),
        (["a.b.c", "a"], "a.b.c"),
        (["items", "items.0.x"], "items.0.x"),
        (["items.0.x", "items.name"], "items.name"),
        (["a.b", "a.0"], "a.0"),
    ],
)
def test_finds_targets_that_exclude_each_other(targets: list[str], culprit: str) -> None:
    found = conflicts({target: parse_target(target) for target in targets})

    assert [error.at for error in found] == [(culprit,)]


def test_lets_neighbours_be() -> None:
    assert conflicts({target: parse_target(target) for target in ["a.b", "a.c", "i.0.x", "i.1.x", "i.0.y", "ab"]}) == []


def test_closes_gaps_in_lists_of_lists() -> None:
    fields: dict[Any, Any] = {"a": {3: {"b": {7: "z", 2: "y"}}, 1: {"c": 1}}, "d": 1}
    targets = [("a", 1, "c"), ("a", 3, "b", 7), ("a", 3, "b", 2), ("a", 9, "b", 0), ("e", "f", 0)]

    close_gaps(fields, lists_of(targets))

    assert fields == {"a": [{"c": 1}, {"b": ["y", "z"]}], "d": 1}


@given(st.lists(st.text("ab01.", min_size=1, max_size=7), unique=True, max_size=6))
def test_any_text_is_a_target_or_a_mistake(texts: list[str]) -> None:
    targets = {}
    for text in texts:
        try:
            targets[text] = parse_target(text)
        except LanguageError:
            continue

    assert all(".".join(map(str, keys)) == text for text, keys in targets.items())
    assert {error.at[0] for error in conflicts(targets)} <= set(targets)
