"""All connectors: a literal table, each loaded on first use."""

from functools import cache
from importlib import import_module

from apimonster_cli.connectors.spec import Action, Connector, Event

CONNECTORS = {
    "calltouch": "apimonster_cli.connectors.calltouch",
    "http": "apimonster_cli.connectors.http",
    "retailcrm": "apimonster_cli.connectors.retailcrm",
    "salesdrive": "apimonster_cli.connectors.salesdrive",
    "tilda": "apimonster_cli.connectors.tilda",
    "utmstat": "apimonster_cli.connectors.utmstat",
    "webhook": "apimonster_cli.connectors.webhook",
}


def names() -> list[str]:
    """Return the names of all connectors."""
    return list(CONNECTORS)


@cache
def connector(name: str) -> Connector:
    """Return the connector called `name`; KeyError when there is none."""
    found: Connector = import_module(CONNECTORS[name]).CONNECTOR
    return found


def event(name: str) -> tuple[Connector, Event] | None:
    """Return the event with the full name `name` and its connector."""
    owner = name.partition(".")[0]
    if owner not in CONNECTORS:
        return None
    found = connector(owner).event(name)
    return (connector(owner), found) if found else None


def action(name: str) -> tuple[Connector, Action] | None:
    """Return the action with the full name `name` (`retailcrm.create_order`) and its connector."""
    owner, _, short = name.partition(".")
    if owner not in CONNECTORS:
        return None
    found = connector(owner).action(short)
    return (connector(owner), found) if found else None


def event_names() -> list[str]:
    """Return the full names of all events."""
    return [found.name for name in CONNECTORS for found in connector(name).events]


def action_names() -> list[str]:
    """Return the full names of all actions."""
    return [f"{name}.{found.name}" for name in CONNECTORS for found in connector(name).actions]
