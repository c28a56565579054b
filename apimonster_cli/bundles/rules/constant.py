"""A constant that its target cannot take.

`call: {value: maybe}` can never become true or false, and `privilegeType` is one of four words: this is known before any event comes.
Constants are bare numbers, `true`, `false`, `value:`, `default:` and the right sides of a `lookup:`.

Bad:

```yaml
bundles:
  leads:
    source: {event: utmstat.new_lead}
    steps:
      - action: retailcrm.create_order
        fields:
          phone: contact.phone
          call: {value: maybe}
          privilegeType: {value: personal}
```

Good:

```yaml
bundles:
  leads:
    source: {event: utmstat.new_lead}
    steps:
      - action: retailcrm.create_order
        fields:
          phone: contact.phone
          call: true
          privilegeType: {value: personal_discount}
```
"""

from apimonster_cli.bundles.draft import Draft, DraftStep
from apimonster_cli.bundles.nodes import Scalar
from apimonster_cli.bundles.problem import nearest, one_of
from apimonster_cli.bundles.report import Report
from apimonster_cli.bundles.targets import constants, input_field, targets
from apimonster_cli.connectors.catalogue import CatalogueField
from apimonster_cli.values.convert import convert, text
from apimonster_cli.values.errors import ConversionError
from apimonster_cli.values.scope import Locale

NAME = "constant"


def check(draft: Draft, report: Report) -> None:
    """Check the constants of every step against the types of their targets."""
    for bundle in draft.bundles:
        for step in bundle.all_steps:
            _check_step(step, report)


def _check_step(step: DraftStep, report: Report) -> None:
    if step.connector is None or step.action is None or step.fields_node is None:
        return
    for target in targets(step.fields_node):
        field = input_field(step.connector, step.action, target.name)
        if field is not None:
            for constant in constants(target.node):
                _check_constant(constant, field, report)


def _check_constant(constant: Scalar, field: CatalogueField, report: Report) -> None:
    if constant.value in ("", None):
        return
    if field.enum:
        word = text(constant.value)
        if word not in field.enum:
            message = f"{field.id} cannot be {word!r}; it has to be {one_of(field.enum)}"
            report.at(constant, NAME, message, nearest(word, field.enum, cutoff=0.5))
        return
    try:
        convert(constant.value, field.type, format=field.format, locale=Locale())
    except ConversionError as error:
        report.at(constant, NAME, f"{field.id} cannot take this: {error}")
