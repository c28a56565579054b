from pathlib import Path

import pytest

from apimonster_cli.bundles.compose import compose
from apimonster_cli.bundles.nodes import to_data
from apimonster_cli.bundles.substitute import Substitution, read_env


def substituted(text: str, folder: Path = Path(), **variables: str) -> tuple[object, Substitution]:
    root, problems = compose(text, "f.yaml")
    assert root is not None
    assert problems == []
    substitution = Substitution(variables, folder, text)
    return to_data(substitution.node(root)), substitution


@pytest.mark.parametrize(
    ("written", "becomes"),
    [
        ("${NAME}", "value"),
        ("a-${NAME}-${NAME}", "a-value-value"),
        ("${NONE:-default}", "default"),
        ("${NONE:-}", ""),
        ("${EMPTY:-default}", "default"),
        ("${EMPTY}", ""),
        ("${NONE:-a:-b}", "a:-b"),
        ("$${NAME}", "${NAME}"),
        ("$$${NAME}", "$${NAME}"),
        ("$NAME and $..items", "$NAME and $..items"),
        ("{{ ${NAME} }}", "{{ value }}"),
    ],
)
def test_fills_in_a_variable(written: str, becomes: str) -> None:
    data, substitution = substituted(f"a: '{written}'", NAME="value", EMPTY="")

    assert data == {"a": becomes}
    assert substitution.problems == []


def test_leaves_keys_alone() -> None:
    data, _ = substituted("'${NAME}': [1, true, '${NAME}']", NAME="value")

    assert data == {"${NAME}": [1, True, "value"]}


def test_reads_a_secret_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("k-123456\n")

    data, substitution = substituted("a: ${file:key}", tmp_path)

    assert data == {"a": "k-123456"}
    assert substitution.secrets == {"k-123456"}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "No such file or directory"),
        (b"\xff\xfe", "it is not UTF-8 text"),
        (b"x" * 70_000, "it is too large for a secret"),
    ],
    ids=["missing", "not text", "too large"],
)
def test_says_why_a_file_gives_no_secret(content: bytes | None, reason: str, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "key").write_bytes(content)

    _, substitution = substituted("a: ${file:key}", tmp_path)

    assert [one.message for one in substitution.problems] == [f"the file key cannot be read: {reason}"]


def test_what_comes_from_variables_is_secret_and_what_the_file_says_itself_is_not() -> None:
    _, substitution = substituted("['${A}', '${B:-public}', plain, '${C}']", A="one", C="true")

    assert substitution.secrets == {"one"}


def test_points_at_the_very_variable() -> None:
    text = 'a: "x ${GOOD} \\t ${BAD}"\nb: >\n  one\n  ${WORSE}\n'

    _, substitution = substituted(text, GOOD="1")

    assert [(one.place.line, one.place.column, one.width) for one in substitution.problems] == [(1, 18, 6), (4, 3, 8)]


def test_tells_of_a_variable_in_an_anchor_once() -> None:
    _, substitution = substituted("a: &x ['${BAD}']\nb: *x\nc: *x\n")

    assert len(substitution.problems) == 1


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("A=1", "1"),
        ("  A = 1  ", "1"),
        ("export A=1", "1"),
        ("A=one two # comment", "one two"),
        ("A=one#two", "one#two"),
        ("A='one # two'", "one # two"),
        ('A="a\\"b\\n\\$c" # comment', 'a"b\n$c'),
        ("A='it\\n'", "it\\n"),
        ("A=", ""),
        ("A=#", ""),
        ("A=a=b", "a=b"),
        ("A='open", "'open"),
        ("\ufeffA=1", "1"),
    ],
)
def test_reads_a_line_of_env(line: str, value: str) -> None:
    assert read_env(line) == {"A": value}


def test_passes_over_what_is_no_variable() -> None:
    assert read_env("# A=1\n\n1A=2\nnothing\nB=3\r\nB=4") == {"B": "4"}
