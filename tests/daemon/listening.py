"""The listener on a free loopback port, and plain HTTP to talk to it."""

import http.client
import json
import socket
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import uvicorn

from apimonster_cli.bundles.model import Bundle, Config, Connection, Settings
from apimonster_cli.connectors import registry
from apimonster_cli.core.clock import Clock, SystemClock
from apimonster_cli.core.errors import StoreError
from apimonster_cli.core.meter import SILENT, Meter
from apimonster_cli.core.place import Place
from apimonster_cli.core.redact import Redactor
from apimonster_cli.daemon.gate import Bounds, server_options
from apimonster_cli.daemon.health import Health
from apimonster_cli.daemon.listener import build_app
from apimonster_cli.store.api import Store
from apimonster_cli.store.rows import Accepted, NewEvent

TOKEN = "a-long-hook-token"
PLACE = Place("bundles.yaml", 1, 1)


@dataclass
class Reply:
    status: int
    body: Any
    headers: Mapping[str, str]


class HeldStore:
    """Keeps events in a list. With `holding`, nothing is on disk until `release` is called; `failure` is what a commit comes to, `waiting` what a count."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        self.events: list[NewEvent] = []
        self.holding = False
        self.failure: Exception | None = None
        self.waiting: int | None = 0
        self._held: list[Callable[[], None]] = []
        self.came = threading.Semaphore(0)

    def accept(self, event: NewEvent) -> "Future[Accepted]":
        future: Future[Accepted] = Future()
        self.events.append(event)
        accepted = Accepted(len(self.events), duplicate=False)
        failure = self.failure

        def finish() -> None:
            if failure:
                future.set_exception(failure)
            else:
                future.set_result(accepted)

        if self.holding:
            self._held.append(finish)
        else:
            finish()
        self.came.release()
        return future

    def release(self) -> None:
        writer = threading.Thread(target=lambda: [finish() for finish in self._held])
        writer.start()
        writer.join()

    def open_by_bundle(self) -> Mapping[str, int]:
        if self.waiting is None:
            raise StoreError("the database is busy")
        return {"leads": self.waiting}

    def writable(self) -> bool:
        return self.failure is None


def connection(kind: str = "webhook", name: str = "site", **settings: Any) -> Connection:
    """Return a connection as it comes out of a bundle file, with the defaults of its settings."""
    connector = registry.connector(kind)
    defaults = {setting.name: setting.default for setting in connector.settings}
    return Connection(name, connector, {**defaults, "token": TOKEN, **settings}, PLACE)


def bundle(name: str, of: Connection, *events: str) -> Bundle:
    """Return a bundle that listens to events of a connection; it is never worked on."""
    found = [registry.event(event) for event in events]
    kinds = tuple(event for pair in found if pair for event in pair[1:])
    return Bundle(name, None, cast("Any", kinds), of, None, (), (), (), PLACE)


def config(
    connections: Sequence[Connection], bundles: Sequence[Bundle] = (), settings: Settings | None = None
) -> Config:
    """Return the configuration of these connections and bundles."""
    return Config(
        settings=settings or Settings(),
        connections={one.name: one for one in connections},
        bundles={one.name: one for one in bundles},
        redactor=Redactor([one.settings["token"] for one in connections]),
        files=(),
        base=Path(),
    )


class Listening:
    """A listener that is up."""

    def __init__(self, port: int) -> None:
        self.port = port

    def send(
        self,
        body: bytes | str = b"",
        *,
        method: str = "POST",
        path: str = f"/hooks/site/{TOKEN}",
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Return what one request comes to; JSON unless headers say otherwise."""
        sender = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            raw = body.encode() if isinstance(body, str) else body
            sender.request(
                method, path, raw, {"Content-Type": "application/json"} if headers is None else dict(headers)
            )
            return read_reply(sender.getresponse())
        finally:
            sender.close()

    @contextmanager
    def raw(self) -> Iterator[socket.socket]:
        """Give a bare connection."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=20) as sender:
            yield sender


def read_reply(answer: http.client.HTTPResponse) -> Reply:
    """Return status, JSON body and headers in lower case."""
    text = answer.read()
    return Reply(answer.status, json.loads(text) if text else None, {k.lower(): v for k, v in answer.getheaders()})


def read_raw(sender: socket.socket) -> Reply:
    """Return the reply on a bare connection."""
    answer = http.client.HTTPResponse(sender)
    try:
        answer.begin()
        return read_reply(answer)
    finally:
        answer.close()


@contextmanager
def listening(
    configured: Config,
    store: Any,
    *,
    clock: Clock | None = None,
    health: Health | None = None,
    body_seconds: float = 30,
    bounds: Bounds | None = None,
    send_buffer: int | None = None,
    meter: Meter = SILENT,
    **options: Any,
) -> Iterator[Listening]:
    """Run the listener in a thread, as the daemon does; `options` are uvicorn's."""
    clock = clock or SystemClock()
    kept = cast("Store", store)
    app = build_app(configured, kept, clock, health or Health(kept, clock), body_seconds=body_seconds, meter=meter)
    with socket.create_server(("127.0.0.1", 0)) as port:
        if send_buffer:
            port.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, send_buffer)
        server = uvicorn.Server(uvicorn.Config(cast("Any", app), **server_options(bounds) | options))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [port]})
        thread.start()
        try:
            yield Listening(port.getsockname()[1])
        finally:
            server.should_exit = True
            thread.join(20)
