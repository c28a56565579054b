"""A path to a step that has not run yet, or to an output that its action does not have.

Steps run in order, and each sees only those before it, as `steps.<id>.<field>`; `steps.<id>.status` is done, skipped or failed;
a status of the service's own is `steps.<id>.output.status`. A step with `for_each` has all that for each item, below
`steps.<id>.items.0` and so on. The steps of `on_failure` see all steps of the bundle; the bundle's own filter sees none. An unknown
output is a warning.

Bad:

```yaml
bundles:
  leads:
    source: {event: utmstat.new_lead}
    steps:
      - id: order
        action: retailcrm.create_order
        filter: {steps.known.id: {exists: false}}
        fields: {phone: contact.phone}
      - id: known
        action: retailcrm.find_order
        fields: {phone: contact.phone}
```

Good:

```yaml
bundles:
  leads:
    source: {event: utmstat.new_lead}
    steps:
      - id: known
        action: retailcrm.find_order
        fields: {phone: contact.phone}
      - id: order
        action: retailcrm.create_order
        filter: {steps.known.id: {exists: false}}
        fields: {phone: contact.phone}
```
"""

from apimonster_cli.bundles import keys
from apimonster_cli.bundles.draft import Draft, DraftBundle, DraftStep
from apimonster_cli.bundles.problem import nearest
from apimonster_cli.bundles.report import Report
from apimonster_cli.bundles.uses import SourcePath, of_bundle
from apimonster_cli.connectors.catalogue import is_open, lookup, near

NAME = "step"


def check(draft: Draft, report: Report) -> None:
    """Check every path that starts with `steps`."""
    for bundle in draft.bundles:
        order = bundle.all_steps
        for reader, use in of_bundle(bundle):
            if use.root == "steps" and use.parts:
                index = -1 if reader is None else next(number for number, one in enumerate(order) if one is reader)
                _check(bundle, order, index, use, report)


def _check(bundle: DraftBundle, order: list[DraftStep], index: int, use: SourcePath, report: Report) -> None:
    name = use.parts[0]
    before = {one.id: one for one in order[: max(index, 0)]}
    if name in before:
        _check_output(before[name], use, report)
        return
    if index < 0:
        report.at(use.node, NAME, f"no step has run when the filter of bundle {bundle.name.text} is asked")
    elif name == order[index].id:
        report.at(use.node, NAME, f"the step {name} cannot use its own result")
    elif any(one.id == name for one in order):
        report.at(use.node, NAME, f"the step {name} comes later; a step sees only those before it")
    else:
        offer = nearest(name, before, cutoff=0.5)
        seen = f"; the steps before are {', '.join(before)}" if before and not offer else ""
        report.at(
            use.node, NAME, f"there is no step {name}{seen}", offer and ".".join(["steps", offer, *use.parts[1:]])
        )


def _check_output(step: DraftStep, use: SourcePath, report: Report) -> None:
    below, where = use.parts[1:], f"steps.{step.id}"
    if step.node.get("for_each") is not None and below and below != [keys.STEP_STATUS]:
        below = below[1:] if below[0] == keys.STEP_OUTPUT else below
        if below and below[0] != keys.STEP_ITEMS:
            message = f"{step.id} is done for each item of a list, so its outputs are below steps.{step.id}.items"
            report.at(use.node, NAME, message, ".".join([where, keys.STEP_ITEMS, "0", *below]))
            return
        below, where = below[2:], f"{where}.{keys.STEP_ITEMS}.0"
    parts = below[1:] if below[:1] == [keys.STEP_OUTPUT] else below
    output = ".".join(parts)
    if not output or below == [keys.STEP_STATUS] or step.connector is None or step.action is None:
        return
    fields = step.connector.catalogue.fields(step.action.outputs)
    if lookup(fields, output) or is_open(step.action.open_outputs, output):
        return
    plain = ".".join("0" if part.isdigit() else part for part in parts)
    if any(known.startswith(f"{plain}.") for known in fields):
        return
    offers = near(fields, output)
    message = f"{step.action_name} has no output {output}"
    offer = f"{where}.{offers[0]}" if offers else None
    report.at(use.node, NAME, message, offer and use.offer(offer), severity="warning")
