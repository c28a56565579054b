"""A schedule that cannot be kept, or one on events that nobody can ask for.

An event that is pulled needs `every` (how often) or `cron` (when, in the time zone of the connection). `lookback` says how far back
each pull reads again, 3d unless set: edits of older things go unnoticed. `params` are what the service is asked with, beside
the window. All of these mean nothing for a webhook, which arrives when the other side sends it.

Bad:

```yaml
bundles:
  deals:
    source: {event: calltouch.order, every: 10m, cron: "*/10 * * * *", params: {limit: 5000}}
    steps:
      - action: retailcrm.create_order
        fields: {phone: client.phones}
```

Good:

```yaml
bundles:
  deals:
    source: {event: calltouch.order, every: 10m, lookback: 30d, params: {withOrdersTags: true}}
    steps:
      - action: retailcrm.create_order
        fields: {phone: client.phones}
```
"""

from datetime import timedelta
from zoneinfo import ZoneInfo

from apimonster_cli.bundles import keys
from apimonster_cli.bundles.cron import Cron
from apimonster_cli.bundles.draft import Draft, DraftBundle
from apimonster_cli.bundles.model import PullPlan, Settings
from apimonster_cli.bundles.nodes import Mapping, Node, Scalar
from apimonster_cli.bundles.problem import one_of
from apimonster_cli.bundles.report import Report
from apimonster_cli.bundles.rules import key, value
from apimonster_cli.connectors.spec import Pull
from apimonster_cli.core.duration import format_duration
from apimonster_cli.values.convert import text

NAME = "schedule"
LOOKBACK = timedelta(days=3)
_LONGEST_LOOKBACK = timedelta(days=366)


def check(draft: Draft, report: Report) -> None:
    """Read the schedules into the draft, and tell of schedule keys beside events that arrive by webhook."""
    for bundle in draft.bundles:
        node = bundle.source_node
        if node is None or bundle.connector is None or not bundle.known_events:
            continue
        pulls = [pull for event in bundle.known_events if (pull := bundle.connector.pull(event.name))]
        if not pulls:
            _check_webhook(bundle, node, report)
        elif len(bundle.known_events) > 1:
            report.at(
                bundle.events[0][0], NAME, f"{pulls[0].event.name} is pulled, so it stands alone: one bundle, one event"
            )
        else:
            zone = _zone(bundle, draft)
            bundle.pull = _plan(node, pulls[0], zone, bundle.events[0][0], report)


def _check_webhook(bundle: DraftBundle, node: Mapping, report: Report) -> None:
    name = bundle.known_events[0].name
    for entry in node:
        if entry.key.text in keys.names(keys.SCHEDULE):
            report.at(entry.key, NAME, f"{name} arrives by webhook, so {entry.key.text}: means nothing; remove it")


def _zone(bundle: DraftBundle, draft: Draft) -> ZoneInfo:
    own = bundle.connection.settings.get("timezone") if bundle.connection else None
    found: ZoneInfo = own or draft.settings.get("timezone") or Settings().timezone
    return found


def _plan(node: Mapping, pull: Pull, zone: ZoneInfo, event: Scalar, report: Report) -> PullPlan:
    every_node, cron_node = node.get("every"), node.get("cron")
    if every_node is not None and cron_node is not None:
        report.at(cron_node, NAME, "every: and cron: are two schedules; keep one of them")
    if every_node is None and cron_node is None:
        report.at(event, NAME, f"{event.text} is pulled, so the source has to say how often: every: 10m, or cron:")
    return PullPlan(
        pull=pull,
        every=_every(every_node, report),
        cron=_cron(cron_node, zone, report),
        lookback=_lookback(node.get("lookback"), report),
        params=_params(node.get("params"), pull, report),
        zone=zone,
    )


def _every(node: Node | None, report: Report) -> timedelta | None:
    every: timedelta | None = None if node is None else value.read(report, "duration", node)
    if node is not None and every is not None and every < timedelta(seconds=1):
        report.at(node, NAME, "a pull cannot come more often than every 1s; every 10m is usual")
    return every


def _cron(node: Node | None, zone: ZoneInfo, report: Report) -> Cron | None:
    written: str | None = None if node is None else value.read(report, "text", node)
    if node is None or written is None:
        return None
    try:
        return Cron(written, zone)
    except ValueError as error:
        report.at(node, NAME, str(error))
        return None


def _lookback(node: Node | None, report: Report) -> timedelta:
    read: timedelta | None = None if node is None else value.read(report, "duration", node)
    if node is not None and read is not None and read > _LONGEST_LOOKBACK:
        report.at(
            node, NAME, f"a lookback is at most {format_duration(_LONGEST_LOOKBACK)}: all of it is read again each time"
        )
    return LOOKBACK if read is None else read


def _params(node: Node | None, pull: Pull, report: Report) -> dict[str, str]:
    written = value.mapping(report, node, "params:")
    declared = {parameter.name: parameter for parameter in pull.params}
    found: dict[str, str] = {}
    for entry in written or ():
        parameter = declared.get(entry.key.text)
        if parameter is None:
            key.unknown(report, entry.key, declared, f"params of {pull.event.name}")
            continue
        read = value.read(report, parameter.kind, entry.value, parameter.choices)
        if read is None:
            continue
        try:
            if parameter.check is not None:
                parameter.check(read)
        except ValueError as error:
            report.at(entry.value, NAME, str(error))
        found[parameter.name] = text(read)
    alone = [name for name in pull.no_window if name in found]
    if len(alone) > 1 and node is not None:
        report.at(node, NAME, f"{one_of(alone)} chooses by itself; keep one of them")
    return found
