"""A filter that cannot be understood.

A filter is a mapping of path → condition, and all must hold. A condition is a value, a list of values, or one of `not in not_in gt gte lt lte
contains not_contains starts_with ends_with matches exists empty changed`; `all`, `any` and `not` combine filters.

Bad:

```yaml
bundles:
  leads:
    source: {event: utmstat.new_lead}
    filter:
      status_id: {in: 1}
      contact.phone: {exist: true}
    steps:
      - action: retailcrm.create_order
        fields: {phone: contact.phone}
```

Good:

```yaml
bundles:
  leads:
    source: {event: utmstat.new_lead}
    filter:
      status_id: [1, 2]
      contact.phone: {exists: true}
    steps:
      - action: retailcrm.create_order
        fields: {phone: contact.phone}
```
"""

from apimonster_cli.bundles.draft import Draft
from apimonster_cli.bundles.nodes import Node, to_data
from apimonster_cli.bundles.report import Report
from apimonster_cli.bundles.rules import field, value
from apimonster_cli.values.condition import Filter, compile_filter
from apimonster_cli.values.errors import LanguageError

NAME = "filter"


def check(draft: Draft, report: Report) -> None:
    """Compile the filters of bundles and steps into the draft."""
    for bundle in draft.bundles:
        bundle.filter = _compiled(bundle.filter_node, report)
        for step in bundle.all_steps:
            step.filter = _compiled(step.filter_node, report, of_items=step.node.get("for_each") is not None)


def _compiled(node: Node | None, report: Report, *, of_items: bool = False) -> Filter | None:
    written = value.mapping(report, node, "filter:")
    if written is None:
        return None
    try:
        return compile_filter(to_data(written), of_items=of_items)
    except LanguageError as errors:
        for error in errors.errors:
            field.tell(report, written, error)
    return None
