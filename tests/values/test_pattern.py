"""Patterns: what they find, and that no text can stall them."""

import pytest

from apimonster_cli.values.errors import LanguageError
from apimonster_cli.values.pattern import LONGEST_PATTERN, LONGEST_TEXT, PatternTimeout, compile_pattern


def test_matches_the_whole_text() -> None:
    pattern = compile_pattern(r"\w+", "filter")

    assert pattern.matches("Привет")
    assert not pattern.matches("Привет, мир")


def test_finds_a_group() -> None:
    pattern = compile_pattern(r"(\d+)-(?P<tail>\d+)?", "template")

    assert pattern.find("a 12-34") == "12"
    assert pattern.find("a 12-34", 0) == "12-34"
    assert pattern.find("a 12-34", "tail") == "34"
    assert pattern.find("a 12-", 2) is None
    assert pattern.find("nothing") is None
    assert compile_pattern(r"\d+", "template").find("a 12") == "12"
    with pytest.raises(IndexError):
        pattern.find("1-2", 7)


@pytest.mark.parametrize("pattern", [r"(a|aa)+", r"(.*a){25}", r"(a|aa)+$"])
def test_gives_up_in_time(pattern: str) -> None:
    with pytest.raises(PatternTimeout, match="took too long"):
        compile_pattern(pattern, "filter").matches("a" * 4000 + "!")


def test_refuses_a_text_that_is_too_long() -> None:
    with pytest.raises(PatternTimeout, match="too long for the pattern"):
        compile_pattern("a", "filter").matches("a" * (LONGEST_TEXT + 1))


@pytest.mark.parametrize("text", ["(", "a{2,1}", "[z-a]", "x" * (LONGEST_PATTERN + 1)])
def test_refuses_what_is_no_pattern(text: str) -> None:
    with pytest.raises(LanguageError) as caught:
        compile_pattern(text, "template")

    assert caught.value.rule == "template"


@pytest.mark.parametrize(
    "text",
    [
        "a{20001}",
        "(?:a{200}){200}",
        "((((a{9}){9}){9}){9}){9}",
        "(?:(?:a{200,}){200,900})",
        r"(?:[(\]]{200}\({99}){200}",
        "(?:[](]{200}a{99}){200}",
        "(?x)#[\n(a{200}){200}#]",
        "(?i)(?#[)(a{200}){200}(?#])",
        "a{" + "9" * 400 + "}",
    ],
)
def test_refuses_counts_that_multiply(text: str) -> None:
    with pytest.raises(LanguageError, match="its counts multiply"):
        compile_pattern(text, "filter")


@pytest.mark.parametrize(
    "text",
    [r"\+?\d{10,15}|\d{4}-\d{2}-\d{2}T\d{2}:\d{2}", "(?:a{100}){100}", "(?x) a{90}  # b{90}", "(?:a{,99}){0,99999}"],
)
def test_takes_counts_that_do_not(text: str) -> None:
    assert compile_pattern(text, "filter").text == text
