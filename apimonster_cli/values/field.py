"""Field maps: how each target field of a step gets its value.

The left side is the target, dotted, a number indexing a list (`items.0.offer.externalId`); the right side is

    contact.phone                     a path, or a JSONPath when it starts with $
    "utmstat-{{ id }}"                a template
    42, true, false                   itself;  null sends null
    {value: eshop-individual}         a constant
    {from: [a, b], default: x, lookup: {1: new, "*": other}, required: true}
    {each: products, filter: {…}, fields: {…}}

An empty value leaves its target out; constants and null are sent as written. A constant is brought to the target's type when
the map is compiled, so that a wrong one is a mistake in the file. Indexes only say the order: when the first element is
left out, the second becomes the first.
"""

from collections.abc import Callable, Mapping
from typing import Any, Literal

from apimonster_cli.core.place import Place
from apimonster_cli.values.build import Built, Each, FieldMap, Slot, Use
from apimonster_cli.values.condition import Filter, compile_filter
from apimonster_cli.values.convert import text
from apimonster_cli.values.errors import At, ConversionError, LanguageError, LanguageErrors, closest, shown
from apimonster_cli.values.path import ALL, Path, compile_path
from apimonster_cli.values.scope import Locale, is_empty
from apimonster_cli.values.source import (
    Choice,
    Constant,
    FromPath,
    FromTemplate,
    Origin,
    Source,
    TargetType,
    Typed,
    typed,
)  # fmt: skip
from apimonster_cli.values.target import TargetKeys, conflicts, lists_of, parse_target
from apimonster_cli.values.template import compile_template, is_template

__all__ = ["Built", "FieldMap", "Origin", "TargetType", "Use", "compile_field_map"]

TypeOf = Callable[[str], TargetType | None]
PlaceOf = Callable[[At], Place | None]

_FORMS = {
    "value": ("value",),
    "from": ("from", "default", "lookup", "required"),
    "each": ("each", "filter", "fields"),
}


def compile_field_map(
    data: Mapping[str, Any],
    type_of: TypeOf,
    place_of: PlaceOf = lambda _at: None,
    *,
    of_items: bool = False,
    each: Path | None = None,
) -> FieldMap:
    """Return the field map that plain data means; LanguageErrors, with every mistake in `errors`, when it means none.

    type_of: dotted target → its type, or None when it is not known and takes anything. Inside `each` it is asked for
    `items.0.quantity`. place_of: way into the data → place in the file, for the errors of `build`. of_items: the whole map is
    for the items of a list, and plain paths start at one of them; each: the path of that list, None when it is not known.
    """
    compiling = _Compiling(type_of, place_of, of_items=of_items)
    compiled = compiling.fields(data, (), "", each)
    if compiling.errors:
        raise LanguageErrors(compiling.errors)
    return compiled


class _Compiling:
    """One field map being compiled, with the maps inside it: gathers mistakes on the way."""

    def __init__(self, type_of: TypeOf, place_of: PlaceOf, *, of_items: bool) -> None:
        self.errors: list[LanguageError] = []
        self._of_items = of_items
        self._type_of = type_of
        self._place_of = place_of

    def fields(self, data: Any, at: At, prefix: str, each: Path | None) -> FieldMap:
        """Return the map under `at`; prefix stands before its targets when types are asked for."""
        if not isinstance(data, Mapping) or not data:
            self._refuse("fields is a mapping of target to value, with at least one target", at)
            data = {}
        uses: list[Use] = []
        keys: dict[str, TargetKeys] = {}
        slots: list[Slot] = []
        for name, written in data.items():
            target, here = str(name), (*at, name)
            full = prefix + target
            try:
                keys[target] = *parents, leaf = parse_target(target)
                inside = bool(prefix) or self._of_items
                field = _Field(full, here, self._type_of(full), uses, each=each, inside=inside)
                slots.append(Slot(target, tuple(parents), leaf, self._source(written, field), self._place_of(here)))
            except LanguageError as error:
                self.errors.extend(inner.under(*here) for inner in error.errors)
        self.errors.extend(error.under(*at) for error in conflicts(keys))
        return FieldMap(tuple(keys), tuple(uses), tuple(slots), lists_of(keys.values()))

    def _source(self, written: Any, field: "_Field") -> Source | Each:
        if isinstance(written, str):
            return field.expression(written, (), bare=True)
        if isinstance(written, list):
            raise _mistake(
                "a list has to say what it is: {value: [...]} is a constant, {from: [...]} the first of some paths"
            )
        if not isinstance(written, Mapping):
            return field.constant(written, ())
        form = self._form(written, field)
        if form == "value":
            return field.constant(written["value"], ("value",))
        return self._choice(written, field) if form == "from" else self._each(written, field)

    def _form(self, written: Mapping[str, Any], field: "_Field") -> str:
        """Return which of the three forms a mapping has; the first key that names one decides."""
        form = next((key for key in _FORMS if key in written), None)
        if form is None:
            word = next(iter(written), "")
            suggestion = closest(word, _FORMS)
            hint = "" if suggestion else f"; a field inside a field is written {field.target}.{word}"
            raise _mistake(
                f"a field takes value, from or each{hint}", *([str(word)] if word else []), suggestion=suggestion
            )
        for key in written:
            if key not in _FORMS[form]:
                known = closest(key, _FORMS[form])
                message = f"{key} does not go with {form}, which takes {', '.join(_FORMS[form])}"
                self._refuse(message, (*field.at, key), known)
        return form

    def _choice(self, written: Mapping[str, Any], field: "_Field") -> Choice:
        paths = written["from"] if isinstance(written["from"], list) else [written["from"]]
        if not paths:
            raise _mistake("from needs at least one path", "from")
        required = written.get("required", False)
        if not isinstance(required, bool):
            raise _mistake("required is true or false", "required")
        lookup = self._lookup(written, field)
        plain = field if lookup is None else field.untyped()
        sources: list[Source] = []
        for index, path in enumerate(paths):
            where: At = ("from", index) if isinstance(written["from"], list) else ("from",)
            if not isinstance(path, str):
                raise _mistake("from takes paths and templates; a constant goes into default", *where)
            sources.append(plain.expression(path, where))
        default: Source | None = None
        if "default" in written:
            value = written["default"]
            is_text = isinstance(value, str) and is_template(value)
            default = field.expression(value, ("default",)) if is_text else field.constant(value, ("default",))
        return Choice(tuple(sources), " or ".join(map(_named, paths)), lookup, default, required)

    def _lookup(self, written: Mapping[str, Any], field: "_Field") -> dict[str, Any] | None:
        if "lookup" not in written:
            return None
        table = written["lookup"]
        if not isinstance(table, Mapping) or not table:
            raise _mistake("lookup is a mapping of what comes to what is sent: {1: new, 2: done}", "lookup")
        found: dict[str, Any] = {}
        for key, value in table.items():
            if text(key) in found:
                raise _mistake(f"{shown(text(key))} is in lookup twice: its keys compare as text", "lookup", key)
            if isinstance(value, str) and is_template(value):
                raise _mistake("lookup gives constants; a template works in from and default", "lookup", key)
            found[text(key)] = field.constant(value, ("lookup", key)).value
        return found

    def _each(self, written: Mapping[str, Any], field: "_Field") -> Each:
        if not isinstance(written["each"], str):
            raise _mistake("each takes the path of a list", "each")
        items = field.untyped().expression(written["each"], ("each",))
        path = field.below(items.path) if isinstance(items, FromPath) else None
        chosen: Filter | None = None
        if "filter" in written:
            try:
                chosen = compile_filter(written["filter"], of_items=True)
            except LanguageError as error:
                self.errors.extend(inner.under(*field.at, "filter") for inner in error.errors)
            else:
                item = _Field(field.target, field.at, None, field.uses, each=path, inside=True)
                for at, found in chosen.paths:
                    item.use(found, found.text, ("filter", *at), "path")
        fields = self.fields(written.get("fields"), (*field.at, "fields"), f"{field.target}.0.", path)
        field.uses.extend(fields.uses)
        return Each(items, _named(written["each"]), Origin("each", written["each"]), chosen, fields)

    def _refuse(self, message: str, at: At, suggestion: str | None = None) -> None:
        self.errors.append(LanguageError(message, rule="field", at=at, suggestion=suggestion))


