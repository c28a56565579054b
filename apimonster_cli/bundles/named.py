"""What the files name that only an account can tell: codes of its statuses, shops, managers; and what each key is used for."""

from collections.abc import Iterator
from dataclasses import dataclass

from apimonster_cli.bundles.draft import Draft, DraftConnection, DraftStep
from apimonster_cli.bundles.nodes import Scalar
from apimonster_cli.bundles.targets import constants, input_field, targets
from apimonster_cli.connectors.catalogue import CatalogueField, lookup
from apimonster_cli.connectors.spec import Action, Connector
from apimonster_cli.values.convert import text


@dataclass(frozen=True, slots=True)
class NamedCode:
    """A code of a reference, as a constant in the files. node: where it stands."""

    connection: str
    reference: str
    code: str
    node: Scalar


@dataclass(frozen=True, slots=True)
class UsedAction:
    """An action that a connection's key is used for. node: where the first step that does it names it."""

    connection: str
    name: str
    action: Action
    node: Scalar


def named_codes(draft: Draft) -> list[NamedCode]:
    """Return every code in the files, in the order they are written; the draft has no errors."""
    found = [code for connection in draft.connections.values() for code in _of_connection(connection)]
    for bundle in draft.bundles:
        for step in bundle.all_steps:
            found += _of_step(step)
    return found


def used_actions(draft: Draft) -> list[UsedAction]:
    """Return each action that each connection is used for, once."""
    found: dict[tuple[str, str], UsedAction] = {}
    for bundle in draft.bundles:
        for step in bundle.all_steps:
            if step.connection and step.action and step.action_node:
                name = step.connection.name.text
                used = UsedAction(name, step.action_name, step.action, step.action_node)
                found.setdefault((name, step.action_name), used)
    return list(found.values())


def _of_connection(connection: DraftConnection) -> Iterator[NamedCode]:
    for reference in connection.connector.references if connection.connector else ():
        node = connection.node.get(reference.setting) if reference.setting else None
        if isinstance(node, Scalar) and node.text:
            yield NamedCode(connection.name.text, reference.name, node.text, node)


def _of_step(step: DraftStep) -> Iterator[NamedCode]:
    if step.connection is None or step.connector is None or step.action is None or step.fields_node is None:
        return
    connection = step.connection.name.text
    for target in targets(step.fields_node):
        field = input_field(step.connector, step.action, target.name)
        if field is not None and field.ref and field.type != "object":
            for constant in constants(target.node):
                if constant.value not in ("", None):
                    yield NamedCode(connection, field.ref, text(constant.value), constant)
        around, code = _inside(step.connector, step.action, target.name)
        if around is not None and around.ref:
            yield NamedCode(connection, around.ref, code, target.key)


def _inside(connector: Connector, action: Action, target: str) -> tuple[CatalogueField | None, str]:
    """Return the object of codes that a target is in, and its code there: customFields and city of `customFields.city`."""
    parts = target.split(".")
    fields = connector.catalogue.fields(action.inputs)
    for end in range(1, len(parts)):
        field = lookup(fields, ".".join(parts[:end]))
        if field is not None and field.ref and field.type == "object":
            return field, parts[end]
    return None, ""
