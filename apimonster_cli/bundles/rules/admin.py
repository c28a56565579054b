"""The page and the metrics where they cannot be, or where others may read them.

`settings.admin` needs a port of its own: it is another address than `settings.listen`, which the outside world reaches. The page has no
login, so an address that is not of this machine alone is a warning. To look at it from elsewhere, let a web server with a login
hand it on, or use an SSH tunnel.

Bad:

```yaml
settings:
  listen: 127.0.0.1:8080
  admin: 127.0.0.1:8080
```

Good:

```yaml
settings:
  listen: 127.0.0.1:8080
  admin: 127.0.0.1:8081
```
"""

from ipaddress import ip_address

from apimonster_cli.bundles.draft import Draft
from apimonster_cli.bundles.model import Settings
from apimonster_cli.bundles.report import Report
from apimonster_cli.core.address import EVERY, written

NAME = "admin"


def check(draft: Draft, report: Report) -> None:
    """Check where page and metrics are to be."""
    admin, node = draft.settings.get("admin"), draft.setting_nodes.get("admin")
    if admin is None or node is None:
        return
    listen = draft.settings.get("listen", Settings().listen)  # None: it cannot be read, which is told already
    if listen is not None and _collide(admin, listen):
        report.at(
            node,
            NAME,
            f"page and metrics cannot be where webhooks come in, on {written(listen)}; give them a port of their own",
            written((admin[0], admin[1] + 1 if admin[1] < 65535 else 8081)),
        )
    elif not _is_of_this_machine(admin[0]):
        report.at(
            node,
            NAME,
            f"the page has no login: whoever reaches {written(admin)} reads it; write 127.0.0.1:{admin[1]}, "
            "or see to it that a firewall lets nobody else in",
            severity="warning",
        )


def _collide(one: tuple[str, int], other: tuple[str, int]) -> bool:
    """Return whether two addresses cannot both be listened on; port 0 means any that is free."""
    same_host = one[0] == other[0] or not EVERY.isdisjoint({one[0], other[0]})
    return same_host and one[1] == other[1] != 0


def _is_of_this_machine(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"
