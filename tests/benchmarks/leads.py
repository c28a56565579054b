"""Leads of 3.5 KB, each with an id of its own."""

import json

from apimonster_cli.connectors import registry
from tests.daemon.listening import TOKEN

FIRST = 314_159_266  # ids of one length, so that all requests have one size
PATH = f"/hooks/site/{TOKEN}"


class Leads:
    """Hands out leads, numbered upwards from FIRST."""

    def __init__(self) -> None:
        sample = registry.connector("utmstat").catalogue.folder / "samples" / "new_lead.json"
        lead = json.loads(sample.read_bytes())
        body = json.dumps({**lead, "id": FIRST}, ensure_ascii=False, indent=2).encode()
        self._head = (
            f"POST {PATH} HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: benchmark\r\nAccept: */*\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        ).encode()
        self._before, self._after = body.split(b"%d" % FIRST)
        self._next = FIRST

    def body(self) -> bytes:
        """Return the next lead."""
        number, self._next = self._next, self._next + 1
        return b"%b%d%b" % (self._before, number, self._after)

    def request(self) -> bytes:
        """Return the HTTP request that posts the next lead."""
        return self._head + self.body()
