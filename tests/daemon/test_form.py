"""Forms: brackets to nested data, and no bytes that crash the parser."""

from contextlib import suppress
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apimonster_cli.daemon.form import DEEPEST, MOST_FIELDS, FormError, nest, parse_form, parse_multipart

NAMES = st.text(st.characters(codec="utf-8", exclude_characters="[]"), min_size=1, max_size=8).filter(
    lambda name: not name.startswith(" ")
)
WORDS = NAMES.filter(lambda name: not name.isdecimal())
VALUES = st.text(st.characters(codec="utf-8"), max_size=12)
NESTED = st.recursive(
    VALUES,
    lambda inner: st.lists(inner, min_size=1, max_size=4) | st.dictionaries(WORDS, inner, min_size=1, max_size=4),
    max_leaves=20,
)


def flat(value: Any, name: str) -> list[tuple[str, str]]:
    """Return what PHP's http_build_query makes of `value`."""
    if isinstance(value, str):
        return [(name, value)]
    items = value.items() if isinstance(value, dict) else enumerate(value)
    return [pair for key, item in items for pair in flat(item, f"{name}[{key}]")]


def leaves(value: Any, path: tuple[str, ...] = ()) -> dict[tuple[str, ...], str]:
    if isinstance(value, str):
        return {path: value}
    items = value.items() if isinstance(value, dict) else enumerate(value)
    return {leaf: text for key, item in items for leaf, text in leaves(item, (*path, str(key))).items()}


@pytest.mark.parametrize(
    ("query", "data"),
    [
        ("name=Анна&phone=%2B7+495", {"name": "Анна", "phone": "+7 495"}),
        ("lead[name]=a&lead%5Bphone%5D=b", {"lead": {"name": "a", "phone": "b"}}),
        ("items[0][sku]=A&items[0][qty]=2&items[1][sku]=B", {"items": [{"sku": "A", "qty": "2"}, {"sku": "B"}]}),
        ("tags[]=x&tags[]=y", {"tags": ["x", "y"]}),
        ("a[][x]=1&a[][x]=2", {"a": [{"x": "1"}, {"x": "2"}]}),
        ("a[1]=b&a[0]=a", {"a": ["a", "b"]}),
        ("a[5]=x&a[]=y", {"a": {"5": "x", "6": "y"}}),
        ("fields[120]=x&fields[121]=y", {"fields": {"120": "x", "121": "y"}}),
        ("a[00]=x", {"a": {"00": "x"}}),
        ("a=1&a=2", {"a": "2"}),
        ("a=1&a[b]=2", {"a": {"b": "2"}}),
        ("a[b]=2&a=1", {"a": "1"}),
        ("a[b]=1&a[b][c]=2", {"a": {"b": {"c": "2"}}}),
        ("agree&empty=&=x&&", {"agree": "", "empty": ""}),
        ("a[b=1&[c]=2&d[e]f=3&g]=4", {"a[b": "1", "[c]": "2", "d[e]f": "3", "g]": "4"}),
        ("utm.source=x&my field=y", {"utm.source": "x", "my field": "y"}),
        ("a=b=c&d=%ZZ&e=%", {"a": "b=c", "d": "%ZZ", "e": "%"}),
        ("a=%00&b=\0", {"a": "\0", "b": "\0"}),
        ("0=a&1=b", {"0": "a", "1": "b"}),
        ("", {}),
    ],
)
def test_reads_names_as_php_does(query: str, data: Any) -> None:
    assert parse_form(query.encode()) == data


@pytest.mark.parametrize(
    ("body", "charset", "text"),
    [
        ("Имя".encode("cp1251"), "cp1251", "Имя"),
        (b"%C8%EC%FF", "cp1251", "Имя"),
        ("Имя".encode("cp1251"), None, "Имя"),
        (b"%C8%EC%FF", None, "Имя"),
        ("Имя".encode(), None, "Имя"),
        ("Им".encode() + b"\xd1", None, "Им\ufffd"),
        ("Имя".encode(), "cp1251", "Р\x98РјСЏ".replace("\x98", "\ufffd")),
    ],
    ids=["named, raw", "named, encoded", "old site, raw", "old site, encoded", "utf-8", "cut off", "as it says"],
)
def test_honours_the_charset(body: bytes, charset: str | None, text: str) -> None:
    assert parse_form(b"name=" + body, charset) == {"name": text}


