"""Bodies: what is read, what is kept, and what is refused with which sentence."""

import gzip
import json
from contextlib import suppress
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apimonster_cli.daemon.body import TooLargeError, UnknownTypeError, UnreadableError, read_body, read_query, unpack

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "Application/JSON; charset=UTF-8",
        "application/json;charset=us-ascii",
        "text/json",
        "application/x-json",
        "application/vnd.api+json",
        "text/plain",
        "text/plain;charset=UTF-8",
        FORM,
        "",
    ],
)
def test_takes_json_under_many_names(content_type: str) -> None:
    payload = read_body(content_type, '{"name": "Анна"}'.encode())

    assert payload.value == {"name": "Анна"}
    assert payload.text == '{"name": "Анна"}'
    assert payload.as_sent


def test_keeps_every_digit() -> None:
    payload = read_body(
        JSON, b'{"id": 1700000000123456789, "google": 1200000001.1760000001, "big": 1e400, "code": "00042"}'
    )

    assert payload.value == {
        "id": 1700000000123456789,
        "google": Decimal("1200000001.1760000001"),
        "big": Decimal("1e400"),
        "code": "00042",
    }
    assert "1200000001.1760000001" in payload.text


@pytest.mark.parametrize("body", ["[1, 2]", "7", '"text"', "null", "true", " {} \n"])
def test_takes_any_json_value(body: str) -> None:
    payload = read_body(JSON, body.encode())

    assert payload.value == json.loads(body)
    assert payload.text == body


def test_takes_the_last_of_repeated_keys_as_php_does() -> None:
    assert read_body(JSON, b'{"a": 1, "a": 2}').value == {"a": 2}


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        ('{"имя": "Анна"}'.encode("cp1251"), "application/json; charset=windows-1251"),
        ('{"имя": "Анна"}'.encode("koi8-r"), 'application/json; charset="KOI8-R"'),
        ('{"имя": "Анна"}'.encode("utf-16"), JSON),
        ('{"имя": "Анна"}'.encode("utf-16-le"), JSON),
        ('{"имя": "Анна"}'.encode("utf-32-be"), JSON),
    ],
)
def test_reads_json_in_other_charsets(body: bytes, content_type: str) -> None:
    payload = read_body(content_type, body)

    assert payload.value == {"имя": "Анна"}
    assert payload.text == '{"имя":"Анна"}'
    assert not payload.as_sent


@pytest.mark.parametrize("content_type", [JSON, "application/json; charset=utf-8", "text/plain", FORM, ""])
def test_takes_a_byte_order_mark(content_type: str) -> None:
    payload = read_body(content_type, b'\xef\xbb\xbf{"a": 1}')

    assert payload.value == {"a": 1}
    assert payload.text == '{"a": 1}'


@pytest.mark.parametrize(
    ("body", "content_type", "reason"),
    [
        (b'{"a": ', JSON, "the body is not JSON: "),
        (b'{"a": ', FORM, "the body is not JSON: "),
        (b"hello", "text/plain", "the body is not JSON: "),
        (b"hello", "", "the body is not JSON: "),
        (b'{"a": NaN}', JSON, "NaN is not JSON"),
        (b'{"a": -Infinity}', JSON, "Infinity is not JSON"),
        (b'{"a": 1e99999999999999999999}', JSON, "out of any range"),
        (b'{"a": ' + b"1" * 5000 + b"}", JSON, "the body is not JSON: "),
        (b"[" * 65 + b"]" * 65, JSON, "nested more than 64 deep"),
        (b'{"a":' * 65 + b"1" + b"}" * 65, JSON, "nested more than 64 deep"),
        (b"[" * 500_000, JSON, "nested too deeply"),
        (b'{"name": "\xc8\xec\xff"}', JSON, "the body is not text in utf-8"),
        (b"\0\0\0\0", JSON, "the body is not"),
        (b"{}", "application/json; charset=klingon", "the charset klingon is not known"),
        (b"{}", "application/json; charset=zlib", "the charset zlib is not known"),
        (b"a=1", f"{FORM}; charset=utf-16", "a form cannot be in utf-16"),
        (b"a[" + b"][" * 70 + b"]=1", FORM, "nested more than 64 deep"),
        (b"a", "multipart/form-data", "does not say its boundary"),
        (b"a", "multipart/form-data; boundary=X", "breaks off"),
    ],
)
def test_says_why_a_body_cannot_be_read(body: bytes, content_type: str, reason: str) -> None:
    with pytest.raises(UnreadableError, match=reason):
        read_body(content_type, body)


