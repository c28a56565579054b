"""The clients of one configuration: one for each connection, made when the first call needs it."""

import threading
from datetime import timedelta

from apimonster_cli.bundles.model import Config, Connection
from apimonster_cli.core.clock import Clock
from apimonster_cli.core.errors import PermanentError
from apimonster_cli.engine.call import Client

_TIMEOUT = timedelta(seconds=30)


class Clients:
    """Connection name → client. Thread-safe; the HTTP library is imported with the first client, not before."""

    def __init__(self, config: Config, clock: Clock) -> None:
        self._config = config
        self._clock = clock
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
        from apimonster_cli.transport.rate import Rate

        settings, connector = connection.settings, connection.connector
        if connector.url is None:
            raise PermanentError(
                f"connection {connection.name} ({connector.name}) only listens: it has no address to call"
            )
        per_second = settings.get("rate")
        return HttpClient(
            connection.name,
            settings[connector.url],
            headers=connector.call_headers(settings),
            rate=Rate(per_second, self._clock) if per_second else None,
            timeout=(settings.get("timeout") or _TIMEOUT).total_seconds(),
            redactor=self._config.redactor,
            clock=self._clock,
            pool=self._config.settings.workers,
        )
