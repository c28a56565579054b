"""Compiled field maps at work: a scope goes in, the nested object of a request comes out."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from apimonster_cli.core.errors import FieldError, PermanentError
from apimonster_cli.core.place import Place
from apimonster_cli.values import effort
from apimonster_cli.values.condition import Filter
from apimonster_cli.values.errors import At, shown
from apimonster_cli.values.path import Path
from apimonster_cli.values.scope import MISSING, Scope, is_empty
from apimonster_cli.values.source import Origin, Source
from apimonster_cli.values.target import TargetKeys, close_gaps


@dataclass(frozen=True, slots=True)
class Use:
    """A path that a field map reads.

    at: leads from the compiled data to what was written. text: the path; for a template, one of the paths that it mentions.
    path: the same, compiled; None when a mention cannot be read as a path. bare: the whole right side is this one path.
    relative: it starts at an item of the list that `each` names (outside `each` always False).
    """

    at: At
    path: Path | None
    text: str
    kind: Literal["path", "template"]
    bare: bool = False
    relative: bool = False
    each: Path | None = None


@dataclass(frozen=True, slots=True)
class Built:
    """The fields of one step for one event.

    fields: nested objects and lists. origins: dotted target, as written in the map → where its value came from; below
    `each` the target has the number of the element sent. left_out: target → why it is not in `fields`.
    """

    fields: dict[str, Any] = field(default_factory=dict)
    origins: dict[str, Origin] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Each:
    """A list with one object for every item of a list of the event."""

    items: Source
    name: str
    origin: Origin
    filter: Filter | None
    fields: "FieldMap"

    def build(self, scope: Scope, target: str, built: Built) -> list[Any]:
        """Return the objects; origins and what was left out are noted in `built` under `target`."""
        objects: list[Any] = []
        for number, item in enumerate(self._items(scope)):
            inside = scope.inside(item)
            if self.filter and not self.filter.holds(inside):
                continue
            try:
                inner = self.fields.build(inside)
            except FieldError as error:
                where = f"{target}.{number}.{error.target}"
                raise FieldError(error.reason, target=where, place=error.place) from error
            prefix = f"{target}.{len(objects)}."
            built.left_out.update({prefix + name: why for name, why in inner.left_out.items()})
            if inner.fields:
                built.origins.update({prefix + name: origin for name, origin in inner.origins.items()})
                objects.append(inner.fields)
        if not objects:
            built.left_out[target] = f"{self.name} has no items to send"
        return objects

    def _items(self, scope: Scope) -> list[Any]:
        found, _ = self.items.take(scope)
        return items_of(found, self.name, "each")


def items_of(found: Any, name: str, word: str) -> list[Any]:
    """Return the items of what was found; ValueError when it is no list. name: of what was found; word: what needs it."""
    if is_empty(found):
        return []
    if isinstance(found, Mapping):
        return list(found.values()) if _is_map(found) else [found]
    if isinstance(found, list):
        return found
    raise ValueError(f"{name} is {shown(found)}, and `{word}` needs a list")


def _is_map(found: Mapping[str, Any]) -> bool:
    """Return whether an object is a list as PHP sends one, keyed by number or id, and not a single item."""
    return all(key.isdigit() for key in found) or all(isinstance(value, dict) for value in found.values())


@dataclass(frozen=True, slots=True)
class Slot:
    """One target and what fills it."""

    target: str
    parents: TargetKeys
    leaf: str | int
    source: Source | Each
    place: Place | None


@dataclass(frozen=True, slots=True)
class FieldMap:
    """A compiled field map. targets: as written; uses: every path in it, for `check`."""

    targets: tuple[str, ...]
    uses: tuple[Use, ...]
    _slots: tuple[Slot, ...]
    _lists: tuple[TargetKeys, ...]

    def build(self, scope: Scope) -> Built:
        """Return the fields for one event; FieldError, with the place of the field, when one cannot get its value."""
        with effort.allowed(effort.SECONDS_OF_A_MAP):
            return self._build(scope)

    def _build(self, scope: Scope) -> Built:
        built = Built()
        fields, origins = built.fields, built.origins
        for slot in self._slots:
            source = slot.source
            origin: Origin | str
            try:
                if isinstance(source, Each):
                    value, origin = source.build(scope, slot.target, built) or MISSING, source.origin
                else:
                    value, origin = source.take(scope)
            except FieldError:
                raise
            except (ValueError, PermanentError) as error:
                raise FieldError(str(error), target=slot.target, place=slot.place) from error
            if value is MISSING:
                built.left_out.setdefault(slot.target, str(origin))
                continue
            origins[slot.target] = origin  # type: ignore[assignment]  # a value always comes with its Origin
            node: dict[Any, Any] = fields
            for key in slot.parents:
                node = node.setdefault(key, {})
            node[slot.leaf] = value
        if self._lists:
            close_gaps(fields, self._lists)
        return built
