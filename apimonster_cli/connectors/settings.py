"""Settings that several connectors share, so that one word means one thing in every connection."""

import re
from datetime import timedelta
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from apimonster_cli.connectors.spec import Setting

_PATH_PART = re.compile(r"[A-Za-z0-9._~-]+")


def _fits_an_address(token: Any) -> None:
    if not _PATH_PART.fullmatch(token):
        raise ValueError("a token is a part of the webhook address: use only letters, digits, and the signs . _ ~ -")


TOKEN = Setting(
    "token",
    "text",
    "The secret part of the webhook address; at least 12 characters.",
    required=True,
    secret=True,
    shortest=12,
    check=_fits_an_address,
)
TIMEZONE = Setting(
    "timezone", "zone", "The time zone of dates that carry none, such as Europe/Moscow. Otherwise that of the settings."
)
INCOMING_RATE = Setting("rate", "rate", "The most webhooks taken in a second, such as 200/s; no bound unless set.")
MAX_BODY = Setting("max_body", "size", "The largest webhook body that is taken.", default=1024 * 1024)
ALLOW_FROM = Setting("allow_from", "networks", "The networks that webhooks may come from; any unless set.", default=())
TRUSTED_PROXIES = Setting(
    "trusted_proxies",
    "networks",
    "The networks of your own proxies, such as 127.0.0.1: only from there X-Forwarded-For says who sent a webhook.",
    default=(),
)
METHODS = Setting(
    "methods", "list", "The HTTP methods that bring events.", default=("POST",), choices=("GET", "POST", "PUT", "PATCH")
)
STALE = Setting(
    "stale",
    "text",
    "What becomes of an event that arrives later than a newer version of the same thing: it is kept and shown, "
    "and not delivered (drop), or delivered all the same (deliver).",
    default="drop",
    choices=("drop", "deliver"),
)
"""Of those whose events have versions."""
LISTENING = (TOKEN, TIMEZONE, INCOMING_RATE, MAX_BODY, ALLOW_FROM, TRUSTED_PROXIES, METHODS)
"""What every connector that takes webhooks has."""


def outgoing_rate(default: float | None) -> Setting:
    """Return the setting `rate` of a connection that calls out."""
    return Setting("rate", "rate", "The most calls made in a second, such as 10/s or 90/m.", default=default)


def timeout(seconds: int) -> Setting:
    """Return the setting `timeout` of a connection that calls out."""
    return Setting(
        "timeout",
        "duration",
        "How long to wait for an answer.",
        default=timedelta(seconds=seconds),
        check=_above_zero,
    )


def check_address(address: Any) -> None:
    """Raise ValueError unless `address` is an http or https address with a host and without user, query and fragment."""
    try:
        parts = urlsplit(address)
        bad_port = parts.port == 0
    except ValueError:
        raise ValueError("this is not an address; write it like https://demo.retailcrm.ru") from None
    if parts.scheme not in ("http", "https") or not parts.hostname or bad_port:
        raise ValueError("an address starts with https:// and a host name, such as https://demo.retailcrm.ru")
    if parts.username is not None or parts.query or parts.fragment:
        raise ValueError("an address here has no user name, no ? and no #")


def check_safe_address(address: Any) -> None:
    """As check_address; and the key must not travel in clear text, except on this machine."""
    check_address(address)
    parts = urlsplit(address)
    if parts.scheme != "https" and not is_loopback(str(parts.hostname)):
        raise ValueError("the address must start with https://, or the key would travel in clear text")


def is_loopback(host: str) -> bool:
    """Return whether `host` means this machine."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _above_zero(duration: Any) -> None:
    if duration <= timedelta(0):
        raise ValueError("a timeout is longer than nothing, such as 30s")
