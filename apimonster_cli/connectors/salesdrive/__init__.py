"""SalesDrive: new orders and orders whose status changed, sent to our address as whole snapshots."""

from pathlib import Path

from apimonster_cli.connectors.catalogue import Catalogue
from apimonster_cli.connectors.salesdrive.labels import derive
from apimonster_cli.connectors.salesdrive.recognise import recognise
from apimonster_cli.connectors.settings import LISTENING, STALE
from apimonster_cli.connectors.spec import Connector, Event, Hook

# Where an account's own fields stand, and the blocks of carriers that the service's page does not spell out.
_OPEN = (
    "data.*",
    "data.contacts.0.con_*",
    "data.ord_meest",
    "data.ord_rozetka_delivery",
    "labels.*",
    "labels.contacts.0.*",
    "meta.fields",
    "meta.contacts",
)

NEW_ORDER = Event("salesdrive.new_order", "Нова заявка", fields="order", samples=("new_order.json",), open_fields=_OPEN)
STATUS_CHANGE = Event(
    "salesdrive.status_change",
    "Зміна статусу заявки",
    fields="order",
    samples=("status_change.json", "status_change_sparse.json"),
    open_fields=_OPEN,
)

CONNECTOR = Connector(
    name="salesdrive",
    title="SalesDrive",
    settings=(*LISTENING, STALE),
    catalogue=Catalogue(Path(__file__).parent),
    hook=Hook(events=(NEW_ORDER, STATUS_CHANGE), recognise=recognise, derive=derive),
)
