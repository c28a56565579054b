"""A name that cannot be one.

Connections, bundles and steps are named with small Latin letters, digits, `-` and `_`, and start with a letter or a digit: their names
stand in webhook addresses, in logs and in paths. What people read goes into `title:`.

Bad:

```yaml
bundles:
  Leads to orders:
    source: {event: utmstat.new_lead}
    steps:
      - action: retailcrm.create_order
        fields: {phone: contact.phone}
```

Good:

```yaml
bundles:
  leads-to-orders:
    title: Leads to orders
    source: {event: utmstat.new_lead}
    steps:
      - action: retailcrm.create_order
        fields: {phone: contact.phone}
```
"""

import re

from apimonster_cli.bundles.nodes import Scalar
from apimonster_cli.bundles.report import Report

NAME = "name"
PATTERN = "[a-z0-9][a-z0-9_-]*"


def check_name(report: Report, name: Scalar, what: str) -> None:
    """Tell when a name breaks the pattern, offering the nearest one that keeps it."""
    if re.fullmatch(PATTERN, name.text):
        return
    offer = re.sub(r"[^a-z0-9_-]+", "-", name.text.lower()).strip("-_")
    message = f"{what} cannot be called {name.text!r}; use small Latin letters, digits, - and _"
    report.at(name, NAME, message, offer if re.fullmatch(PATTERN, offer) else None)
