"""A connection that no bundle uses. This is a warning: what comes in by it is kept in the history and goes nowhere.

Bad:

```yaml
connections:
  site: {type: utmstat, token: "${UTMSTAT_HOOK_TOKEN}"}
  landing: {type: webhook, token: "${LANDING_HOOK_TOKEN}"}
  crm: {type: retailcrm, url: "https://demo.retailcrm.ru", api_key: "${RETAILCRM_API_KEY}"}
bundles:
  leads:
    source: {event: utmstat.new_lead}
    steps:
      - action: retailcrm.create_order
        fields: {phone: contact.phone}
```

Good:

```yaml
connections:
  site: {type: utmstat, token: "${UTMSTAT_HOOK_TOKEN}"}
  crm: {type: retailcrm, url: "https://demo.retailcrm.ru", api_key: "${RETAILCRM_API_KEY}"}
bundles:
  leads:
    source: {event: utmstat.new_lead}
    steps:
      - action: retailcrm.create_order
        fields: {phone: contact.phone}
```
"""

from apimonster_cli.bundles.draft import Draft, DraftBundle
from apimonster_cli.bundles.report import Report

NAME = "unused"


def check(draft: Draft, report: Report) -> None:
    """Warn of every connection that no source and no step uses."""
    if not draft.whole or not all(_is_whole(bundle) for bundle in draft.bundles):
        return  # what uses it may be what could not be read
    for name, connection in draft.connections.items():
        if not connection.used and connection.connector is not None:
            report.at(connection.name, NAME, f"no bundle uses the connection {name}", severity="warning")


def _is_whole(bundle: DraftBundle) -> bool:
    return bool(bundle.steps and bundle.connection and all(step.connection for step in bundle.all_steps))
