import string
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apimonster_cli.bundles.compose import compose
from apimonster_cli.bundles.nodes import List, Mapping, Node, Scalar, find, read_plain, to_data, walk


def tree(text: str) -> Node:
    root, problems = compose(text, "bundles.yaml")
    assert root is not None
    assert problems == []
    return root


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("42", 42),
        ("-7", -7),
        ("0", 0),
        ("9007199254740993018", 9007199254740993018),
        ("19.90", Decimal("19.90")),
        ("-0.5", Decimal("-0.5")),
        ("true", True),
        ("FALSE", False),
        ("null", None),
        ("~", None),
        ("", None),
    ],
)
def test_reads_a_plain_value(written: str, value: object) -> None:
    read = read_plain(written)

    assert read == value
    assert type(read) is type(value)


@pytest.mark.parametrize(
    "written",
    [
        *(
            "00042",
            "+74950000012",
            "1_000",
            "1e3",
            "0o7",
            "0x1F",
            ".5",
            "5.",
            "12:30",
            "-0",
            ".inf",
            ".NaN",
            "2025-10-14",
        ),
        *("yes", "no", "on", "off", "Yes", "y", "n", "1 200", "９", "9" * 401),
    ],
)
def test_keeps_as_text_what_would_not_be_written_back_the_same(written: str) -> None:
    assert read_plain(written) == written


@given(st.text(string.digits + "-+._eExX:", max_size=12))
def test_a_number_keeps_every_character(written: str) -> None:
    read = read_plain(written)

    assert read is None or str(read) == written


def test_every_key_and_value_knows_its_place() -> None:
    root = tree('# ж\nимя: {a: 1, "б": [x, "y z"]}\n')

    assert isinstance(root, Mapping)
    assert [str(entry.key.place) for entry in root] == ["bundles.yaml:2:1"]
    assert [(str(node.place), node.text, node.width) for node in walk(root)] == [
        ("bundles.yaml:2:10", "1", 1),
        ("bundles.yaml:2:19", "x", 1),
        ("bundles.yaml:2:22", "y z", 5),
    ]


def test_columns_count_characters() -> None:
    root = tree('"😀 смайл": x\n')

    assert [str(node.place) for node in walk(root)] == ["bundles.yaml:1:12"]


def test_a_block_of_text_is_as_wide_as_its_first_line() -> None:
    root = tree("a: |\n  one\n  two\n")

    (block,) = walk(root)

    assert (block.value, block.width) == ("one\ntwo\n", 1)


def test_quotes_make_text() -> None:
    assert to_data(tree("[1, '1', \"true\", !!str 2]")) == [1, "1", "true", "2"]


def test_keys_keep_the_characters_they_were_written_with() -> None:
    assert to_data(tree("{1: a, 00042: b, true: c, ~: d}")) == {"1": "a", "00042": "b", "true": "c", "~": "d"}


def test_finds_a_value_and_its_key() -> None:
    root = tree("status: {from: [a, b], lookup: {1: new}}\n")

    assert find(root, ("status", "from", 1)).place.column == 20
    assert find(root, ("status", "lookup", "1")).place.column == 36
    assert find(root, ("status", "lookup", "1"), key=True).place.column == 33


def test_stops_where_the_way_ends() -> None:
    root = tree("status: {from: [a]}\n")

    last = find(root, ("status", "from", 7, "x"))

    assert isinstance(last, List)
    assert find(root, ()) is root


@given(
    st.recursive(
        st.integers() | st.booleans() | st.none() | st.text("aя \"'\n#:{}", max_size=5),
        lambda inner: st.lists(inner, max_size=3),
    )
)
def test_reads_what_json_writes(data: object) -> None:
    import json

    assert to_data(tree(json.dumps([data], ensure_ascii=False))) == [data]


def test_a_scalar_knows_where_it_stands_in_the_text() -> None:
    text = "a: 'it''s'\n"

    (scalar,) = walk(tree(text))

    assert isinstance(scalar, Scalar)
    assert text[scalar.start : scalar.end] == "'it''s'"
