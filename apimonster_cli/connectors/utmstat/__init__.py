"""Utmstat: new leads, changed leads and scored contacts, sent to our address."""

from pathlib import Path

from apimonster_cli.connectors.catalogue import Catalogue
from apimonster_cli.connectors.settings import LISTENING
from apimonster_cli.connectors.spec import Connector, Event, Hook, Setting
from apimonster_cli.connectors.utmstat.recognise import DEFAULT_CODES, check_event_names, recognise

NEW_LEAD = Event(
    "utmstat.new_lead",
    "Новая заявка",
    fields="new_lead",
    samples=("new_lead.json", "new_lead_sparse.json"),
    open_fields=("fields",),
)
LEAD_STATUS_CHANGED = Event(
    "utmstat.lead_status_changed",
    "Статус заявки изменился",
    fields="lead_status_changed",
    samples=("lead_status_changed.json",),
    open_fields=("fields",),
)
CONTACT_SCORED = Event(
    "utmstat.contact_scored",
    "Контакт оценён",
    fields="contact_scored",
    samples=("contact_scored.json",),
    bulk=True,  # once a day, one webhook for every contact of the last 14 days' leads
)

_CODES = "; ".join(f"{event}: {', '.join(codes)}" for event, codes in DEFAULT_CODES.items())

CONNECTOR = Connector(
    name="utmstat",
    title="Utmstat",
    settings=(
        *LISTENING,
        Setting(
            "event_names",
            "mapping",
            f"Which codes in event_name mean which event, when your Utmstat sends others than these: {_CODES}.",
            check=check_event_names,
        ),
    ),
    catalogue=Catalogue(Path(__file__).parent),
    hook=Hook(events=(NEW_LEAD, LEAD_STATUS_CHANGED, CONTACT_SCORED), recognise=recognise),
)