def test_takes_as_many_fields_as_php() -> None:
    form = "&".join(f"f{number}=1" for number in range(MOST_FIELDS)).encode()

    assert len(parse_form(form)) == MOST_FIELDS
    with pytest.raises(FormError, match="more than 1000 fields"):
        parse_form(form + b"&one=more")


def test_takes_as_deep_names_as_php() -> None:
    deep = "a" + "[b]" * (DEEPEST - 1)

    assert "a" in parse_form(f"{deep}=1".encode())
    with pytest.raises(FormError, match="more than 64 deep"):
        parse_form(f"{deep}[c]=1".encode())


@given(st.dictionaries(NAMES, NESTED, max_size=5))
def test_gives_back_what_php_would_send(data: dict[str, Any]) -> None:
    query = urlencode([pair for key, item in data.items() for pair in flat(item, key)])

    assert parse_form(query.encode()) == data


@given(st.lists(st.tuples(st.lists(st.sampled_from("abc"), min_size=1, max_size=3), VALUES), max_size=12))
def test_lets_the_later_field_win(fields: list[tuple[list[str], str]]) -> None:
    expected: dict[tuple[str, ...], str] = {}
    for keys, value in fields:
        path = tuple(keys)
        for other in list(expected):
            shorter = min(len(path), len(other))
            if path[:shorter] == other[:shorter]:
                del expected[other]
        expected[path] = value
    names = [(keys[0] + "".join(f"[{key}]" for key in keys[1:]), value) for keys, value in fields]

    assert leaves(nest(names)) == expected


@given(st.binary(max_size=200))
def test_any_bytes_are_a_form(body: bytes) -> None:
    assert isinstance(parse_form(body), dict)


def part(headers: str, content: bytes) -> bytes:
    return b"--X\r\n" + headers.encode() + b"\r\n\r\n" + content + b"\r\n"


def test_reads_the_parts_of_a_multipart_form() -> None:
    body = (
        part('Content-Disposition: form-data; name="lead[name]"', "Анна\r\nИванова".encode())
        + part("content-disposition: form-data; name=phone", b"+7 495")
        + part('Content-Disposition: form-data; name="a \\"b\\""', b"")
        + part('Content-Disposition: form-data; name="cv"; filename="резюме.pdf"\r\nContent-Type: x/y', b"\0\xff\r\n--")
        + part('Content-Disposition: form-data; name="none"; filename=""', b"")
        + part("Content-Type: text/plain", b"nameless")
        + b"--X--\r\n"
    )

    assert parse_multipart(body, b"X") == {
        "lead": {"name": "Анна\r\nИванова"},
        "phone": "+7 495",
        'a "b"': "",
        "cv": {"name": "резюме.pdf", "size": 6},
        "none": "",
    }


def test_reads_a_multipart_form_with_bare_line_ends() -> None:
    body = b'--X\nContent-Disposition: form-data; name="a"\n\n1\n--X--\n'

    assert parse_multipart(body, b"X") == {"a": "1"}


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (part("Content-Disposition: form-data; name=a", b"1"), "breaks off"),
        (b"", "breaks off"),
        (b"--X\r\nContent-Disposition: form-data; name=a\r\n--X--", "no end of its headers"),
        (part("Content-Disposition: form-data; name=a", b"1") * (MOST_FIELDS + 1) + b"--X--", "more than 1000"),
    ],
    ids=["cut off", "empty", "no content", "too many"],
)
def test_refuses_a_broken_multipart_form(body: bytes, reason: str) -> None:
    with pytest.raises(FormError, match=reason):
        parse_multipart(body, b"X")


@given(
    st.lists(st.sampled_from([b"--X", b"--", b"\r\n", b"\n", b":", b"Content-Disposition", b'; name="a[]"', b"\xff"]))
)
def test_any_parts_are_a_form_or_refused(pieces: list[bytes]) -> None:
    with suppress(FormError):
        assert isinstance(parse_multipart(b"".join(pieces), b"X"), dict)