class _Field:
    """One target being compiled: what it is called, what it takes, and where its paths are noted.

    inside: its plain paths start at the items of `each` (None when those are found by a template or a JSONPath).
    """

    def __init__(  # noqa: PLR0913 - six facts about one field, named where they are given
        self, target: str, at: At, type_: TargetType | None, uses: list[Use], *, each: Path | None, inside: bool
    ) -> None:
        self.target = target
        self.at = at
        self.uses = uses
        self.each = each
        self.inside = inside
        self._typed: Typed | None = typed(type_)
        self._type = type_

    def untyped(self) -> "_Field":
        """Return the same field for sources whose value goes on as it is."""
        return _Field(self.target, self.at, None, self.uses, each=self.each, inside=self.inside)

    def below(self, path: Path) -> Path | None:
        """Return a path of the field as it leads from the event; None when that cannot be said."""
        if not (self.inside and path.relative):
            return path
        if self.each is None or self.each.keys is None or path.keys is None:
            return None
        return Path(path.text, self.each.root, (*self.each.keys, ALL, *path.keys), self.each.relative)

    def expression(self, written: str, where: At, *, bare: bool = False) -> FromPath | FromTemplate:
        """Return the source that a path or a template means; its paths are noted."""
        try:
            if is_template(written):
                template = compile_template(written)
                for mentioned in template.paths:
                    if not (self.inside and mentioned.split(".")[0] == "item"):
                        self.use(_readable(mentioned), mentioned, where, "template")
                return FromTemplate(template, Origin("template", written), self._typed)
            path = compile_path(written)
        except LanguageError as error:
            if not written:
                raise _mistake('an empty text is not a path; {value: ""} sends one', *where) from None
            raise error.under(*where) from None
        self.use(path, written, where, "path", bare=bare)
        origin = Origin("path" if path.keys is not None else "jsonpath", written)
        return FromPath(path, origin, f"{written} has no value", self._typed)

    def constant(self, value: Any, where: At) -> Constant:
        """Return a constant of the target's type; null and empty values stay as written."""
        if value is None:
            return Constant(None, Origin("null"))
        if self._typed and not is_empty(value):
            try:
                value = self._typed(value, Locale())  # a date that a bundle names is in the receiver's own time already
            except ConversionError as error:
                allowed = self._type.enum if self._type else ()
                raise _mistake(str(error), *where, suggestion=closest(text(value), allowed)) from None
        return Constant(value, Origin("constant"))

    def use(
        self, path: Path | None, written: str, where: At, kind: Literal["path", "template"], *, bare: bool = False
    ) -> None:
        """Note a path that the field reads."""
        relative = self.inside and (path is None or path.relative)
        self.uses.append(Use((*self.at, *where), path, written, kind, bare, relative, self.each if relative else None))


def _readable(mentioned: str) -> Path | None:
    try:
        return compile_path(mentioned)
    except LanguageError:
        return None


def _named(expression: str) -> str:
    return "the template" if is_template(expression) else expression


def _mistake(message: str, *at: str | int, suggestion: str | None = None) -> LanguageError:
    return LanguageError(message, rule="field", at=at, suggestion=suggestion)
