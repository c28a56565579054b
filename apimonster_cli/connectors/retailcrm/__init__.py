"""RetailCRM: orders and their payments, customers and their notes, and the catalogue, through API v5."""

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from apimonster_cli.connectors.catalogue import Catalogue
from apimonster_cli.connectors.retailcrm.answers import judge
from apimonster_cli.connectors.retailcrm.create_customer import CREATE_CUSTOMER
from apimonster_cli.connectors.retailcrm.create_customer_note import CREATE_CUSTOMER_NOTE
from apimonster_cli.connectors.retailcrm.create_order import CREATE_ORDER
from apimonster_cli.connectors.retailcrm.create_order_from_ozon import CREATE_ORDER_FROM_OZON
from apimonster_cli.connectors.retailcrm.create_payment import CREATE_PAYMENT
from apimonster_cli.connectors.retailcrm.edit_order import EDIT_ORDER
from apimonster_cli.connectors.retailcrm.find_customer import FIND_CUSTOMER
from apimonster_cli.connectors.retailcrm.find_order import FIND_ORDER
from apimonster_cli.connectors.retailcrm.find_product import FIND_PRODUCT
from apimonster_cli.connectors.retailcrm.get_order_packs import GET_ORDER_PACKS
from apimonster_cli.connectors.retailcrm.get_store import GET_STORE
from apimonster_cli.connectors.retailcrm.references import REFERENCES, probe
from apimonster_cli.connectors.settings import TIMEZONE, check_safe_address, outgoing_rate, timeout
from apimonster_cli.connectors.spec import Connector, HeaderKey, Setting

_PAGES = ("/api", "/admin", "/login")  # what is copied along from a browser or from the API's documentation


def _two_letters(region: Any) -> None:
    if not (len(region) == 2 and region.isascii() and region.isalpha() and region.isupper()):
        raise ValueError("a phone region is a country's two capital letters, such as RU, UA or KZ")


def _account_address(url: Any) -> None:
    check_safe_address(url)
    if urlsplit(url).path.startswith(_PAGES):
        raise ValueError(
            "write the account's address alone, such as https://demo.retailcrm.ru; the rest is added to it"
        )


CONNECTOR = Connector(
    name="retailcrm",
    title="RetailCRM",
    settings=(
        Setting(
            "url",
            "url",
            "The address of the account, such as https://demo.retailcrm.ru.",
            required=True,
            check=_account_address,
        ),
        Setting("api_key", "text", "The API key, from the CRM's settings.", required=True, secret=True),
        Setting("site", "text", "The code of the shop that orders go to; needed when the key reaches several."),
        TIMEZONE,
        outgoing_rate(10.0),  # calls a second for one key (api-client-go, rate.go)
        timeout(30),
        Setting("phone_region", "text", "The country of phones written without one.", default="RU", check=_two_letters),
    ),
    catalogue=Catalogue(Path(__file__).parent),
    actions=(
        CREATE_ORDER,
        CREATE_ORDER_FROM_OZON,
        EDIT_ORDER,
        CREATE_CUSTOMER_NOTE,
        FIND_ORDER,
        FIND_PRODUCT,
        GET_STORE,
        GET_ORDER_PACKS,
        FIND_CUSTOMER,
        CREATE_CUSTOMER,
        CREATE_PAYMENT,
    ),
    url="url",
    auth=HeaderKey("X-API-KEY", "api_key"),
    judge=judge,
    rate_shared_by="key",
    probe=probe,
    references=REFERENCES,
)
