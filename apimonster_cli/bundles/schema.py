"""The JSON Schema (draft 2020-12) of bundle files, made from the connectors' declarations.

For editors: it completes connection types and their settings, events, actions and their options, and for each action its target
fields with their titles. `check` knows more than a schema can say; what the schema refuses, `check` refuses too.
"""

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from apimonster_cli.bundles import keys
from apimonster_cli.bundles.rules.case import OUTCOMES
from apimonster_cli.bundles.rules.name import PATTERN
from apimonster_cli.connectors import registry
from apimonster_cli.connectors.catalogue import CatalogueField
from apimonster_cli.connectors.spec import Action, Connector, Setting

Schema = dict[str, Any]

_VARIABLE: Schema = {"type": "string", "pattern": r"\$\{"}
_TEXT: Schema = {"type": ["string", "number", "boolean"]}
_WRITTEN: dict[str, Schema] = {
    "integer": {"type": "integer"},
    "boolean": {"type": "boolean"},
    "mapping": {"type": "object"},
    "list": {"anyOf": [_TEXT, {"type": "array", "items": _TEXT}]},
    "networks": {"anyOf": [_TEXT, {"type": "array", "items": _TEXT}]},
    "size": {"type": ["string", "integer"]},
    "duration": {"type": "string", "pattern": r"^\s*\d+(\.\d+)?\s*(ms|[smhdw])\s*$"},
    "rate": {"type": "string", "pattern": r"^\s*\d+(\.\d+)?\s*/\s*[smh]\s*$"},
}


def json_schema() -> Schema:
    """Return the schema."""
    top = {key.name: _key(key) for key in keys.TOP}
    top["version"] = {"const": 1, "description": keys.TOP[0].help}
    top["settings"] |= _settings()
    top["connections"] |= _by_name({"$ref": "#/$defs/connection"})
    top["bundles"] |= _by_name({"$ref": "#/$defs/bundle"})
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Bundles of apimonster",
        "type": "object",
        "properties": top,
        "patternProperties": {"^x-": True},
        "additionalProperties": False,
        "required": ["version"],
        "$defs": {
            "connection": _connection(),
            "bundle": _bundle(),
            "step": _step(),
            "right": _right(),
            "filter": {"type": "object", "description": "Path: condition; all must hold."},
            **{f"fields.{name}": _fields(connector, action) for name, connector, action in _actions()},
        },
    }


def schema_text() -> str:
    """Return the schema as the file schemas/bundles.schema.json has it."""
    return json.dumps(json_schema(), ensure_ascii=False, indent=1) + "\n"


def _actions() -> Iterator[tuple[str, Connector, Action]]:
    """Return every action with its full name and its connector."""
    for name in registry.names():
        connector = registry.connector(name)
        for action in connector.actions:
            yield f"{name}.{action.name}", connector, action


def _by_name(inner: Schema) -> Schema:
    return {"type": ["object", "null"], "propertyNames": {"pattern": f"^{PATTERN}$"}, "additionalProperties": inner}


def _written(kind: str, choices: tuple[str, ...] = ()) -> Schema:
    """Return what may be written for a kind; a variable may stand for anything but a mapping."""
    if choices:
        one: list[Schema] = [{"enum": list(choices)}, _VARIABLE]
        several: list[Schema] = [{"type": "array", "items": {"anyOf": one}}]
        return {"anyOf": one + (several if kind == "list" else [])}
    if kind in {"integer", "boolean", "duration", "rate"}:
        return {"anyOf": [_WRITTEN[kind], _VARIABLE]}
    return dict(_WRITTEN.get(kind, _TEXT))


def _key(key: keys.Key) -> Schema:
    return {"description": key.help, **({} if key.kind == "any" else _written(key.kind, key.choices))}


def _object(table: Iterable[keys.Key], **own: Schema) -> Schema:
    """Return a closed object of the keys in a table, some of them described closer in `own`."""
    declared = list(table)
    return {
        "type": "object",
        "properties": {key.name: _key(key) | own.get(key.name, {}) for key in declared},
        "required": [key.name for key in declared if key.required],
        "additionalProperties": False,
    }


def _settings() -> Schema:
    return _object(keys.SETTINGS, retention=_object(keys.RETENTION)) | {"type": ["object", "null"]}


def _connection() -> Schema:
    connectors = [registry.connector(name) for name in registry.names()]
    return {
        "type": "object",
        "properties": {"type": {"description": "The connector.", "enum": [found.name for found in connectors]}},
        "required": ["type"],
        "allOf": [_if("type", found.name, _connection_of(found)) for found in connectors],
        "unevaluatedProperties": False,
    }


def _connection_of(connector: Connector) -> Schema:
    return {
        "properties": {setting.name: _setting(setting) for setting in connector.settings},
        "required": [setting.name for setting in connector.settings if setting.required],
    }


