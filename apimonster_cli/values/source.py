"""The right side of a field map: sources that give a value and say where it came from."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from apimonster_cli.values.convert import converter, single, text
from apimonster_cli.values.errors import ConversionError, shown
from apimonster_cli.values.path import Path
from apimonster_cli.values.scope import MISSING, Locale, Scope, is_empty
from apimonster_cli.values.template import Template

ANYTHING_ELSE = "*"
"""The key of a lookup that stands for every key it does not name."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a value came from; str(origin) reads `path contact.phone`, `lookup of status_id`, `default`."""

    kind: Literal["path", "jsonpath", "template", "constant", "null", "default", "lookup", "each"]
    detail: str = ""

    def __str__(self) -> str:
        if self.kind in ("path", "jsonpath", "each"):
            return f"{self.kind} {self.detail}"
        return f"lookup of {self.detail}" if self.kind == "lookup" else self.kind


@dataclass(frozen=True, slots=True)
class TargetType:
    """What a target takes. kind None: anything, as it is. enum: when set, the only values allowed, as text."""

    kind: str | None
    format: str | None = None
    enum: tuple[str, ...] = ()


Taken = tuple[Any, Origin | str]
"""A value and its origin; or MISSING and why, in a few words."""

Typed = Callable[[Any, Locale], Any]
"""Converts to a target's type: MISSING for an empty value, ConversionError for one that does not fit."""


class Source(Protocol):
    """Anything that a field can get its value from."""

    def take(self, scope: Scope) -> Taken:
        """Return the value, already of the target's type; ValueError with a sentence when it cannot be had."""


def typed(target: TargetType | None) -> Typed | None:
    """Return what converts to a target's type, or None when values go as they are."""
    if target is None or target.kind is None:
        return None
    if target.kind == "string" and not target.enum:
        return _string
    convert = converter(target.kind, target.format)
    scalar = target.kind != "array"

    def to_type(value: Any, locale: Locale) -> Any:
        if scalar and isinstance(value, list):
            value = single(value)
        if is_empty(value):
            return MISSING
        value = convert(value, locale)
        if target.enum and text(value) not in target.enum:
            raise ConversionError(f"{shown(value)} is not allowed here, only {', '.join(target.enum)}")
        return value

    return to_type


def _string(value: Any, locale: Locale) -> Any:
    """Convert to text; the shortest way, since most fields are text."""
    if type(value) is str:
        return value
    value = single(value)
    return MISSING if is_empty(value) else _TO_TEXT(value, locale)


_TO_TEXT = converter("string")


@dataclass(frozen=True, slots=True)
class Constant:
    """The same for every event."""

    value: Any
    origin: Origin

    def take(self, _scope: Scope) -> Taken:
        """Return the constant."""
        return self.value, self.origin


@dataclass(frozen=True, slots=True)
class FromPath:
    """What a path finds."""

    path: Path
    origin: Origin
    reason: str
    typed: Typed | None

    def take(self, scope: Scope) -> Taken:
        """Return what the path finds, converted."""
        value = self.path.read(scope)
        if self.typed and not is_empty(value):
            try:
                value = self.typed(value, scope.locale)
            except ConversionError as error:
                raise ConversionError(f"{self.path}: {error}") from None
        return (MISSING, self.reason) if is_empty(value) else (value, self.origin)


@dataclass(frozen=True, slots=True)
class FromTemplate:
    """What a template gives."""

    template: Template
    origin: Origin
    typed: Typed | None

    def take(self, scope: Scope) -> Taken:
        """Return what the template gives, converted; TemplateError when it cannot be worked out."""
        value = self.template.render(scope)
        if value is not MISSING and self.typed:
            try:
                value = self.typed(value, scope.locale)
            except ConversionError as error:
                raise ConversionError(f"the template gives what does not fit: {error}") from None
        return (MISSING, "the template gives nothing") if value is MISSING else (value, self.origin)


@dataclass(frozen=True, slots=True)
class Choice:
    """The first of several sources that has a value; through a table; else the default.

    sources: without conversion when there is a table, whose values are of the target's type already.
    name: what the sources are called in a sentence.
    """

    sources: Sequence[Source]
    name: str
    lookup: Mapping[str, Any] | None
    default: Source | None
    required: bool

    def take(self, scope: Scope) -> Taken:
        """Return the value; ValueError when a key is not in the table, or a required value is not there."""
        value, origin = self._first(scope)
        if value is not MISSING and self.lookup is not None:
            value, origin = self._looked_up(value)
        if value is MISSING and self.default:
            value, found = self.default.take(scope)
            origin = Origin("default") if value is not MISSING else found
        if value is MISSING and self.required:
            raise ValueError(f"it is required, but {self.name} has no value")
        return value, origin

    def _first(self, scope: Scope) -> Taken:
        for source in self.sources:
            value, origin = source.take(scope)
            if value is not MISSING:
                return value, origin
        return MISSING, f"{self.name} has no value"

    def _looked_up(self, value: Any) -> Taken:
        table = self.lookup or {}
        value = single(value)
        if isinstance(value, list | dict):
            raise ConversionError(f"{self.name} is {shown(value)}, which a lookup cannot find: its keys are text")
        key = text(value)
        found = table.get(key, table.get(ANYTHING_ELSE, MISSING))
        if found is MISSING and self.default is None:
            known = ", ".join(list(table)[:20])
            raise ConversionError(
                f'{self.name} is {shown(value)}, which lookup does not have (it has {known}); add it, "*" or default'
            )
        return found, Origin("lookup", self.name)
