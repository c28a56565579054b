"""A source names an event that does not exist, or events of several connectors.

An event is written with its connector: `utmstat.new_lead`. `event:` may be a list, as long as all its events come from one connector,
for they arrive by one connection.

Bad:

```yaml
bundles:
  leads:
    source: {event: utmstat.newlead}
    steps:
      - action: retailcrm.create_order
        fields: {phone: contact.phone}
```

Good:

```yaml
bundles:
  leads:
    source: {event: [utmstat.new_lead, utmstat.lead_status_changed]}
    steps:
      - action: retailcrm.create_order
        fields: {phone: contact.phone}
```
"""

from apimonster_cli.bundles.draft import DraftBundle
from apimonster_cli.bundles.nodes import Node, Scalar
from apimonster_cli.bundles.problem import nearest_dotted
from apimonster_cli.bundles.report import Report
from apimonster_cli.connectors import registry
from apimonster_cli.connectors.spec import Connector, Event

NAME = "event"


def known(report: Report, node: Scalar) -> Event | None:
    """Return the event that `node` names; None, and a problem, when there is none."""
    found = registry.event(node.text)
    if found is not None:
        return found[1]
    names = registry.event_names()
    near = nearest_dotted(node.text, names)
    message = f"there is no event {node.text}"
    report.at(node, NAME, message if near else f"{message}; there are {', '.join(names)}", near)
    return None


def only_connector(report: Report, node: Node, bundle: DraftBundle) -> Connector | None:
    """Return the connector of the bundle's events; None when one is unknown, and a problem when there are several."""
    if not bundle.events:
        report.at(node, NAME, "event: names no event")
        return None
    if not bundle.known_events:
        return None
    owners = list(dict.fromkeys(event.name.partition(".")[0] for event in bundle.known_events))
    if len(owners) > 1:
        report.at(node, NAME, f"the events of one source come from one connector, not from {' and '.join(owners)}")
        return None
    return registry.connector(owners[0])
