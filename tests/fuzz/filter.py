"""Filters: data → filter → whether it holds for an event, and for one that followed another."""

from collections.abc import Iterator

from apimonster_cli.bundles.compose import compose
from apimonster_cli.bundles.nodes import to_data
from apimonster_cli.core import exactjson
from apimonster_cli.core.errors import PermanentError
from apimonster_cli.values.condition import compile_filter
from apimonster_cli.values.errors import LanguageError
from apimonster_cli.values.scope import Scope
from tests.fuzz import inputs

ABOUT = "filters and their conditions, over an event and the one before"
LONGEST = 768
WORDS = (
    "all: [", "any: [", "not: {", "gt: ", "lte: ", "in: [", "eq: ", "ne: ", "exists: true", "empty: false", "changed: true",
    "contains: ", "starts_with: ", "ends_with: ", "matches: ", "regex: ", "before: ", "after: ", "{", "}", "]", ", ", ": ", "(a+)+$",
    "items[*].sku", "$..count", "1e400", "2026-03-29", "null", "id", "price", "list",
)  # fmt: skip
_FILTERS = (
    "{id: 1}", "{id: [1, 2], name: Имя}", "{price: {gt: 1000, lte: '5 000'}}", "{name: {ends_with: .ru}}", "{id: {changed: true}}",
    "{any: [{id: 1}, {list: {contains: 2}}]}", "{not: {empty: {exists: true}}}", "{all: [{at: {gt: '2026-01-01'}}]}",
    "{name: {matches: '(И|x)+'}}", "{'items[*].sku': {contains: A}}", "{'$.items[?(@.count > 1)].sku': A}", "{url: {not_in: [a]}}",
)  # fmt: skip


def seeds() -> Iterator[bytes]:
    """Return filters of every kind over an event."""
    event = exactjson.dumps(inputs.EVENT).encode()
    for written in (*_FILTERS, *(f"{{{one}}}" for one in inputs.examples("filter"))):
        yield b"\0\0" + written.encode()
        yield event + b'\0{"id": 6, "name": ""}\0' + written.encode()


def check(data: bytes) -> None:
    """Data is a filter or LanguageErrors; a filter holds, or says why not in a sentence, or cannot be told."""
    event, previous, written = inputs.parts(data, 3)
    node, _ = compose(written.decode("utf-8", "replace"), "filter.yaml")
    if node is None:
        return
    try:
        compiled = compile_filter(to_data(node))
    except LanguageError as error:
        assert all(one.rule in ("filter", "path") and str(one) for one in error.errors)
        return
    scope = Scope(inputs.value(event), previous=inputs.value(previous), meta={"event_id": 7})
    try:
        refusal = compiled.refusal(scope)
        assert compiled.holds(scope) is (refusal is None)
        assert refusal is None or refusal.strip()
    except PermanentError as error:
        assert str(error)
