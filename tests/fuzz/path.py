"""Paths: text → path → what it finds in a value, compared with what jsonpath-ng finds by the same keys."""

from collections.abc import Iterator
from typing import Any

from jsonpath_ng import Child, Fields, Index, JSONPath, Root
from jsonpath_ng.jsonpath import Wildcard

from apimonster_cli.core import exactjson
from apimonster_cli.values.errors import LanguageError
from apimonster_cli.values.path import ALL, Key, compile_path, format_keys
from apimonster_cli.values.scope import MISSING, Scope
from tests.fuzz import inputs

ABOUT = "paths and JSONPaths, and what they find in a value"
LONGEST = 512
WORDS = (
    "$", "..", "[*]", ".*", "[-1]", "[0]", "['a.b']", '["id"]', "event.", "steps.", "meta.", "items", "[?(@.count > 1)]",
    "[0:2]", "`len`", "`sub(/a/, b)`", "`split(., 0, -1)`", "`parent`", " + ", "@", "tags", "sku", "[\\count]", "=~", '"', "'",
)  # fmt: skip
_PATHS = (
    "id", "items.0.sku", "items[*].tags[*]", "['a.b'].0", 'event["a.b"].keys', "list[-1]", "steps.order.id", "meta.event_id",
    "deep.a.a.a.0", "$.items[?(@.count > 1)].sku", "$..sku", "$.items[0:1]", "$.price + $.id", "$.name.`len`", "$.*", "$.list[*]",
    "$.phone.`sub(/\\\\d/, x)`", "$.items[?(@.sku =~ 'A')]", "$.items[\\count]", "$.url.`split(/, 1, -1)`", "$['a.b']",
)  # fmt: skip


def seeds() -> Iterator[bytes]:
    """Return paths of every kind over an event, and those of the bundle files."""
    for written in (*_PATHS, *inputs.examples("from")):
        yield b"\0" + written.encode()
        yield exactjson.dumps(inputs.EVENT).encode() + b"\0" + written.encode()


def check(data: bytes) -> None:
    """A text is a path or a LanguageError; a path finds the same each time, and what jsonpath-ng finds by the same keys."""
    event, written = (
        inputs.value(part) if at == 0 else inputs.text(part) for at, part in enumerate(inputs.parts(data, 2))
    )
    try:
        path = compile_path(written)
    except LanguageError as error:
        assert error.rule == "path"
        assert str(error)
        return
    scope = Scope(event, meta={"event_id": 7}, steps={"order": {"id": 42}})
    try:
        found = path.read(scope)
    except ValueError as error:  # a JSONPath that does not fit the event
        assert path.keys is None
        assert "does not work on this event" in str(error)
        return
    if path.keys is None:
        return
    assert compile_path(format_keys([path.root, *path.keys])).keys == path.keys
    if path.root == "event" and path.keys and _comparable(event, path.keys):
        assert found == _expected(event, path.keys)


def _comparable(value: Any, keys: tuple[Key, ...]) -> bool:
    """Return whether both languages say the same by these keys: a number means a key of an object to us alone."""
    here = [value]
    for key in keys:
        if key == "*" or (isinstance(key, int) and not all(isinstance(one, list) for one in here)):
            return False
        if isinstance(key, str) and not all(isinstance(one, dict) for one in here):
            return False
        here = [below for one in here for below in _below(one, key)]
    return True


def _below(value: Any, key: Key) -> list[Any]:
    if key is ALL:
        return list(value.values() if isinstance(value, dict) else value) if isinstance(value, dict | list) else []
    if isinstance(value, dict):
        return [value[str(key)]] if str(key) in value else []
    return [value[key]] if isinstance(key, int) and -len(value) <= key < len(value) else []


def _expected(event: Any, keys: tuple[Key, ...]) -> Any:
    expression: JSONPath = Root()
    for key in keys:
        step = Wildcard() if key is ALL else Index(key) if isinstance(key, int) else Fields(key)
        expression = Child(expression, step)
    found = [match.value for match in expression.find(event)]
    if ALL in keys:
        return found or MISSING
    return found[0] if found else MISSING
