"""Every path that a bundle reads, wherever it stands: filters, fields, templates."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from apimonster_cli.bundles.draft import DraftBundle, DraftStep
from apimonster_cli.bundles.nodes import Node, find
from apimonster_cli.connectors.catalogue import CatalogueField, is_open, lookup
from apimonster_cli.connectors.spec import Event
from apimonster_cli.values.path import ALL, Path


@dataclass(frozen=True, slots=True)
class SourcePath:
    """One path as a bundle reads it.

    root: event, steps or meta. dotted: what follows the root, `0` for any place in a list; None for a full JSONPath, which is
    not looked into. bare: written alone as a right side, where a forgotten constant would stand. around: what is left out of
    the text, as it starts at an item of a list: `data.products.0.`.
    """

    node: Node
    text: str
    root: str
    dotted: str | None
    bare: bool = False
    around: str = ""

    def offer(self, path: str) -> str:
        """Return how another path from the event is written in place of this one."""
        if not self.around:
            return path
        if path.startswith(self.around):
            return path.removeprefix(self.around)
        return path if path.startswith("steps.") else f"event.{path}"

    @property
    def parts(self) -> list[str]:
        """Return the names on the path."""
        return self.dotted.split(".") if self.dotted else []


def of_bundle(bundle: DraftBundle) -> Iterator[tuple[DraftStep | None, SourcePath]]:
    """Return every path of a bundle with the step that reads it, None for the bundle's own filter."""
    if bundle.filter and bundle.filter_node:
        for at, path in bundle.filter.paths:
            yield None, SourcePath(find(bundle.filter_node, at, key=True), path.text, path.root, dotted(path))
    for step in bundle.all_steps:
        for use in of_step(step):
            yield step, use


def of_step(step: DraftStep) -> Iterator[SourcePath]:
    """Return every path that a step's list, filter and fields read."""
    each, each_node = step.for_each, step.node.get("for_each")
    if each and each_node:
        yield SourcePath(each_node, each.text, each.root, dotted(each))
    if step.filter and step.filter_node:
        for at, path in step.filter.paths:
            node = find(step.filter_node, at, key=True)
            yield _seen(node, path, each, relative=each_node is not None and path.relative)
    if step.fields is None or step.fields_node is None:
        return
    for use in step.fields.uses:
        node = find(step.fields_node, use.at)
        if use.path is None:  # a mention in a template that no path can say
            continue
        seen = _seen(node, use.path, use.each, relative=use.relative)
        yield replace(seen, text=use.text, bare=use.bare and use.kind == "path")


def _seen(node: Node, path: Path, each: Path | None, *, relative: bool) -> SourcePath:
    """Return a path as it leads from the event; relative: it starts at an item of `each`."""
    name = dotted(path)
    if not relative:
        return SourcePath(node, path.text, path.root, name)
    around = dotted(each) if each else None
    if each is None or around is None or name is None:
        return SourcePath(node, path.text, path.root, None)
    written = f"{around}.0." if each.root == "event" else f"{each.root}.{around}.0."
    return SourcePath(node, path.text, each.root, f"{around}.0.{name}", around=written)


def dotted(path: Path) -> str | None:
    """Return the names after a path's root joined by dots, `0` for any place in a list; None for a full JSONPath or a key with a dot in it."""
    if path.keys is None or any(isinstance(key, str) and "." in key for key in path.keys):
        return None
    names = ["0" if key is ALL or isinstance(key, int) else str(key) for key in path.keys]
    return ".".join(names)


def is_field(event: Event, fields: dict[str, CatalogueField], path: str) -> bool:
    """Return whether an event has a field at a dotted path.

    That is a known field, one around it, one inside a field that the catalogue does not spell out, or one below an open prefix.
    A known field in other letters (`data.statusID`) is a slip wherever it stands, unless any field may be there.
    """
    if lookup(fields, path) or "*" in event.open_fields:
        return True
    parts = ["0" if part.isdigit() else part for part in path.split(".")]
    name = ".".join(parts)
    if name.lower() in {known.lower() for known in fields}:
        return False
    if is_open(event.open_fields, path) or _spelt_out(fields, name):
        return True
    around = (".".join(parts[:end]) for end in range(1, len(parts)))
    return any(fields[at].type in {"array", "object"} and not _spelt_out(fields, at) for at in around if at in fields)


def _spelt_out(fields: dict[str, CatalogueField], name: str) -> bool:
    return any(known.startswith(f"{name}.") for known in fields)
