"""The nodes of all files → one Draft: settings, connections and, through read_bundle, bundles."""

from collections.abc import Iterable
from typing import Any

from apimonster_cli.bundles import keys
from apimonster_cli.bundles.draft import Draft, DraftConnection
from apimonster_cli.bundles.nodes import Entry, List, Mapping, Node, Scalar, walk
from apimonster_cli.bundles.problem import nearest
from apimonster_cli.bundles.read_bundle import read_bundle
from apimonster_cli.bundles.report import Report
from apimonster_cli.bundles.rules import connection, duplicate, key, name, secret, syntax, value, version
from apimonster_cli.connectors import registry
from apimonster_cli.connectors.spec import Connector, Setting

_SECRET_KEYS = {"token", "api_key", "secret"}


def read(roots: Iterable[Node], draft: Draft, report: Report) -> set[Scalar]:
    """Fill `draft` from the files' top-level nodes; return the scalars that are secrets by the key they stand under.

    Connections of all files are read before any bundle, so that their order does not matter.
    """
    errors = report.errors
    tops = [root for root in roots if _is_bundle_file(root, report)]
    mappings = [root for root in tops if isinstance(root, Mapping)]
    secrets: set[Scalar] = set()
    setting_keys: dict[str, Scalar] = {}
    bundle_names: dict[str, Scalar] = {}
    for root in mappings:
        version.check_version(report, root)
        _check_top(root, report)
        _read_settings(root, draft, report, setting_keys)
    # A variable that is missing was told of before; what it would have filled in is None.
    sure = report.errors == errors and None not in draft.settings.values()
    draft.settings_hold &= sure and not any(_holds_settings(root) for root in mappings)
    for root in mappings:
        _read_connections(root, draft, report, secrets)
    for root in mappings:
        for entry in _named(root, "bundles", "bundle", bundle_names, report):
            node = value.mapping(report, entry.value, f"bundle {entry.key.text}")
            if node is not None:
                draft.bundles.append(read_bundle(entry.key, node, draft, report))
    return secrets


def _is_bundle_file(root: Node, report: Report) -> bool:
    if isinstance(root, Mapping):
        return True
    if isinstance(root, Scalar) and root.value is None:
        report.add(syntax.empty(root.place.file))
    else:
        report.at(root, syntax.NAME, syntax.NOT_A_MAPPING)
    return False


def _holds_settings(root: Mapping) -> bool:
    """Return whether settings may have slipped into the connections or bundles: a line at the wrong margin is enough."""
    sections = [node for node in (root.get("connections"), root.get("bundles")) if isinstance(node, Mapping)]
    words = {*keys.names(keys.TOP), *keys.names(keys.SETTINGS)}
    return any(entry.key.text in words or _has_key(entry.value, "settings") for node in sections for entry in node)


def _has_key(node: Node, name: str) -> bool:
    if isinstance(node, Mapping):
        return any(entry.key.text == name or _has_key(entry.value, name) for entry in node)
    return isinstance(node, List) and any(_has_key(item, name) for item in node)


def _check_top(root: Mapping, report: Report) -> None:
    allowed = keys.names(keys.TOP)
    for entry in root:
        if entry.key.text not in allowed and not entry.key.text.startswith("x-"):
            key.unknown(report, entry.key, allowed, "the file")


def _named(root: Mapping, section: str, what: str, seen: dict[str, Scalar], report: Report) -> Iterable[Entry]:
    """Return the entries of `connections:` or `bundles:` whose names are new."""
    node = root.get(section)
    if isinstance(node, Scalar) and node.value is None:
        return
    for entry in value.mapping(report, node, f"{section}:") or ():
        name.check_name(report, entry.key, f"a {what}")
        if entry.key.text in seen:
            report.add(duplicate.named(what, entry.key, seen[entry.key.text]))
        else:
            seen[entry.key.text] = entry.key
            yield entry


def _read_settings(root: Mapping, draft: Draft, report: Report, seen: dict[str, Scalar]) -> None:
    node = root.get("settings")
    if isinstance(node, Scalar) and node.value is None:
        return
    settings = value.mapping(report, node, "settings:")
    if settings is None:
        return
    key.check_keys(report, settings, keys.SETTINGS, "settings")
    for declared in keys.SETTINGS:
        entry = settings.entry(declared.name)
        if entry is None:
            continue
        if declared.name == "retention":
            _read_retention(entry, draft, report, seen)
        elif _first(entry.key, declared.name, seen, report):
            draft.settings[declared.name] = value.read(report, declared.kind, entry.value)
            draft.setting_nodes[declared.name] = entry.value
    for word in ("workers", "queue_limit"):
        if draft.settings.get(word) is not None and draft.settings[word] < 1:
            report.at(settings.get(word) or settings, value.NAME, f"{word} has to be at least 1")


