"""Texts of options: the payload has an option's id in a field and its text in `meta`."""

from collections.abc import Iterable, Mapping
from typing import Any

from apimonster_cli.connectors.keys import key_text


def derive(payload: Any) -> Mapping[str, Any]:
    """Return {"labels": …}: for each option field the text of its value, {} when there is none.

    labels.statusId is the text of data.statusId, labels.contacts.0.con_x that of data.contacts.0.con_x; a field with several
    values has a list. The option is the one whose value equals the field's as text. An unknown value has no label.
    """
    if not isinstance(payload, Mapping) or not isinstance(payload.get("data"), Mapping):
        return {}
    labels = _labels(payload["data"], _fields(payload.get("meta")))
    return {"labels": labels} if labels else {}


def _fields(meta: Any) -> Mapping[str, Any]:
    """Return the descriptions of the order's fields. Those of contacts may stand beside them instead of among them."""
    meta = _mapping(meta)
    fields = _mapping(meta.get("fields"))
    beside = _mapping(_mapping(meta.get("contacts")).get("fields"))
    if not beside:
        return fields
    among = _mapping(fields.get("contacts"))
    return {**fields, "contacts": {**among, "fields": {**beside, **_mapping(among.get("fields"))}}}


def _labels(data: Mapping[str, Any], fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the labels of the order, and of the lists of objects in it, such as its contacts."""
    labels = _plain_labels(data, fields)
    for name, described in fields.items():
        inner = _mapping(_mapping(described).get("fields"))
        value = data.get(name)
        if inner and isinstance(value, list):
            entries = [_plain_labels(_mapping(entry), inner) for entry in value]  # one for each, so that places agree
            if any(entries):
                labels[name] = entries
    return labels


def _plain_labels(data: Mapping[str, Any], fields: Mapping[str, Any]) -> dict[str, Any]:
    found = {
        name: _label(data.get(name), _texts(_mapping(described).get("options"))) for name, described in fields.items()
    }
    return {name: label for name, label in found.items() if label}


def _label(value: Any, texts: Mapping[str, str]) -> Any:
    if isinstance(value, list):
        return [texts[key] for key in map(key_text, value) if key is not None and key in texts]
    return texts.get(key_text(value) or "")


def _texts(options: Any) -> dict[str, str]:
    """Return value → text of a field's options."""
    entries: Iterable[Any] = options.values() if isinstance(options, Mapping) else options
    texts: dict[str, str] = {}
    for option in entries if isinstance(entries, Iterable) and not isinstance(entries, str) else ():
        if isinstance(option, Mapping):
            value, text = key_text(option.get("value")), option.get("text")
            if value is not None and isinstance(text, str) and text:
                texts.setdefault(value, text)
    return texts


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