def test_takes_json_as_deep_as_a_form() -> None:
    assert read_body(JSON, b"[" * 64 + b"]" * 64).text == "[" * 64 + "]" * 64


def test_keeps_a_wide_body_that_is_not_deep() -> None:
    assert read_body(JSON, b"[" + b",".join([b"{}"] * 1000) + b"]").value == [{}] * 1000


@pytest.mark.parametrize("content_type", ["application/xml", "image/png", "text/html; charset=utf-8", "json", "/"])
def test_does_not_guess_at_other_types(content_type: str) -> None:
    with pytest.raises(UnknownTypeError, match="are not understood"):
        read_body(content_type, b"<a/>")


@pytest.mark.parametrize("content_type", [FORM, f"{FORM}; charset=UTF-8", ""])
def test_reads_a_form(content_type: str) -> None:
    payload = read_body(content_type, b"lead[name]=%D0%90&lead[tags][]=x")

    assert payload.value == {"lead": {"name": "А", "tags": ["x"]}}
    assert payload.text == '{"lead":{"name":"А","tags":["x"]}}'
    assert not payload.as_sent


def test_reads_a_form_in_windows_1251() -> None:
    assert read_body(f"{FORM}; charset=windows-1251", b"name=%C8%EC%FF").value == {"name": "Имя"}


def test_reads_a_multipart_form() -> None:
    body = b'--X\r\nContent-Disposition: form-data; name="a[b]"\r\n\r\n1\r\n--X--\r\n'

    assert read_body('multipart/form-data; boundary="X"', body).value == {"a": {"b": "1"}}


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b'data={"id": 1700000000123456789}', {"id": 1700000000123456789}),
        (b"payload=%5B1%5D", [1]),
        (b'data={"a": 1}&more=2', {"data": '{"a": 1}', "more": "2"}),
        (b"data={not json", {"data": "{not json"}),
        (b"data=7", {"data": "7"}),
        (b"data[]={}", {"data": ["{}"]}),
        (b"data=" + b"[" * 65 + b"]" * 65, {"data": "[" * 65 + "]" * 65}),
    ],
)
def test_takes_json_out_of_the_only_field_of_a_form(body: bytes, value: Any) -> None:
    assert read_body(FORM, body).value == value


def test_reads_a_query() -> None:
    assert read_query(b"callerphone=%2B7495&utm[source]=yandex").value == {
        "callerphone": "+7495",
        "utm": {"source": "yandex"},
    }


def test_escapes_half_a_character_that_no_database_keeps() -> None:
    payload = read_body(FORM, b'data={"a": "\\ud800"}')

    assert payload.text == '{"a":"\\ud800"}'
    assert json.loads(payload.text) == {"a": "\ud800"}


@given(st.binary(max_size=300), st.sampled_from([JSON, "text/plain", FORM, "", "multipart/form-data; boundary=X"]))
def test_any_body_is_a_payload_or_unreadable(body: bytes, content_type: str) -> None:
    with suppress(UnreadableError):
        assert read_body(content_type, body).text.encode()


@given(st.text(max_size=60))
def test_any_content_type_is_known_or_not(content_type: str) -> None:
    with suppress(UnknownTypeError, UnreadableError):
        assert read_body(content_type, b"{}").value == {}


def test_unpacks_gzip_within_the_bound() -> None:
    body = gzip.compress(b"x" * 1000)

    assert unpack("gzip", body, 1000) == b"x" * 1000
    assert unpack("", body, 1000) == body
    with pytest.raises(TooLargeError):
        unpack("gzip", body, 999)


@pytest.mark.parametrize(
    "body",
    [b"no gzip", gzip.compress(b"x" * 1000)[:-9], gzip.compress(b"x") + b"y", gzip.compress(b"x") * 2],
    ids=["another thing", "cut off", "more behind it", "twice"],
)
def test_refuses_broken_gzip(body: bytes) -> None:
    with pytest.raises(UnreadableError, match="gzip"):
        unpack("gzip", body, 5000)


def test_refuses_other_encodings() -> None:
    with pytest.raises(UnknownTypeError, match="encoded as br"):
        unpack("br", b"x", 100)
