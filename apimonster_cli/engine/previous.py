"""The event before: what filters with `changed` compare with."""

from typing import Any

from apimonster_cli.bundles.model import Bundle
from apimonster_cli.connectors import registry
from apimonster_cli.core import exactjson
from apimonster_cli.store.api import HistoryStore
from apimonster_cli.store.rows import Claimed
from apimonster_cli.values.scope import MISSING


def event_before(store: HistoryStore, claimed: Claimed, bundle: Bundle) -> Any:
    """Return the event of the same object before the claimed one; MISSING when there is none, or no filter asks for it."""
    if not compares(bundle):
        return MISSING
    payload = store.previous(claimed.event_id, bundle.name, about_the_same(claimed.event))
    return MISSING if payload is None else exactjson.loads(payload)


def compares(bundle: Bundle) -> bool:
    """Return whether any filter of a bundle asks what has changed."""
    filters = (bundle.filter, *(step.filter for step in (*bundle.steps, *bundle.on_failure)))
    return any(found is not None and found.compares for found in filters)


def about_the_same(event: str) -> list[str]:
    """Return the events about the same kind of thing: a lead and a contact may both be called 7, but their fields differ."""
    found = registry.event(event)
    if found is None:
        return [event]
    connector, this = found
    fields = connector.catalogue.fields(this.fields)
    return [other.name for other in connector.events if connector.catalogue.fields(other.fields) == fields]
