"""A secret that is empty, or too short to be one.

An empty one is most often a line of `.env` with nothing behind its `=`. A webhook token is all that stands between the world and
your orders, so it has at least 12 characters; `sync init` and `openssl rand -hex 16` make good ones. The message never shows the
value.

Bad:

```yaml
connections:
  site: {type: utmstat, token: letmein}
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

from apimonster_cli.bundles.nodes import Node
from apimonster_cli.bundles.report import Report
from apimonster_cli.connectors.spec import Setting

NAME = "secret"


def empty(report: Report, node: Node, setting: Setting) -> None:
    """Tell of a secret, or another setting that has to be there, without a value."""
    message = (
        f"{setting.name} is empty; write its value, or give the variable that stands here one, in .env beside this file"
    )
    report.at(node, NAME, message)


def too_short(report: Report, node: Node, setting: Setting, value: str) -> None:
    """Tell of a secret with fewer characters than its setting asks for."""
    report.at(node, NAME, f"{setting.name} has {len(value)} characters; it needs at least {setting.shortest}")
