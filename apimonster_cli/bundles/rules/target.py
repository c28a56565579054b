"""A target field that the action does not have, or two that get in each other's way.

The left side of `fields:` is a field of the service. Fields of the account itself (`customFields.*`) are open; a field that is newer than
the catalogue goes through with `extra_fields: true` on the step. `sync fields retailcrm create_order` lists the known ones. One target
cannot be a value and hold others at once (`customer` and `customer.id`).

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
from apimonster_cli.bundles.nodes import Mapping, Scalar
from apimonster_cli.bundles.problem import Problem
from apimonster_cli.bundles.report import Report
from apimonster_cli.bundles.targets import Target, is_known, targets
from apimonster_cli.connectors.catalogue import near

NAME = "target"


def check(draft: Draft, report: Report) -> None:
    """Check the targets of every step."""
    for bundle in draft.bundles:
        for step in bundle.all_steps:
            if step.fields_node is not None:
                found = list(targets(step.fields_node))
                _check_known(step, found, report)
                _check_conflicts(found, report)


def _check_known(step: DraftStep, found: list[Target], report: Report) -> None:
    if step.connector is None or step.action is None or step.extra_fields:
        return
    fields = step.connector.catalogue.fields(step.action.inputs)
    for target in found:
        if not is_known(step.connector, step.action, target.name):
            offers = near(fields, target.name)
            message = f"{step.action_name} has no field {target.name}"
            hint = "" if offers else "; `sync fields` lists those it has, `extra_fields: true` lets a new one through"
            report.at(target.key, NAME, message + hint, offers[0] if offers else None)


def _check_conflicts(found: list[Target], report: Report) -> None:
    whole = {target.name: target for target in found if not isinstance(target.node, Mapping) or _is_value(target.node)}
    inside_each = {target.name for target in found if isinstance(target.node, Mapping) and target.node.get("each")}
    for target in found:
        parts = target.name.split(".")
        for end in range(1, len(parts)):
            outer = ".".join(parts[:end])
            if outer in whole:
                _tell(report, target, whole[outer])
            elif outer in inside_each and parts[end] != "0":
                _tell(report, target, next(one for one in found if one.name == outer))


def _is_value(node: Mapping) -> bool:
    return any(node.get(word) is not None for word in ("value", "from"))


def _tell(report: Report, target: Target, outer: Target) -> None:
    if isinstance(outer.node, Scalar | Mapping) and target.key.place == outer.key.place:
        return
    message = f"{target.name} is a part of {outer.name}, which is filled as a whole at {outer.key.place}"
    report.add(Problem(target.key.place, NAME, message, width=target.key.width, related=outer.key.place))
