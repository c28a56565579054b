"""Calls that only read, made while a person waits: beside the deliveries, and not on record."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from apimonster_cli.bundles.model import Connection
from apimonster_cli.core.call import Answer, Request
from apimonster_cli.core.clock import Clock
from apimonster_cli.core.errors import TransientError
from apimonster_cli.engine.call import Client

_TRIES = 3
_LONGEST_WAIT = 60.0  # seconds that a service, or a rate of ours, may ask for


class Account:
    """connectors.spec.Asking: one connection, its rate kept, its answers judged.

    ahead: how far the clock here is before that of the service, within a second; None until it has said.
    """

    def __init__(self, connection: Connection, client: Client, clock: Clock) -> None:
        self.connection = connection
        self.ahead: timedelta | None = None
        self._client = client
        self._clock = clock

    @property
    def settings(self) -> Mapping[str, Any]:
        """Return the connection's settings."""
        return self.connection.settings

    @property
    def now(self) -> datetime:
        """Return the present moment."""
        return self._clock.now()

    def ask(self, request: Request) -> Answer:
        """Make one call; what a limit turns away is tried again when the limit allows."""
        for _ in range(_TRIES - 1):
            try:
                return self._ask(request)
            except TransientError as error:
                if error.retry_after is None or error.retry_after > _LONGEST_WAIT:
                    raise
                self._clock.sleep(error.retry_after)
        return self._ask(request)

    def _ask(self, request: Request) -> Answer:
        self._client.reserve()
        answer = self._client.send(request)
        self.ahead = _ahead(answer, self._clock.now())
        if self.connection.connector.judge is not None:
            self.connection.connector.judge(request, answer)
        return answer


def _ahead(answer: Answer, now: datetime) -> timedelta | None:
    try:
        return now - parsedate_to_datetime(answer.headers["date"])
    except (KeyError, ValueError, TypeError):  # no date, one that cannot be read, or one without a zone
        return None
