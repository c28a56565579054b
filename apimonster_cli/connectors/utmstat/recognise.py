"""Tells Utmstat's three events apart, and one sending of them from another."""

import hashlib
from collections.abc import Mapping
from typing import Any

from apimonster_cli.connectors.keys import key_text
from apimonster_cli.connectors.spec import Recognised
from apimonster_cli.core import exactjson

# Utmstat does not publish the codes that event_name takes: these are the likely ones, and `event_names` replaces them.
DEFAULT_CODES: Mapping[str, tuple[str, ...]] = {
    "new_lead": ("new_lead", "lead_new", "lead_created", "lead_create", "create_lead"),
    "lead_status_changed": (
        "lead_status_change",
        "lead_status_changed",
        "change_lead_status",
        "lead_change_status",
        "lead_update_status",
        "status_change",
        "status_changed",
    ),
    "contact_scored": ("contact_scoring", "contact_scored", "scoring", "contact_score"),
}


def check_event_names(names: Any) -> None:
    """Raise ValueError unless `names` maps events of Utmstat to a code or a list of codes, no code twice."""
    seen: dict[str, str] = {}
    for event, codes in names.items():
        if event not in DEFAULT_CODES:
            raise ValueError(f"{event} is no event of Utmstat; there are {', '.join(DEFAULT_CODES)}")
        for code in codes if isinstance(codes, list | tuple) else (codes,):
            if isinstance(code, bool) or not isinstance(code, str | int) or code == "":
                raise ValueError(f"a code of {event} is text or a whole number, not {code!r}")
            if seen.setdefault(str(code), event) != event:
                raise ValueError(f"the code {code} stands for {seen[str(code)]} and for {event}")


def recognise(payload: Any, settings: Mapping[str, Any], body: bytes) -> Recognised:
    """Return which event `payload` is, by its code and else by its shape."""
    if not isinstance(payload, Mapping):
        return Recognised(None)
    known = _by_code(payload.get("event_name"), settings.get("event_names") or {})
    event = known or _by_shape(payload)
    if event is None:
        return Recognised(None)
    name = f"utmstat.{event}"
    key = _contact_id(payload) if event == "contact_scored" else key_text(payload.get("id"))
    if key is None:
        return Recognised(name)
    if known == "new_lead":
        # A lead is new once, whatever else was corrected in it when Utmstat sends it again.
        return Recognised(name, key, "new_lead", "ever")
    # A status may go A, B, A with the same content each time, so only an immediate repeat is one. A lead known by its
    # shape alone is treated so too: it may be a change.
    return Recognised(name, key, _content_key(event, payload, body), "latest")


def _by_code(code: Any, named: Mapping[str, Any]) -> str | None:
    wanted = key_text(code)
    if wanted is None:
        return None
    for event, usual in DEFAULT_CODES.items():
        codes = named.get(event, usual)
        if wanted.casefold() in {
            str(one).casefold() for one in (codes if isinstance(codes, list | tuple) else (codes,))
        }:
            return event
    return None


def _by_shape(payload: Mapping[str, Any]) -> str | None:
    """Return the event that the fields, and the words in an unknown code, look like.

    Both lead events have the same fields. Without any hint a lead counts as new: creating an order that is there already
    is found out and skipped, while a new lead taken for a mere change would never become an order.
    """
    if "scoring" in payload and "crm" in payload:
        return "contact_scored"
    if "source" in payload and "status_id" in payload:
        code = (key_text(payload.get("event_name")) or "").casefold()
        return "lead_status_changed" if any(word in code for word in ("status", "change", "update")) else "new_lead"
    return None


def _contact_id(payload: Mapping[str, Any]) -> str | None:
    contact = payload.get("contact")
    return key_text(contact.get("id")) if isinstance(contact, Mapping) else None


def _content_key(event: str, payload: Mapping[str, Any], body: bytes) -> str:
    try:
        content = exactjson.canonical(payload).encode("utf-8", "surrogatepass")
    except (RecursionError, TypeError, ValueError):  # nested beyond reason, or no JSON: then the very same bytes
        content = body
    return f"{event}:{hashlib.sha256(content).hexdigest()}"
