"""How much working out an event may cost: parts of parts, patterns, JSONPaths, whole filters and field maps."""

from typing import Any

import pytest

from apimonster_cli.core.errors import FieldError, PermanentError
from apimonster_cli.values import effort
from apimonster_cli.values.condition import compile_filter
from apimonster_cli.values.field import compile_field_map
from apimonster_cli.values.path import compile_path
from apimonster_cli.values.pattern import compile_pattern
from apimonster_cli.values.scope import Scope


def test_a_part_ends_with_what_it_is_part_of() -> None:
    with effort.allowed(-1), pytest.raises(ValueError, match="takes more than -1 s"), effort.allowed(10):
        pytest.fail("it had no time left")


def test_a_pattern_takes_no_more_time_than_is_left() -> None:
    slow = compile_pattern(r"(a|aa)+$", "filter")

    with pytest.raises(ValueError, match="took too long"), effort.allowed(0.01):  # noqa: PT012 - the second, if not the first
        slow.matches("a" * 4000 + "!")
        slow.matches("a" * 4000 + "!")


def nested(depth: int) -> Any:
    event: Any = {"x": list(range(500))}
    for _ in range(depth):
        event = {"a": event, "b": [1, 2]}
    return event


@pytest.mark.parametrize("path", ["$..*..*..*", "$..*..*..*..x", "$..[*]..*..*"])
def test_a_jsonpath_that_finds_millions_is_given_up(monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    monkeypatch.setattr(effort, "SECONDS", 0.02)

    with pytest.raises(ValueError, match=r"does not work on this event: working it out takes more than 0\.02 s"):
        compile_path(path).read(Scope(nested(60)))


def test_a_jsonpath_finds_all_of_a_large_event() -> None:
    found = compile_path("$..b").read(Scope({"a": [{"b": number} for number in range(5000)]}))

    assert found == list(range(5000))


EVILS = {"items": [{"x": f"{number}" + "a" * 22 + "!"} for number in range(10_000)]}
SLOW = {"matches": "[0-9]*(a|aa)+$"}


def test_a_filter_over_many_items_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(effort, "SECONDS_OF_A_MAP", 0.05)
    filter_ = compile_filter({"any": [{"items.0.x": {"matches": f"(a|aa)+|{number}"}} for number in range(500)]})

    with pytest.raises(PermanentError, match=r"takes more than 0\.05 s|took too long"):
        filter_.refusal(Scope({"items": [{"x": "a" * 22 + "!"}]}))


def test_a_field_map_over_many_items_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(effort, "SECONDS_OF_A_MAP", 0.05)
    each = {"each": "items", "filter": {"x": SLOW}, "fields": {"name": "x"}}
    fields = compile_field_map({"items": each}, lambda _target: None)

    with pytest.raises((FieldError, PermanentError), match=r"takes more than 0\.05 s"):
        fields.build(Scope(EVILS))
