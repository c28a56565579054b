"""`sync fields`: what can be read from an event and what an action takes and gives."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from difflib import get_close_matches
from typing import Annotated, Any

import typer

from apimonster_cli.cli import output
from apimonster_cli.cli.opening import AsJson
from apimonster_cli.connectors import registry
from apimonster_cli.connectors.catalogue import CatalogueField
from apimonster_cli.connectors.spec import Connector
from apimonster_cli.core.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Listed:
    """One list of fields: of an event, or what an action takes or gives. kind: event, takes, gives."""

    name: str
    title: str
    kind: str
    fields: tuple[CatalogueField, ...]


def command(
    connector: Annotated[str | None, typer.Argument(help="A connector such as retailcrm, or a full name.")] = None,
    name: Annotated[str | None, typer.Argument(help="An event or action of it such as create_order.")] = None,
    *,
    search: Annotated[str | None, typer.Option(help="Only fields with this text in id or title.")] = None,
    as_json: AsJson = False,
) -> int:
    """List the fields of an event or an action: id, type, title. Without a name, list the events and actions of one connector or all.

    For example: sync fields retailcrm create_order --search city
    """
    owner, _, short = (connector or "").partition(".")
    owners = [_connector(owner)] if connector else [registry.connector(known) for known in registry.names()]
    found = [part for one in owners for part in wanted(one, name or short or None)]
    if search:
        found = [part for part in (searched(part, search.casefold()) for part in found) if part.fields]
    if as_json:
        output.document([{**asdict(part), "fields": [asdict(field) for field in part.fields]} for part in found])
    elif search or name or short:
        for number, part in enumerate(found):
            if number:
                output.say()
            output.table(("id", "type", "title"), map(_cells, part.fields), title=_title(part))
    else:
        rows = [(part.name, part.kind, len(part.fields), part.title) for part in found]
        output.table(("name", "", "fields", "title"), rows)
    if search and not found:
        output.tell(f"No field has {search!r} in its id or title.")
    return 0


def wanted(connector: Connector, name: str | None) -> list[Listed]:
    """Return the lists of the connector's event or action called `name`, or all; ConfigError when there is none."""
    everything = list(_lists(connector))
    if name is None:
        return everything
    full = name if name.startswith(f"{connector.name}.") else f"{connector.name}.{name}"
    found = [part for part in everything if part.name == full]
    if not found:
        raise ConfigError(
            _unknown(f"{connector.name} has no event or action {name}", full, [e.name for e in everything])
        )
    return found


def searched(part: Listed, text: str) -> Listed:
    """Return the list with only the fields that have `text` (in lower case) in id or title."""
    kept = tuple(field for field in part.fields if text in f"{field.id}\n{field.title or ''}".casefold())
    return Listed(part.name, part.title, part.kind, kept)


def _lists(connector: Connector) -> Iterator[Listed]:
    def of(name: str) -> tuple[CatalogueField, ...]:
        return tuple(connector.catalogue.fields(name).values())

    for event in connector.events:
        yield Listed(event.name, event.title, "event", of(event.fields))
    for action in connector.actions:
        full = f"{connector.name}.{action.name}"
        yield Listed(full, action.title, "takes", of(action.inputs))
        yield Listed(full, action.title, "gives", of(action.outputs))


def _connector(name: str) -> Connector:
    if name not in registry.names():
        raise ConfigError(_unknown(f"there is no connector {name}", name, registry.names()))
    return registry.connector(name)


def _unknown(what: str, name: str, known: list[str]) -> str:
    near = get_close_matches(name, known, n=1)
    return f"{what}; did you mean {near[0]}?" if near else f"{what}; there are {', '.join(dict.fromkeys(known))}"


def _title(part: Listed) -> str:
    kind = "" if part.kind == "event" else f" {part.kind}"
    return f"{part.name}{kind}: {part.title}"


def _cells(field: CatalogueField) -> tuple[Any, ...]:
    kind = f"{field.type} ({field.format})" if field.format else field.type
    title = field.title or field.note or ""
    return field.id, kind, f"{title} (required)" if field.required else title
