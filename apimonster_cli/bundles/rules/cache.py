"""Answers that are to be kept although there are none to keep.

`cache: 10m` on a step that reads (`find_…`, `get_…`) uses an answer again for that time, whichever delivery asked. A step that writes makes
its calls each time.

Bad:

```yaml
bundles:
  leads:
    source: {event: utmstat.new_lead}
    steps:
      - action: retailcrm.create_order
        cache: 10m
        fields: {phone: contact.phone}
```

Good:

```yaml
bundles:
  leads:
    source: {event: utmstat.new_lead}
    steps:
      - action: retailcrm.get_store
        cache: 10m
        fields: {code: {value: main}}
      - action: retailcrm.create_order
        fields: {phone: contact.phone, shipmentStore: {value: main}}
```
"""

from datetime import timedelta

from apimonster_cli.bundles.draft import Draft
from apimonster_cli.bundles.report import Report

NAME = "cache"


def check(draft: Draft, report: Report) -> None:
    """Check the steps that keep answers."""
    for bundle in draft.bundles:
        for step in bundle.all_steps:
            node = step.node.get("cache")
            if node is None:
                continue
            if step.action is not None and step.action.writes:
                report.at(
                    node,
                    NAME,
                    f"{step.action_name} may change something, so its calls are made each time; remove cache:",
                )
            elif step.cache is not None and step.cache <= timedelta(0):
                report.at(node, NAME, "answers are kept for some time, such as 10m; to keep none, leave cache: out")
