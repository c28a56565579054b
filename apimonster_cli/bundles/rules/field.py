"""A right side of `fields:` that cannot be understood.

A field is filled from a path, a template, a constant, or one of `{value: …}`, `{from: …, default:, lookup:, required:}` and
`{each: path, filter:, fields:}`. One target cannot have a value and hold others at once (`customer` and `customer.id`).

Bad:

```yaml
bundles:
  leads:
    source: {event: utmstat.new_lead}
    steps:
      - action: retailcrm.create_order
        fields:
          phone: {form: contact.phone}
          status: {from: status_id, lookup: new}
```

Good:

```yaml
bundles:
  leads:
    source: {event: utmstat.new_lead}
    steps:
      - action: retailcrm.create_order
        fields:
          phone: {from: contact.phone}
          status: {from: status_id, lookup: {1: new}, default: new}
```
"""

from apimonster_cli.bundles.draft import Draft, DraftStep
from apimonster_cli.bundles.nodes import Mapping, find, to_data
from apimonster_cli.bundles.report import Report
from apimonster_cli.bundles.targets import input_field
from apimonster_cli.core.place import Place
from apimonster_cli.values.errors import LanguageError
from apimonster_cli.values.field import FieldMap, TargetType, compile_field_map

NAME = "field"
NO_FIELDS = FieldMap((), (), (), ())


def check(draft: Draft, report: Report) -> None:
    """Compile the field maps of all steps into the draft."""
    for bundle in draft.bundles:
        for step in bundle.all_steps:
            step.fields = _compiled(step, report)


def tell(report: Report, node: Mapping, error: LanguageError) -> None:
    """Tell of a mistake that a compiler of the value language found; `error.at` leads to it from `node`.

    A rule that looks closer (constant, target) may have told of it already.
    """
    key, right = find(node, error.at, key=True), find(node, error.at)
    if not report.tells_at(key) and not report.tells_at(right):
        report.at(key if error.rule in {"field", "filter"} else right, error.rule, error.message, error.suggestion)


def _compiled(step: DraftStep, report: Report) -> FieldMap | None:
    node = step.fields_node
    if node is None or not node.entries:
        return NO_FIELDS
    data = to_data(node)
    try:
        return _compile(step, node, data)
    except LanguageError as errors:
        for error in errors.errors:
            tell(report, node, error)
        wrong = {str(error.at[0]) for error in errors.errors if error.at}
    rest = {target: right for target, right in data.items() if target not in wrong}
    return _compile(step, node, rest) if rest else NO_FIELDS


def _compile(step: DraftStep, node: Mapping, data: dict[str, object]) -> FieldMap:
    def type_of(target: str) -> TargetType | None:
        known = input_field(step.connector, step.action, target) if step.connector and step.action else None
        return TargetType(known.type, known.format, known.enum) if known else None

    def place_of(at: tuple[str | int, ...]) -> Place:
        return find(node, at).place

    of_items = step.node.get("for_each") is not None
    return compile_field_map(data, type_of, place_of, of_items=of_items, each=step.for_each)
