"""A step leaves out what its action cannot do without.

`find_order` has to be given something to look by, `edit_order` the order to edit, `http.request` a path. A field that is mapped may still turn
out empty for one event; that is told when it happens.

Bad:

```yaml
bundles:
  leads:
    source: {event: utmstat.new_lead}
    steps:
      - action: retailcrm.edit_order
        fields: {managerComment: status_name}
```

Good:

```yaml
bundles:
  leads:
    source: {event: utmstat.new_lead}
    steps:
      - action: retailcrm.edit_order
        fields: {externalId: "utmstat-{{ id }}", managerComment: status_name}
```
"""

from apimonster_cli.bundles.draft import Draft, DraftStep
from apimonster_cli.bundles.problem import one_of
from apimonster_cli.bundles.report import Report
from apimonster_cli.bundles.targets import targets

NAME = "needs"


def check(draft: Draft, report: Report) -> None:
    """Check every step against what its action needs."""
    for bundle in draft.bundles:
        for step in bundle.all_steps:
            _check_step(step, report)


def _check_step(step: DraftStep, report: Report) -> None:
    if step.action is None or step.connector is None or step.action_node is None:
        return
    if step.node.get("fields") is not None and step.fields_node is None:
        return
    mapped = {target.name for target in targets(step.fields_node)} if step.fields_node else set()
    required = [field.id for field in step.connector.catalogue.fields(step.action.inputs).values() if field.required]
    grouped = {name for group in step.action.needs for name in group}
    for group in (*step.action.needs, *((name,) for name in required if name not in grouped)):
        if not any(name == have or have.startswith(f"{name}.") for name in group for have in mapped):
            report.at(step.action_node, NAME, f"{step.action_name} needs the field {one_of(group)}")
