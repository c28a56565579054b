"""A value that cannot be used: an unknown time zone, a duration without a unit, an address that is none.

Durations are a number and a unit (`30s`, `10m`, `24h`, `3d`), rates `10/s` or `90/m`, sizes `500KB` or `1MiB`, addresses start with
`https://`, time zones are named like `Europe/Moscow`, and where there is a choice the message lists it. `true` and `false` are the only
words for yes and no; `yes`, `no`, `on` and `off` are plain text. A wrong kind of thing altogether, such as a list where text is
expected, is told by this rule too.

Bad:

```yaml
settings:
  timezone: Moscow
  retention: {events: 14}
```

Good:

```yaml
settings:
  timezone: Europe/Moscow
  retention: {events: 14d}
```
"""

from collections.abc import Iterable
from typing import Any

from apimonster_cli.bundles import kinds
from apimonster_cli.bundles.nodes import List, Mapping, Node, Scalar
from apimonster_cli.bundles.problem import nearest, one_of
from apimonster_cli.bundles.report import Report

NAME = "value"


def read(report: Report, kind: str, node: Node, choices: Iterable[str] = ()) -> Any:
    """Return the value of `node` in its read form; None, and a problem, when it cannot be used."""
    if isinstance(node, Scalar) and node.broken:
        return None
    try:
        found = kinds.read(kind, node)
    except kinds.UnusableError as error:
        report.at(error.node or node, NAME, str(error), error.suggestion)
        return None
    allowed = list(choices)
    if allowed:
        places = node.items if isinstance(node, List) else (node,)
        for word, place in zip(found if isinstance(found, tuple) else (found,), places, strict=False):
            if word not in allowed:
                report.at(
                    place, NAME, f"{word!r} cannot stand here; it has to be {one_of(allowed)}", nearest(word, allowed)
                )
                return None
    return found


def mapping(report: Report, node: Node | None, where: str) -> Mapping | None:
    """Return `node` when it is a mapping; a problem otherwise."""
    if node is None or isinstance(node, Mapping):
        return node
    report.at(node, NAME, f"{where} has to be keys and values, not {kinds.what(node)}")
    return None


def items(report: Report, node: Node | None, where: str) -> List | None:
    """Return `node` when it is a list; a problem otherwise."""
    if node is None or isinstance(node, List):
        return node
    hint = "; put a dash (-) before each item" if isinstance(node, Mapping) else ""
    report.at(node, NAME, f"{where} has to be a list, not {kinds.what(node)}{hint}")
    return None


def scalar(report: Report, node: Node | None, where: str) -> Scalar | None:
    """Return `node` when it is a single text; a problem otherwise."""
    if node is None or (isinstance(node, Scalar) and node.value is not None):
        return node
    report.at(node, NAME, f"{where} has to be text, not {kinds.what(node)}")
    return None
