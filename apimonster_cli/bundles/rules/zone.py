"""Dates that would move to UTC, as nothing says which time zone the receiving account is in.

A date moves from the zone of the source to that of the account that gets it: the connection's `timezone`, or else that of the settings, or
else UTC. Where the source has a zone and the other side has none, its dates would be hours off, so a warning says so once a step.

Bad:

```yaml
connections:
  shop: {type: salesdrive, token: "${SALESDRIVE_HOOK_TOKEN}", timezone: Europe/Kyiv}
  crm: {type: retailcrm, url: "https://demo.retailcrm.ru", api_key: "${RETAILCRM_API_KEY}"}
bundles:
  orders:
    source: {event: salesdrive.new_order}
    steps:
      - action: retailcrm.create_order
        fields: {createdAt: data.orderTime}
```

Good:

```yaml
connections:
  shop: {type: salesdrive, token: "${SALESDRIVE_HOOK_TOKEN}", timezone: Europe/Kyiv}
  crm: {type: retailcrm, url: "https://demo.retailcrm.ru", api_key: "${RETAILCRM_API_KEY}", timezone: Europe/Moscow}
bundles:
  orders:
    source: {event: salesdrive.new_order}
    steps:
      - action: retailcrm.create_order
        fields: {createdAt: data.orderTime}
```
"""

from apimonster_cli.bundles.draft import Draft, DraftConnection, DraftStep
from apimonster_cli.bundles.report import Report
from apimonster_cli.bundles.targets import input_field, targets

NAME = "zone"


def check(draft: Draft, report: Report) -> None:
    """Warn of dates that leave a zone and arrive in none."""
    if draft.settings.get("timezone"):
        return
    for bundle in draft.bundles:
        if bundle.connection is not None and bundle.connection.settings.get("timezone"):
            for step in bundle.all_steps:
                _check_step(step, bundle.connection, report)


def _check_step(step: DraftStep, source: DraftConnection, report: Report) -> None:
    to, connector, action = step.connection, step.connector, step.action
    if to is None or connector is None or action is None or step.fields_node is None:
        return
    if to.settings.get("timezone") or connector.setting("timezone") is None:
        return
    for target in targets(step.fields_node):
        field = input_field(connector, action, target.name)
        if field is not None and field.type == "datetime":
            report.at(
                target.key,
                NAME,
                f"dates of {source.name.text} are in {source.settings['timezone']}, and {to.name.text} has no time zone: "
                f"{target.name} would be written in UTC; write timezone: on {to.name.text}, or in the settings",
                severity="warning",
            )
            return
