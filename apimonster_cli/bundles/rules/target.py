"""A target field that the action does not have.

The left side of `fields:` is a field of the service. Fields of the account itself (`customFields.*`) are open; a field that is newer than
the catalogue goes through with `extra_fields: true` on the step. `sync fields retailcrm create_order` lists the known ones.

Bad:

```yaml
bundles:
  leads:
    source: {event: utmstat.new_lead}
    steps:
      - action: retailcrm.create_order
        fields:
          fistName: contact.name
          phone: contact.phone
```

Good:

```yaml
bundles:
  leads:
    source: {event: utmstat.new_lead}
    steps:
      - action: retailcrm.create_order
        fields:
          firstName: contact.name
          phone: contact.phone
```
"""

from apimonster_cli.bundles.draft import Draft, DraftStep
from apimonster_cli.bundles.nodes import Mapping
from apimonster_cli.bundles.report import Report
from apimonster_cli.bundles.targets import is_known, targets
from apimonster_cli.connectors.catalogue import near

NAME = "target"


def check(draft: Draft, report: Report) -> None:
    """Check the targets of every step."""
    for bundle in draft.bundles:
        for step in bundle.all_steps:
            if step.fields_node is not None:
                _check_step(step, step.fields_node, report)


def _check_step(step: DraftStep, node: Mapping, report: Report) -> None:
    if step.connector is None or step.action is None or step.extra_fields:
        return
    fields = step.connector.catalogue.fields(step.action.inputs)
    for target in targets(node):
        if not is_known(step.connector, step.action, target.name):
            offers = near(fields, target.name)
            message = f"{step.action_name} has no field {target.name}"
            hint = "" if offers else "; `sync fields` lists those it has, `extra_fields: true` lets a new one through"
            report.at(target.key, NAME, message + hint, offers[0] if offers else None)