def _setting(setting: Setting) -> Schema:
    return {"description": setting.help, **_written(setting.kind, setting.choices)}


def _bundle() -> Schema:
    events = {"enum": registry.event_names()}
    source = _object(
        (*keys.SOURCE, *keys.SCHEDULE),
        event={"anyOf": [events, {"type": "array", "items": events, "minItems": 1}]},
        params=_params(),
    )
    steps = {"type": "array", "items": {"$ref": "#/$defs/step"}}
    return _object(
        keys.BUNDLE,
        source=source,
        filter={"$ref": "#/$defs/filter"},
        steps={**steps, "minItems": 1},
        on_failure=steps,
        tests={"type": "array", "items": _case()},
    )


def _params() -> Schema:
    pulls = [pull for name in registry.names() for pull in registry.connector(name).pulls]
    properties = {parameter.name: _setting(parameter) for pull in pulls for parameter in pull.params}
    return {"type": "object", "properties": properties, "additionalProperties": False}


def _step() -> Schema:
    own = _object(
        keys.STEP,
        id={"pattern": f"^{PATTERN}$"},
        action={"enum": registry.action_names()},
        filter={"$ref": "#/$defs/filter"},
        fields={"type": "object", "additionalProperties": {"$ref": "#/$defs/right"}},
        retry=_object(keys.RETRY),
    )
    del own["additionalProperties"]
    return {
        **own,
        "allOf": [_if("action", name, _step_of(name, action)) for name, _, action in _actions()],
        "unevaluatedProperties": False,
    }


def _step_of(name: str, action: Action) -> Schema:
    options = {
        option.name: {"description": option.help, **_written(option.kind, option.choices)} for option in action.options
    }
    fields = {"$ref": f"#/$defs/fields.{name}"}
    return {
        "properties": {**options, "fields": fields},
        "if": {"properties": {"extra_fields": {"const": True}}, "required": ["extra_fields"]},
        "else": {"properties": {"fields": {**fields, "unevaluatedProperties": False}}},
    }


def _if(key: str, value: str, then: Schema) -> Schema:
    return {"if": {"properties": {key: {"const": value}}, "required": [key]}, "then": then}


def _fields(connector: Connector, action: Action) -> Schema:
    fields = connector.catalogue.fields(action.inputs)
    around = [outer for field_id in fields for outer in _around(field_id) if outer not in fields]
    numbered = [field_id for field_id in fields if ".0." in field_id]
    right = {"$ref": "#/$defs/right"}
    return {
        "type": "object",
        "properties": {field.id: _described(field) for field in fields.values()} | dict.fromkeys(around, right),
        "patternProperties": {
            **{f"^{re.escape(prefix)}(\\.|$)": right for prefix in action.open_inputs},
            **{f"^{re.escape(field_id).replace('.0', '.[0-9]+')}$": right for field_id in numbered},
        },
    }


def _around(field_id: str) -> list[str]:
    parts = field_id.split(".")
    return [".".join(parts[:end]) for end in range(1, len(parts))]


def _described(field: CatalogueField) -> Schema:
    allowed = f": {', '.join(field.enum)}" if field.enum else ""
    required = ", required" if field.required else ""
    said = [field.title, f"{field.type}{allowed}{required}", field.note]
    return {"description": " · ".join(part for part in said if part), "$ref": "#/$defs/right"}


def _right() -> Schema:
    path = {"type": "string"}
    several = {"anyOf": [path, {"type": "array", "items": path, "minItems": 1}]}
    forms: list[Schema] = [
        {"type": ["string", "number", "boolean", "null"]},
        _form({"value": True}, "value", "This constant."),
        _form(
            {"from": several, "default": True, "lookup": {"type": "object"}, "required": {"type": "boolean"}},
            "from",
            "The first of the paths that is not empty; through the table; else the default.",
        ),
        _form(
            {
                "each": path,
                "filter": {"$ref": "#/$defs/filter"},
                "fields": {"type": "object", "additionalProperties": {"$ref": "#/$defs/right"}},
            },
            "each",
            "A list, one object an item; paths inside start at the item.",
        ),
    ]
    return {"anyOf": forms}


def _form(properties: Schema, required: str, description: str) -> Schema:
    return {
        "type": "object",
        "description": description,
        "properties": properties,
        "required": [required],
        "additionalProperties": False,
    }


def _case() -> Schema:
    samples = [f"sample:{name}" for name in registry.event_names()]
    one: Schema = {"anyOf": [{"enum": list(OUTCOMES)}, {"type": "object"}]}
    step = {"anyOf": [*one["anyOf"], {"type": "array", "items": one}]}
    return _object(
        keys.CASE,
        event={"anyOf": [{"enum": samples}, {"type": "string"}, {"type": "object"}]},
        patch={"type": "object"},
        responses={"type": "object"},
        expect={"anyOf": [{"const": "filtered"}, {"type": "object", "additionalProperties": step}]},
    )
