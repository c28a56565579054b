"""Parameters as PHP reads them."""

from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidimensional_urlencode import urlencode as python_client_query  # type: ignore[import-untyped]

from apimonster_cli.sandbox.parameters import decode, filters, values


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", {}),
        ("a=1&b=", {"a": "1", "b": ""}),
        ("a[]=1&a[]=2", {"a": {"0": "1", "1": "2"}}),
        ("a[0]=1&a[1]=2", {"a": {"0": "1", "1": "2"}}),
        ("a[b][c]=1&a[b][d]=2", {"a": {"b": {"c": "1", "d": "2"}}}),
        ("a%5Bb%5D=%D0%B8+x", {"a": {"b": "и x"}}),
        ("a=1&a[b]=2", {"a": {"b": "2"}}),
        ("a[b]=1&a=2", {"a": "2"}),
        ("a[b=1&]x=2", {"a[b": "1", "]x": "2"}),
        ("a", {"a": ""}),
    ],
)
def test_decodes_brackets(query: str, expected: dict[str, Any]) -> None:
    assert decode(query) == expected


def test_filter_none_is_no_filter() -> None:
    assert filters(decode("filter=None&limit=20")) == {}


def test_values_take_lists_and_single_ones() -> None:
    assert values(decode("a[]=1&a[]=2")["a"]) == ["1", "2"]
    assert values("1") == ["1"]
    assert values(None) == []


names = st.text("abcXYZ019_-", min_size=1, max_size=5)
leaves = st.text(max_size=10)
nested = st.dictionaries(
    names, st.recursive(leaves, lambda inner: st.dictionaries(names, inner, min_size=1, max_size=3)), max_size=4
)


@given(nested)
def test_reads_back_whatever_the_python_client_writes(parameters: dict[str, Any]) -> None:
    assert decode(python_client_query(parameters)) == parameters


@given(st.lists(st.tuples(st.text(max_size=8), st.text(max_size=8)), max_size=5))
def test_takes_any_query(pairs: list[tuple[str, str]]) -> None:
    assert isinstance(decode(urlencode(pairs)), dict)
