"""A connection of an unknown type, or a bundle or step that names no fitting connection.

`type:` is the name of a connector. A source or a step may leave `connection:` out while exactly one connection is of the type that
its event or action needs; with none or several the message says which there are.

Bad:

```yaml
bundles:
  leads:
    source: {event: utmstat.new_lead, connection: crm}
    steps:
      - action: retailcrm.create_order
        connection: cmr
        fields: {phone: contact.phone}
```

Good:

```yaml
bundles:
  leads:
    source: {event: utmstat.new_lead}
    steps:
      - action: retailcrm.create_order
        connection: crm
        fields: {phone: contact.phone}
```
"""

from collections.abc import Iterable

from apimonster_cli.bundles.draft import Draft, DraftConnection
from apimonster_cli.bundles.nodes import Node, Scalar
from apimonster_cli.bundles.problem import nearest, one_of
from apimonster_cli.bundles.report import Report
from apimonster_cli.bundles.rules import value
from apimonster_cli.connectors.spec import Connector

NAME = "connection"


def unknown_type(report: Report, node: Scalar, known: Iterable[str]) -> None:
    """Tell of a type that no connector has."""
    names = list(known)
    near = nearest(node.text, names, cutoff=0.6)
    message = f"there is no connector called {node.text}"
    report.at(node, NAME, message if near else f"{message}; there are {', '.join(names)}", near)


def choose(
    report: Report, draft: Draft, named: Node | None, connector: Connector, wanted: Scalar
) -> DraftConnection | None:
    """Return the connection that `named` names, or the only one of the connector's type.

    wanted: the event or action that needs it; where none is named and none can be chosen, that is told here.
    """
    if named is not None:
        return _named(report, draft, named, connector, wanted.text)
    fitting = [known for known in draft.connections.values() if known.connector is connector]
    if len(fitting) == 1:
        fitting[0].used = True
        return fitting[0]
    if fitting:
        for one in fitting:
            one.used = True
        names = ", ".join(one.name.text for one in fitting)
        report.at(wanted, NAME, f"several connections fit {wanted.text}: {names}; name one with `connection:`")
    elif draft.whole and all(known.connector for known in draft.connections.values()):
        report.at(
            wanted, NAME, f"{wanted.text} needs a connection of type {connector.name}; there is none under connections:"
        )
    return None


def _named(report: Report, draft: Draft, node: Node, connector: Connector, needs: str) -> DraftConnection | None:
    written = value.scalar(report, node, "connection:")
    if written is None:
        return None
    found = draft.connections.get(written.text)
    if found is None:
        if draft.whole:
            fitting = [name for name, known in draft.connections.items() if known.connector is connector]
            near = nearest(written.text, draft.connections)
            known = f"; those that fit are {one_of(fitting)}" if fitting and not near else ""
            report.at(written, NAME, f"there is no connection called {written.text}{known}", near)
        return None
    found.used = True
    if found.connector is not None and found.connector is not connector:
        message = (
            f"{needs} needs a connection of type {connector.name}, and {written.text} is of type {found.connector.name}"
        )
        report.at(written, NAME, message)
        return None
    return found
