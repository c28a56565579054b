"""A step names an action that does not exist.

An action is written with its connector: `retailcrm.create_order`. `sync fields retailcrm` lists a connector's actions.

Bad:

```yaml
bundles:
  leads:
    source: {event: utmstat.new_lead}
    steps:
      - action: retailcrm.new_order
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

from apimonster_cli.bundles.nodes import Scalar
from apimonster_cli.bundles.problem import nearest_dotted
from apimonster_cli.bundles.report import Report
from apimonster_cli.connectors import registry
from apimonster_cli.connectors.spec import Action, Connector

NAME = "action"


def known(report: Report, node: Scalar) -> tuple[Connector, Action] | None:
    """Return the connector and the action that `node` names; None, and a problem, when there is none."""
    found = registry.action(node.text)
    if found is not None:
        return found
    names = registry.action_names()
    near = nearest_dotted(node.text, names)
    message = f"there is no action {node.text}"
    report.at(node, NAME, message if near else f"{message}; there are {', '.join(names)}", near)
    return None
