"""A key that is not known here, or one that is missing.

Every key of a bundle file is known in advance, so a slip of the pen never passes for a choice. The message offers the key that was
perhaps meant, or lists those that are allowed. A step also takes the keys of its own action, such as `on_duplicate`. At the top
of a file, keys that start with `x-` are free: a place for YAML anchors.

Bad:

```yaml
bundles:
  leads:
    sources: {event: utmstat.new_lead}
    steps:
      - action: retailcrm.create_order
        on_duplicates: edit
        fields: {phone: contact.phone}
```

Good:

```yaml
bundles:
  leads:
    source: {event: utmstat.new_lead}
    steps:
      - action: retailcrm.create_order
        on_duplicate: edit
        fields: {phone: contact.phone}
```
"""

from collections.abc import Iterable

from apimonster_cli.bundles.keys import Key
from apimonster_cli.bundles.lookalike import INVISIBLE, odd_space
from apimonster_cli.bundles.nodes import Mapping, Node, Scalar
from apimonster_cli.bundles.problem import nearest
from apimonster_cli.bundles.report import Report

NAME = "key"


def unknown(report: Report, key: Scalar, known: Iterable[str], where: str) -> None:
    """Tell of a key that is none of `known`."""
    names = list(known)
    if key.plain and key.text[:1] in INVISIBLE:
        report.at(key, NAME, odd_space(key.text[0]))
        return
    if key.text.endswith("}") or (":" in key.text and key.plain):
        report.at(key, NAME, f"unknown key {key.text} in {where}; after a colon comes a space")
        return
    near = nearest(key.text, names)
    message = f"unknown key {key.text} in {where}"
    report.at(key, NAME, message if near else f"{message}; allowed: {', '.join(names)}", near)


def missing(report: Report, node: Node, name: str, where: str) -> None:
    """Tell of a required key that is not there."""
    report.at(node, NAME, f"{name}: is missing in {where}")


def check_keys(report: Report, node: Mapping, table: Iterable[Key], where: str, at: Node | None = None) -> None:
    """Tell of every unknown and missing key of a mapping; at: where a missing one is told, the mapping's start unless set."""
    declared = list(table)
    names = [key.name for key in declared]
    written = {entry.key.text: entry.key for entry in node}
    for name, key in written.items():
        if name not in names:
            unknown(report, key, names, where)
    meant = {nearest(name, names) for name in written if name not in names}
    for wanted in declared:
        if wanted.required and wanted.name not in written and wanted.name not in meant:
            missing(report, at or node, wanted.name, where)
