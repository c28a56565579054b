"""The file does not say which version of the bundle language it is written in.

Every file says `version: 1`, so that a later version of the program can tell what was meant.

Bad:

```yaml
version: 2
```

Good:

```yaml
version: 1
```
"""

from apimonster_cli.bundles.nodes import Mapping, Scalar
from apimonster_cli.bundles.report import Report

NAME = "version"
CURRENT = 1


def check_version(report: Report, root: Mapping) -> None:
    """Tell unless the file says `version: 1`."""
    node = root.get("version")
    if node is None:
        report.at(root, NAME, "the file does not say `version: 1`")
    elif not isinstance(node, Scalar) or node.text != str(CURRENT):
        report.at(node, NAME, "this program reads version 1 of the bundle language", "version: 1")