def _read_retention(entry: Entry, draft: Draft, report: Report, seen: dict[str, Scalar]) -> None:
    node = value.mapping(report, entry.value, "retention:")
    if node is None:
        return
    key.check_keys(report, node, keys.RETENTION, "retention")
    for declared in keys.RETENTION:
        inner = node.entry(declared.name)
        if inner and _first(inner.key, f"retention.{declared.name}", seen, report):
            draft.settings[f"keep_{declared.name}"] = value.read(report, declared.kind, inner.value)


def _first(written: Scalar, setting: str, seen: dict[str, Scalar], report: Report) -> bool:
    if setting in seen and seen[setting].place != written.place:
        report.add(duplicate.named("setting", written, seen[setting]))
        return False
    seen[setting] = written
    return True


def _read_connections(root: Mapping, draft: Draft, report: Report, secrets: set[Scalar]) -> None:
    seen = {known: one.name for known, one in draft.connections.items()}
    for entry in _named(root, "connections", "connection", seen, report):
        made = DraftConnection(entry.key, Mapping(entry.value.place, ()))
        draft.connections[entry.key.text] = made
        node = value.mapping(report, entry.value, f"connection {entry.key.text}")
        if node is not None:
            made.node = node
            _read_connection(made, report, secrets)


def _read_connection(made: DraftConnection, report: Report, secrets: set[Scalar]) -> None:
    where = f"connection {made.name.text}"
    type_node = made.node.get("type")
    if type_node is None:
        key.missing(report, made.name, "type", where)
        return
    written = value.scalar(report, type_node, "type:")
    if written is None:
        return
    if written.text not in registry.names():
        connection.unknown_type(report, written, registry.names())
        return
    made.connector = registry.connector(written.text)
    declared = {setting.name: setting for setting in made.connector.settings}
    for entry in made.node:
        if entry.key.text not in declared and entry.key.text != "type":
            key.unknown(report, entry.key, ["type", *declared], f"a connection of type {written.text}")
    secrets.update(_secrets(made.node, made.connector))
    misspelt = {nearest(entry.key.text, declared) for entry in made.node if entry.key.text not in declared}
    for setting in declared.values():
        node = made.node.get(setting.name)
        made.settings[setting.name] = setting.default if node is None else _setting(setting, node, report)
        if node is None and setting.required and setting.name not in misspelt:
            key.missing(report, made.name, setting.name, f"{where} ({setting.help.rstrip('.')})")


def _setting(setting: Setting, node: Node, report: Report) -> Any:
    read_value = value.read(report, setting.kind, node, setting.choices)
    if read_value is None:
        return None
    if (setting.required or setting.secret) and isinstance(read_value, str) and not read_value.strip():
        secret.empty(report, node, setting)
        return read_value
    if setting.shortest and isinstance(read_value, str) and len(read_value) < setting.shortest:
        secret.too_short(report, node, setting, read_value)
        return read_value
    if setting.check is not None:
        try:
            setting.check(read_value)
        except ValueError as error:
            report.at(node, value.NAME, str(error))
    return read_value


def _secrets(node: Mapping, connector: Connector) -> set[Scalar]:
    """Return the scalars of a connection that are secret: declared so, or under a key called token, api_key or secret, or much alike.

    Of a declared mapping that has such keys (a signature's scheme and secret) only those are.
    """
    found: set[Scalar] = set()
    names = [setting.name for setting in connector.settings]
    for entry in node:
        meant = entry.key.text if entry.key.text in names else nearest(entry.key.text, [*names, *_SECRET_KEYS])
        declared = connector.setting(meant) if meant else None
        named = _named_secret(entry.value) if isinstance(entry.value, Mapping) else set()
        if meant in _SECRET_KEYS or (declared and declared.secret and not named):
            found.update(walk(entry.value))
        found |= named
    return found


def _named_secret(node: Mapping) -> set[Scalar]:
    return {one for entry in node if entry.key.text in _SECRET_KEYS for one in walk(entry.value)}
