"""The left sides of a field map: every target with the node that fills it."""

from collections.abc import Iterator
from dataclasses import dataclass

from apimonster_cli.bundles.nodes import List, Mapping, Node, Scalar
from apimonster_cli.connectors.catalogue import CatalogueField, is_open, lookup
from apimonster_cli.connectors.spec import Action, Connector


@dataclass(frozen=True, slots=True)
class Target:
    """A dotted target, whole (`items.0.productName`, also inside `each`), the key it is written with and its right side."""

    name: str
    key: Scalar
    node: Node


def targets(fields: Mapping, prefix: str = "") -> Iterator[Target]:
    """Return every target of a field map; those of an `each` follow their list, as fields of its item 0."""
    for entry in fields:
        name = f"{prefix}{entry.key.text}"
        yield Target(name, entry.key, entry.value)
        if isinstance(entry.value, Mapping) and entry.value.get("each") is not None:
            inner = entry.value.get("fields")
            if isinstance(inner, Mapping):
                yield from targets(inner, f"{name}.0.")


def constants(node: Node) -> Iterator[Scalar]:
    """Return the constants on a right side: a bare number or boolean, `value:`, `default:` and what a `lookup:` leads to."""
    if isinstance(node, Scalar):
        if node.value is not None and not isinstance(node.value, str):
            yield node
        return
    if isinstance(node, List):
        return
    found: list[Node | None] = [node.get("value"), node.get("default")]
    table = node.get("lookup")
    if isinstance(table, Mapping):
        found += [entry.value for entry in table]
    yield from (one for one in found if isinstance(one, Scalar) and one.value is not None)


def input_field(connector: Connector, action: Action, target: str) -> CatalogueField | None:
    """Return the field that a target names in the action's catalogue; None for one it does not know."""
    return lookup(connector.catalogue.fields(action.inputs), target)


def is_known(connector: Connector, action: Action, target: str) -> bool:
    """Return whether the action takes a target: a field, an object or list around fields, or one under an open prefix."""
    fields = connector.catalogue.fields(action.inputs)
    if lookup(fields, target) or is_open(action.open_inputs, target):
        return True
    around = ".".join("0" if part.isdigit() else part for part in target.split(".")) + "."
    return any(field_id.startswith(around) for field_id in fields)
