"""HTTP: any outgoing request to a fixed host."""

from pathlib import Path
from typing import Any

from apimonster_cli.connectors.catalogue import Catalogue
from apimonster_cli.connectors.http.answers import judge
from apimonster_cli.connectors.http.request import REQUEST
from apimonster_cli.connectors.settings import check_address, outgoing_rate, timeout
from apimonster_cli.connectors.spec import Connector, Setting


def _check_headers(headers: Any) -> None:
    for name, value in headers.items():
        if not isinstance(value, str) or not value.isascii() or not value.isprintable():
            raise ValueError(f"the header {name} needs a text of plain letters and signs")


CONNECTOR = Connector(
    name="http",
    title="HTTP",
    settings=(
        Setting(
            "url",
            "url",
            "The address that all requests start with, such as https://api.example.com/v1; it fixes the host.",
            required=True,
            check=check_address,
        ),
        Setting(
            "headers", "mapping", "Headers of every request, such as Authorization.", secret=True, check=_check_headers
        ),
        Setting(
            "private",
            "boolean",
            "Whether requests may reach this machine and private networks, where services often trust every caller.",
            default=False,
        ),
        outgoing_rate(None),
        timeout(30),
    ),
    catalogue=Catalogue(Path(__file__).parent),
    actions=(REQUEST,),
    url="url",
    headers="headers",
    private="private",
    judge=judge,
)
