"""The clients of one configuration: one for each connection, made when the first call needs it."""

import threading
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from apimonster_cli.bundles.model import Config, Connection
from apimonster_cli.core.clock import Clock
from apimonster_cli.core.errors import PermanentError
from apimonster_cli.engine.call import Client

if TYPE_CHECKING:
    from apimonster_cli.transport.rate import Rate

_TIMEOUT = timedelta(seconds=30)


class Rates:
    """The outgoing rates by what they count together. They outlive a configuration: a reload must not let calls bunch up."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._rates: dict[tuple[str | None, ...], tuple[float, Rate]] = {}

    def of(self, connection: Connection, config: Config) -> "Rate | None":
        """Return the rate of a connection, the same object for all that are counted together; None when it has none.

        Where connections are counted together, the slowest of their rates holds for all.
        """
        from apimonster_cli.transport.rate import Rate

        together = [other for other in config.connections.values() if _key(other) == _key(connection)]
        rates = [other.settings["rate"] for other in together if other.settings.get("rate")]
        if not rates:
            return None
        with self._lock:
            known = self._rates.get(_key(connection))
            if known is None or known[0] != min(rates):
                known = self._rates[_key(connection)] = (min(rates), Rate(min(rates), self._clock))
            return known[1]


def _key(connection: Connection) -> tuple[str | None, ...]:
    """Return what tells the calls that are counted together. It may hold a key: for comparing only."""
    connector, settings = connection.connector, connection.settings
    if connector.url and connector.rate_shared_by != "connection":
        host = urlsplit(settings[connector.url]).hostname
        if connector.rate_shared_by == "host":
            return "host", host
        if connector.auth is not None:
            return "key", host, settings[connector.auth.setting]
    return "connection", connection.name


class Clients:
    """Connection name → client. Thread-safe; the HTTP library is imported with the first client, not before."""

    def __init__(self, config: Config, clock: Clock, rates: Rates | None = None) -> None:
        self._config = config
        self._clock = clock
        self._rates = rates or Rates(clock)
        self._lock = threading.Lock()
        self._clients: dict[str, Client] = {}

    def of(self, connection: str) -> Client:
        """Return the client of a connection; PermanentError when the connection has no address to call."""
        client = self._clients.get(connection)
        if client is None:
            with self._lock:
                client = self._clients.get(connection) or self._made(self._config.connections[connection])
                self._clients[connection] = client
        return client

    def _made(self, connection: Connection) -> Client:
        from apimonster_cli.transport.client import Client as HttpClient

        settings, connector = connection.settings, connection.connector
        if connector.url is None:
            raise PermanentError(
                f"connection {connection.name} ({connector.name}) only listens: it has no address to call"
            )
        return HttpClient(
            connection.name,
            settings[connector.url],
            headers=connector.call_headers(settings),
            query=connector.call_query(settings),
            rate=self._rates.of(connection, self._config),
            timeout=(settings.get("timeout") or _TIMEOUT).total_seconds(),
            redactor=self._config.redactor,
            clock=self._clock,
            pool=self._config.settings.workers,
            public_only=connector.public_only(settings),
        )
