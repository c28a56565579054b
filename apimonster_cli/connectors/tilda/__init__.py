"""Tilda: the forms of a site, sent to our address."""

from pathlib import Path

from apimonster_cli.connectors.catalogue import Catalogue
from apimonster_cli.connectors.settings import LISTENING
from apimonster_cli.connectors.spec import Connector, Event, Hook
from apimonster_cli.connectors.tilda.recognise import EVENT, is_address_check, recognise

FORM_SUBMITTED = Event(
    EVENT,
    "Форма отправлена",
    fields="form_submitted",
    samples=("form_submitted.json", "form_with_cart.json", "form_renamed.json"),
    open_fields=("*",),
)

CONNECTOR = Connector(
    name="tilda",
    title="Tilda",
    settings=LISTENING,
    catalogue=Catalogue(Path(__file__).parent),
    hook=Hook(events=(FORM_SUBMITTED,), recognise=recognise, is_address_check=is_address_check),
)
