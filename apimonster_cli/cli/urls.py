"""`sync urls`: the addresses to paste into the senders' settings. The one place where a token is shown, on purpose."""

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from apimonster_cli.cli import output
from apimonster_cli.cli.opening import AsJson, Files, load_config
from apimonster_cli.core.address import from_here

if TYPE_CHECKING:
    from apimonster_cli.bundles.model import Config, Settings


def command(files: Files = None, *, as_json: AsJson = False) -> int:
    """Show the webhook addresses to paste into Utmstat, SalesDrive and other senders.

    The addresses contain the connections' tokens: whoever has one can send events, so hand them only to the sender.
    """
    config = load_config(files)
    found = addresses(config)
    if as_json:
        output.document(found)
        return 0
    for row in found:
        output.say(f"{row['connection']} ({row['title']})")
        output.say(f"    {row['url']}")
    if not found:
        output.tell("No connection receives webhooks.")
    elif not config.settings.public_url:
        output.tell(
            "These addresses work on this machine only. Set settings.public_url to the https address under which "
            "the senders reach this machine."
        )
    return 0


def addresses(config: "Config") -> list[dict[str, Any]]:
    """Return connection, type, title and url of every connection that receives webhooks."""
    base = base_address(config.settings)
    return [
        {
            "connection": name,
            "type": connection.connector.name,
            "title": connection.connector.title,
            "url": f"{base}/hooks/{name}/{quote(str(connection.settings['token']), safe='')}",
        }
        for name, connection in config.connections.items()
        if connection.connector.hook
    ]


def base_address(settings: "Settings") -> str:
    """Return public_url, or the address that this machine itself reaches the listener at; no slash at the end."""
    if settings.public_url:
        return settings.public_url.rstrip("/")
    return from_here(settings.listen)
