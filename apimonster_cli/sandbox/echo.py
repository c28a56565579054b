"""An answer that quotes the call, as debugging pages and careless services do: with its key, in more than one writing."""

import base64
import html
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from apimonster_cli.core import exactjson
from apimonster_cli.sandbox.answers import HTML, Reply
from apimonster_cli.sandbox.wire import Wire


def echo(wire: Wire, parameters: Mapping[str, Any], *, as_page: bool) -> Reply:
    """Return an error that quotes the whole call: as a page for people, or in the envelope of the API."""
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in wire.scope["headers"]}
    line = f"{wire.method} {wire.path}?{wire.scope['query_string'].decode('latin-1')}"
    dump = "\n".join([line, *(f"{name}: {value}" for name, value in headers.items())])
    quoted = {
        "request": line,
        "headers": headers,
        "parameters": {**parameters, "request": exactjson.dumps(headers)},
        "retry": "&".join(f"{name}={quote(value, safe='')}" for name, value in headers.items()),
        "dump": base64.b64encode(dump.encode()).decode(),
    }
    if not as_page:
        return Reply(500, exactjson.dumps({"success": False, "errorMsg": f"Internal error: {dump}", **quoted}).encode())
    rows = "".join(f"<dt>{name}</dt><dd>{html.escape(str(value))}</dd>" for name, value in quoted.items())
    return Reply(
        500, f"<html><h1>Internal error</h1><pre>{html.escape(dump)}</pre><dl>{rows}</dl></html>".encode(), HTML
    )
