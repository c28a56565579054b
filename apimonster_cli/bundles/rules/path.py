"""A source path that cannot be read (an error), or that names no field of the event (a warning).

The likeliest slip is a constant written bare: `orderType: eshop-individual` looks for a field called `eshop-individual`. A constant is written
`{value: eshop-individual}`. Senders may add fields that nobody knows in advance, so this is a warning, and paths below a place that
is open by nature (a lead's own `fields.*`, anything in a universal webhook) get none. The fields of `meta` are known too.

Bad:

```yaml
bundles:
  leads:
    source: {event: utmstat.new_lead}
    steps:
      - action: retailcrm.create_order
        fields:
          phone: contact.phon
          orderType: eshop-individual
```

Good:

```yaml
bundles:
  leads:
    source: {event: utmstat.new_lead}
    steps:
      - action: retailcrm.create_order
        fields:
          phone: contact.phone
          orderType: {value: eshop-individual}
```
"""

from apimonster_cli.bundles import keys
from apimonster_cli.bundles.draft import Draft, DraftBundle
from apimonster_cli.bundles.problem import nearest
from apimonster_cli.bundles.report import Report
from apimonster_cli.bundles.uses import SourcePath, is_field, of_bundle
from apimonster_cli.connectors.catalogue import near

NAME = "path"


def check(draft: Draft, report: Report) -> None:
    """Warn of every path that none of the bundle's events has."""
    for bundle in draft.bundles:
        for _, use in of_bundle(bundle):
            if use.dotted is None:
                continue
            if use.root == "meta":
                _check_meta(use, report)
            elif use.root == "event" and bundle.known_events and bundle.connector:
                _check_event(bundle, use, use.dotted, report)


def _check_meta(use: SourcePath, report: Report) -> None:
    if use.parts and use.parts[0] not in keys.META:
        near_name = nearest(use.parts[0], keys.META)
        message = f"meta has no {use.parts[0]}; it has {', '.join(keys.META)}"
        report.at(use.node, NAME, message, near_name and f"meta.{near_name}", severity="warning")


def _check_event(bundle: DraftBundle, use: SourcePath, path: str, report: Report) -> None:
    catalogue = bundle.connector.catalogue if bundle.connector else None
    if catalogue is None or not path:
        return
    known = {event: dict(catalogue.fields(event.fields)) for event in bundle.known_events}
    if any(is_field(event, fields, path) for event, fields in known.items()):
        return
    names = " or ".join(event.name for event in known)
    near_by = [offer for fields in known.values() for offer in near(fields, path)]
    offers = [use.offer(offer) for offer in near_by]
    if use.bare and "." not in use.text and not _alike(path, near_by):
        offers = [f"{{value: {use.text}}}"]
    report.at(use.node, NAME, f"{use.text} is no field of {names}", offers[0] if offers else None, severity="warning")


def _alike(path: str, offers: list[str]) -> bool:
    return bool(offers) and nearest(path, offers[:1], cutoff=0.75) is not None
