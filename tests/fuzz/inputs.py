"""What targets take their inputs apart with, and grow them from."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from apimonster_cli.core import exactjson

ROOT = Path(__file__).parents[2]
SAMPLES = sorted((ROOT / "apimonster_cli" / "connectors").glob("*/samples/*.json"))
BUNDLES = (ROOT / "bundles.example.yaml", *sorted((ROOT / "tests" / "bundles").glob("*/*.yaml")))

EVENT: dict[str, Any] = exactjson.loads(
    """{"id": 9223372036854775807, "price": 1200000001.1760000001, "name": "Имя", "empty": "", "nothing": null, "yes": true,
    "phone": "8 (495) 000-00-13", "at": "2026-03-29 02:30:00", "a.b": {"0": "first", "keys": "own"},
    "items": [{"sku": "A", "count": 2, "tags": ["x", "y"]}, {"sku": null, "count": "1 200,50"}],
    "url": "https://example.com/?utm_source=a&id=7#b=c", "list": [1, "2", 3.5, [4]], "deep": {"a": {"a": {"a": [[]]}}}}"""
)


def parts(data: bytes, count: int, separator: bytes = b"\0") -> list[bytes]:
    """Return `count` parts of an input; those that it lacks are empty, the last may hold separators."""
    found = data.split(separator, count - 1)
    return found + [b""] * (count - len(found))


def text(data: bytes) -> str:
    """Return bytes as text; what is no UTF-8 becomes halves of characters, which JSON and YAML can spell too."""
    return data.decode("utf-8", "replace").replace("\ufffd", "\ud800")


def value(data: bytes, instead: Any = EVENT) -> Any:
    """Return the JSON in a part of an input, within what a body may hold; `instead` when it is none, or too deep."""
    try:
        read = exactjson.loads(data)
    except ValueError:
        return instead
    return instead if data.count(b"[") + data.count(b"{") > 64 else read


def examples(key: str) -> Iterator[str]:
    """Return the right side of every line `key: …` in the bundle files."""
    for file in BUNDLES:
        for line in file.read_text(encoding="utf-8", errors="replace").splitlines():
            name, colon, written = line.strip().removeprefix("- ").partition(": ")
            if colon and key in ("*", name) and written:
                yield written.strip("\"'")
