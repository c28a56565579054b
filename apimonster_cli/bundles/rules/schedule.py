"""A schedule on events that nobody can ask for.

`every`, `cron`, `lookback` and `params` belong to events that are pulled. A webhook arrives when the other side sends it.

Bad:

```yaml
bundles:
  leads:
    source: {event: utmstat.new_lead, every: 10m}
    steps:
      - action: retailcrm.create_order
        fields: {phone: contact.phone}
```

Good:

```yaml
bundles:
  leads:
    source: {event: utmstat.new_lead}
    steps:
      - action: retailcrm.create_order
        fields: {phone: contact.phone}
```
"""

from apimonster_cli.bundles import keys
from apimonster_cli.bundles.draft import Draft
from apimonster_cli.bundles.report import Report

NAME = "schedule"


def check(draft: Draft, report: Report) -> None:
    """Tell of schedule keys beside events that arrive by webhook."""
    for bundle in draft.bundles:
        for entry in bundle.source_node or ():
            if entry.key.text in keys.names(keys.SCHEDULE) and bundle.known_events:
                name = bundle.known_events[0].name
                report.at(entry.key, NAME, f"{name} arrives by webhook, so {entry.key.text}: means nothing; remove it")
