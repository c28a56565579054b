"""JSON that keeps every digit: bytes → value → text → the same value."""

from collections.abc import Iterator

from apimonster_cli.core import exactjson
from tests.fuzz import inputs

ABOUT = "JSON in which a number keeps every digit, read and written again"
LONGEST = 2048
WORDS = (
    "1e400", "1E-400", "-0", "-0.0", "1e999999999", "NaN", "Infinity", "-Infinity", "9223372036854775808", "0.1", "\\ud800", "\\u0000",
    "\ufeff", "\u2028", "null", "true", "[[[[[[[[", '{"a":{"a":', "]]", "}}", '"', "\\", ",", ":",
)  # fmt: skip


def seeds() -> Iterator[bytes]:
    """Return the samples of all connectors and a few values with traps."""
    yield from (file.read_bytes() for file in inputs.SAMPLES)
    yield exactjson.dumps(inputs.EVENT).encode()
    yield from (
        b"1200000001.1760000001",
        b"-0.0",
        b"1e400",
        b'"\\ud83d\\ude00"',
        b'{"a": 1, "a": 2}',
        b"\xff\xfe1\x00",
        b"[[[]]]",
    )


def check(data: bytes) -> None:
    """Bytes are refused with a sentence, or a value that survives being written, whatever way."""
    try:
        value = exactjson.loads(data)
    except ValueError as error:
        assert str(error)
        return
    for written in (exactjson.dumps(value), exactjson.dumps(value, indent=2), exactjson.canonical(value)):
        assert exactjson.loads(written) == value
    assert exactjson.canonical(exactjson.loads(exactjson.canonical(value))) == exactjson.canonical(value)
