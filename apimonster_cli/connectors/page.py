"""A connector's page in the docs, made from its declaration."""

from collections.abc import Iterator, Mapping

from apimonster_cli.connectors.catalogue import CatalogueField
from apimonster_cli.connectors.spec import Action, Connector, Event, Pull, Setting
from apimonster_cli.core.duration import format_duration


def connector_page(connector: Connector) -> str:
    """Return the Markdown page of a connector: settings, events and actions with all their fields."""
    return "\n".join([f"# {connector.title}", "", *_body(connector)]).rstrip() + "\n"


def _body(connector: Connector) -> Iterator[str]:
    yield f"Written by the program from its own declaration. `type: {connector.name}` in a connection."
    yield ""
    yield from _settings(connector.settings)
    for event in connector.events:
        yield from _event(connector, event)
    for action in connector.actions:
        yield from _action(connector, action)


def _settings(settings: tuple[Setting, ...]) -> Iterator[str]:
    yield "## Settings of a connection"
    yield ""
    yield from _keys(settings)


def _keys(settings: tuple[Setting, ...]) -> Iterator[str]:
    yield "| key | kind | required | unless set | means |"
    yield "|---|---|---|---|---|"
    for setting in settings:
        kind = f"{setting.kind}, secret" if setting.secret else setting.kind
        yield (
            f"| `{setting.name}` | {kind} | {'yes' if setting.required else ''} | {_default(setting)} "
            f"| {_cell(setting.help)} |"
        )
    yield ""


def _event(connector: Connector, event: Event) -> Iterator[str]:
    yield f"## Event `{event.name}`"
    yield ""
    yield event.title
    yield ""
    if pull := connector.pull(event.name):
        yield from _pull(pull)
    yield from _fields(connector.catalogue.fields(event.fields))


def _pull(pull: Pull) -> Iterator[str]:
    yield (
        "It is asked for on a schedule: `every` or `cron` in the source, and `lookback`, how far back each pull reads again. "
        "`meta.change` is `created`, `updated` or `deleted`."
    )
    yield ""
    yield "### What `params` of the source may hold"
    yield ""
    yield from _keys(pull.params)
    yield "### Fields it brings"
    yield ""


def _action(connector: Connector, action: Action) -> Iterator[str]:
    yield f"## Action `{connector.name}.{action.name}`"
    yield ""
    yield action.title
    yield ""
    if action.options:
        yield "| key of the step | values | unless set | means |"
        yield "|---|---|---|---|"
        for option in action.options:
            values = ", ".join(f"`{choice}`" for choice in option.choices) or option.kind
            yield f"| `{option.name}` | {values} | {_code(option.default)} | {_cell(option.help)} |"
        yield ""
    yield "### Fields it takes"
    yield ""
    yield from _fields(connector.catalogue.fields(action.inputs))
    yield "### Fields it brings"
    yield ""
    yield from _fields(connector.catalogue.fields(action.outputs))


def _fields(fields: Mapping[str, CatalogueField]) -> Iterator[str]:
    if not fields:
        yield "Any field: nothing is declared."
        yield ""
        return
    yield "| field | title | type | notes |"
    yield "|---|---|---|---|"
    for found in fields.values():
        notes = [
            "required" if found.required else "",
            f"codes from {found.ref}" if found.ref else "",
            f"one of {', '.join(found.enum)}" if found.enum else "",
            found.note or "",
        ]
        yield f"| `{found.id}` | {_cell(found.title or '')} | {found.type} | {_cell('; '.join(filter(None, notes)))} |"
    yield ""


def _default(setting: Setting) -> str:
    value = setting.default
    if setting.kind == "duration" and value is not None:
        return format_duration(value)
    if setting.kind == "rate" and value is not None:
        return f"{value:g}/s"
    if setting.kind == "list" and value:
        return ", ".join(f"`{item}`" for item in value)
    return _code(value)


def _code(value: object) -> str:
    if isinstance(value, bool):
        return "`true`" if value else "`false`"
    return f"`{value}`" if value not in {None, "", ()} else ""


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
