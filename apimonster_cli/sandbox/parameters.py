"""Query and form parameters as PHP reads them: `filter[ids][]=1` and `filter[ids][0]=1` become nested data."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from apimonster_cli.core import exactjson
from apimonster_cli.sandbox.answers import Refusal

_KEY = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])*)")
_PART = re.compile(r"\[([^\[\]]*)\]")

Parameters = dict[str, Any]


def decode(query: str) -> Parameters:
    """Return the parameters of a query or a form body: texts, and maps of them where names have brackets.

    Lists are maps with the keys "0", "1", … as in PHP; `values` reads them. A later value replaces an earlier one.
    """
    found: Parameters = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        match = _KEY.fullmatch(name)
        if match is None or not match[2]:
            found[name] = value
            continue
        _place(found, [match[1], *_PART.findall(match[2])], value)
    return found


def filters(parameters: Mapping[str, Any]) -> Parameters:
    """Return the filters asked for. `filter=None`, which the Python client sends for no filter, is none."""
    found = parameters.get("filter")
    return found if isinstance(found, dict) else {}


def values(found: Any) -> list[str]:
    """Return a parameter as a list of texts, whether it came as `name[]`, `name[0]` or a bare `name`."""
    if isinstance(found, dict):
        return [str(value) for value in found.values() if not isinstance(value, dict)]
    return [] if found in (None, "") else [str(found)]


def entity(parameters: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Return the JSON object in parameter `name`; Refusal with RetailCRM's words when it is absent or not an object."""
    found = _json(parameters, name)
    # PHP cannot tell an empty object from an empty list
    if found == []:
        return {}
    if not isinstance(found, dict):
        raise _missing(name)
    return found


def entities(parameters: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    """Return the JSON list of objects in parameter `name`; Refusal when it is absent or something else."""
    found = _json(parameters, name)
    if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
        raise _missing(name)
    return found


def _json(parameters: Mapping[str, Any], name: str) -> Any:
    text = parameters.get(name)
    if isinstance(text, dict):  # sent with brackets, which the real API reads as well
        return text
    if not isinstance(text, str):
        raise _missing(name)
    try:
        return exactjson.loads(text)
    except ValueError:
        raise _missing(name) from None


def _missing(name: str) -> Refusal:
    return Refusal(400, f"Parameter '{name}' is missing")


def _place(found: Parameters, parts: list[str], value: str) -> None:
    *way, last = parts
    for part in way:
        inner = found.setdefault(part or str(len(found)), {})
        if not isinstance(inner, dict):  # `a=1&a[b]=2`: PHP lets the later one win
            inner = found[part] = {}
        found = inner
    found[last or str(len(found))] = value
