"""Universal incoming webhook: any sender, any shape."""

from pathlib import Path

from apimonster_cli.connectors.catalogue import Catalogue
from apimonster_cli.connectors.settings import LISTENING
from apimonster_cli.connectors.spec import Connector, Event, Hook, Setting
from apimonster_cli.connectors.webhook.recognise import is_address_check, recognise
from apimonster_cli.connectors.webhook.signature import check_signature

RECEIVED = Event(
    "webhook.received", "Входящий вебхук", fields="received", samples=("form_lead.json",), open_fields=("*",)
)

CONNECTOR = Connector(
    name="webhook",
    title="Webhook",
    settings=(
        *LISTENING,
        Setting(
            "dedupe",
            "path",
            "Where the sender's own id stands, such as lead.uuid: what comes twice with it is taken once.",
        ),
        Setting(
            "signature",
            "mapping",
            "How the sender signs: scheme (standard-webhooks or hmac-sha256) and secret; header and tolerance if they differ.",
            secret=True,
            check=check_signature,
        ),
    ),
    catalogue=Catalogue(Path(__file__).parent),
    hook=Hook(events=(RECEIVED,), recognise=recognise, is_address_check=is_address_check),
)
