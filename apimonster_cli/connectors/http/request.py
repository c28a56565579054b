"""HTTP: one request, made of the step's fields."""

import hashlib
import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from apimonster_cli.connectors.spec import Action, Call
from apimonster_cli.core import exactjson
from apimonster_cli.core.call import Answer, Request
from apimonster_cli.core.errors import PermanentError
from apimonster_cli.values.convert import text

_READS = ("GET", "HEAD", "OPTIONS")
_PATH_SIGNS = "/%:@!$&'()*+,;=?~-._"
_LONE_PERCENT = re.compile("%(?![0-9A-Fa-f]{2})")
_BODIES = ("json", "form", "body")


def request(call: Call) -> Mapping[str, Any]:
    """Make the request and return `status`, `headers` and `body` (read as JSON where it is JSON).

    A request cannot be looked up afterwards: one with a doubtful end is repeated, with the same Idempotency-Key.
    """
    answer = call.ask(build(call))
    return {"status": answer.status, "headers": dict(answer.headers), "body": _body(answer)}


def build(call: Call) -> Request:
    """Return the request that the step's fields describe."""
    fields = call.fields
    given = [name for name in _BODIES if fields.get(name) is not None]
    if len(given) > 1:
        raise PermanentError(f"a request has one kind of body: {' or '.join(given)}, not both")
    method = str(fields.get("method") or ("POST" if given else "GET")).upper()
    writes = method not in _READS
    headers = {str(name): text(value) for name, value in (fields.get("headers") or {}).items()}
    if writes and not any(name.lower() == "idempotency-key" for name in headers):
        headers["Idempotency-Key"] = hashlib.sha256(call.identity.encode("utf-8", "surrogatepass")).hexdigest()[:32]
    form = fields.get("form")
    return Request(
        method,
        _path(text(fields.get("path") or "")),
        query=tuple(_pairs(fields.get("query") or {})),
        form=tuple(_pairs(form)) if form is not None else None,
        json=fields.get("json"),
        body=text(fields["body"]) if fields.get("body") is not None else None,
        headers=headers,
        writes=writes,
    )


def _path(written: str) -> str:
    """Return a path fit for the wire; what is percent-encoded stays so.

    A % that encodes nothing is encoded here: for its sake the HTTP client would encode every other % once more.
    """
    return _LONE_PERCENT.sub("%25", quote(written, safe=_PATH_SIGNS))


def _pairs(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """Yield nested fields as pairs with PHP's brackets: {"a": {"b": 1}, "c": [2]} is a[b]=1 and c[]=2."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _pairs(item, f"{name}[{key}]" if name else str(key))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _pairs(item, f"{name}[{number}]" if isinstance(item, Mapping | list) else f"{name}[]")
    else:
        yield name, "" if value is None else text(value)


def _body(answer: Answer) -> Any:
    try:
        return exactjson.loads(answer.body)
    except ValueError:
        return answer.text()


REQUEST = Action(
    name="request",
    title="Исходящий запрос",
    inputs="request.inputs",
    outputs="request.outputs",
    run=request,
    open_inputs=("query", "headers", "json", "form"),
    open_outputs=("headers", "body"),
)
