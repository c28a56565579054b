"""The listener: a webhook into the store.

A raw ASGI application: nothing stands between the server and the store but what a webhook needs. The order of the
checks is that of their cost, and nothing is told to whom the address is not known.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from apimonster_cli.bundles.model import Config
from apimonster_cli.core import crash, exactjson, log
from apimonster_cli.core.clock import Clock
from apimonster_cli.core.errors import StoreError
from apimonster_cli.core.meter import SILENT, Meter
from apimonster_cli.daemon.asgi import AGAIN, App, Header, Receive, Scope, Send, answer, refusal
from apimonster_cli.daemon.body import (
    Payload,
    TooLargeError,
    UnknownTypeError,
    UnreadableError,
    read_body,
    read_query,
    unpack,
)
from apimonster_cli.daemon.door import Arrival, Door, Doors
from apimonster_cli.daemon.health import Health
from apimonster_cli.daemon.limits import Guesses, Network, QueueBound, sender, within
from apimonster_cli.daemon.receipts import Receipts
from apimonster_cli.store.api import Store
from apimonster_cli.store.rows import NewEvent

Reply = tuple[int, bytes, tuple[Header, ...]]

BODY_SECONDS = 30.0
"""How long a sender may take over a body."""

_TELL = 10.0  # seconds between two log lines about the same trouble of the same connection
_OK: Reply = (200, b'{"status":"ok"}', ())
_CHECKS = frozenset({"GET", "HEAD"})


class _Refusal(Exception):  # noqa: N818 - an answer, not a failure
    """An answer other than 200, raised where it is found out."""

    def __init__(self, status: int, reason: str, *headers: Header, door: Door | None = None) -> None:
        super().__init__(reason)
        self.reply: Reply = (status, refusal(reason), headers)
        self.status = status
        self.door = door


class _GoneError(Exception):
    """The sender left before the whole body was there."""


def build_app(  # noqa: PLR0913 - what it stands between
    config: Config,
    store: Store,
    clock: Clock,
    health: Health,
    *,
    guesses: Guesses | None = None,
    body_seconds: float = BODY_SECONDS,
    meter: Meter = SILENT,
) -> App:
    """Return the ASGI application. ConfigError when a connection's signature cannot be used.

    guesses: who has tried wrong addresses; handed on from one application to the next when the files are read again.
    """
    return Listener(config, store, clock, health, guesses or Guesses(clock), body_seconds, meter)


class Listener:
    """Answers POST /hooks/{connection}/{token}, GET /healthz and GET /readyz."""

    def __init__(  # noqa: PLR0913, PLR0917 - see build_app
        self,
        config: Config,
        store: Store,
        clock: Clock,
        health: Health,
        guesses: Guesses,
        body_seconds: float,
        meter: Meter,
    ) -> None:
        self._store = store
        self._meter = meter
        self._clock = clock
        self._health = health
        self._body_seconds = body_seconds
        self._doors = Doors(config, clock)
        self._guesses = guesses
        self._receipts = Receipts()
        self._queue = QueueBound(config.settings.queue_limit, clock, self._count)
        self._told: dict[tuple[str, int], float] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request; `gate.server_options` lets nothing else come in."""
        try:
            status, body, headers = await self._reply(scope, receive)
        except _Refusal as refused:
            status, body, headers = refused.reply
            self._tell(refused)
            if scope["path"].startswith("/hooks/"):
                self._meter.refused(refused.door.connection.name if refused.door else None, status)
        except _GoneError:
            return
        except Exception:  # noqa: BLE001 - whatever it was, nothing was accepted, and the sender is to try again
            log.get().exception("a request could not be answered")
            status, body, headers = _unavailable("something is wrong here; send it again later").reply
        await answer(send, status, body, *headers)
        if status == 200 and scope["method"] == "POST":
            crash.point("after-answer")

    async def _reply(self, scope: Scope, receive: Receive) -> Reply:
        path: str = scope["path"]
        if path.startswith("/hooks/"):
            return await self._webhook(scope, receive)
        if path not in ("/healthz", "/readyz"):
            raise _not_found()
        if scope["method"] not in _CHECKS:
            raise _wrong_method(_CHECKS)
        if path == "/healthz":
            return _OK
        ready, parts = await asyncio.get_running_loop().run_in_executor(None, self._health.ready)
        return (200 if ready else 503, _json(parts), ())

    async def _webhook(self, scope: Scope, receive: Receive) -> Reply:
        door, remote = self._let_in(scope)
        method: str = scope["method"]
        query: bytes = scope["query_string"]
        if method in _CHECKS and not (query and method in door.methods):
            return _OK
        if method not in door.methods:
            raise _wrong_method(_CHECKS | door.methods)
        self._check_limits(door)
        headers: dict[bytes, bytes] = dict(scope["headers"])
        body = b"" if method == "GET" else await self._body(door, headers, receive)
        if not body and method != "GET":
            return _OK
        arrival = Arrival(
            received_at=self._clock.now(),
            remote=remote,
            headers=scope["headers"],
            content_type=headers.get(b"content-type", b"").decode("latin-1") or None,
            query=query,
            raw=query if method == "GET" else body,
        )
        if door.signature and (reason := door.signature.refusal(headers, body, arrival.received_at)):
            raise _Refusal(401, reason, door=door)
        return await self._take(door, arrival, method, headers.get(b"content-encoding", b""))

    def _let_in(self, scope: Scope) -> tuple[Door, str | None]:
        """Return the door that a request may go through, and whom it comes from. All others are told the same, and guessers to wait."""
        door = self._doors.find(scope["path"])
        peer = scope["client"][0] if scope.get("client") else None
        remote = _sender(scope, peer, door.trusted_proxies) if door else None
        if door and door.allow_from and not within(remote, door.allow_from):
            door = None
        guesser = _sender(scope, peer, self._doors.proxies)
        shared = within(guesser, self._doors.proxies)
        if wait := self._guesses.refuses(guesser, scope["path"], right=door is not None, shared=shared):
            raise _Refusal(429, "too many wrong addresses were tried from here", (b"retry-after", b"%d" % wait))
        if door is None:
            raise _not_found()
        return door, remote

    async def _take(self, door: Door, arrival: Arrival, method: str, encoding: bytes) -> Reply:
        """Read a webhook that may come in, and have it kept."""
        began = self._clock.monotonic()
        try:
            event = _event(door, arrival, method, encoding)
        except TooLargeError:
            raise _too_large(door) from None
        except UnreadableError as error:
            return await self._reject(400, door, arrival, str(error))
        except UnknownTypeError as error:
            return await self._reject(415, door, arrival, str(error))
        if event is None:
            return _OK
        row, duplicate = await self._keep(door, event)
        self._meter.acknowledged(self._clock.monotonic() - began)
        if duplicate:
            return (200, b'{"status":"duplicate","event":%d}' % row, ())
        self._queue.add(len(event.bundles))
        return (200, b'{"status":"accepted","event":%d}' % row, ())

    async def _reject(self, status: int, door: Door, arrival: Arrival, reason: str) -> Reply:
        row, _ = await self._keep(door, door.rejected(arrival, reason))
        self._tell(_Refusal(status, reason, door=door))
        return (status, _json({"status": "rejected", "event": row, "reason": reason}), ())

    async def _keep(self, door: Door, event: NewEvent) -> tuple[int, bool]:
        """Return the id of the event's row, once it is on disk, and whether it was there before."""
        try:
            accepted = await self._receipts.wait(self._store.accept(event))
        except StoreError as error:
            log.get().error("a webhook could not be kept", connection=door.connection.name, error=str(error))
            raise _unavailable("the webhook could not be kept; send it again later") from None
        status = "duplicate" if accepted.duplicate else "stale" if accepted.stale else event.status
        self._meter.event(event.connection, event.event, status)
        return accepted.event_id, accepted.duplicate

    def _check_limits(self, door: Door) -> None:
        wait = door.rate.take() if door.rate else 0
        if wait:
            reason = "more webhooks a second than this connection takes"
            raise _Refusal(429, reason, (b"retry-after", b"%d" % wait), door=door)
        if self._queue.full():
            raise _unavailable("too many deliveries are waiting; send the webhook again later", door)

    async def _body(self, door: Door, headers: Mapping[bytes, bytes], receive: Receive) -> bytes:
        """Return the whole body of a request, read no further than the bound."""
        if int(headers.get(b"content-length", b"0")) > door.max_body:
            raise _too_large(door)
        chunks: list[bytes] = []
        size = 0
        try:
            async with asyncio.timeout(self._body_seconds):
                while True:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        raise _GoneError
                    chunk: bytes = message.get("body", b"")
                    size += len(chunk)
                    if size > door.max_body:
                        raise _too_large(door)
                    if not message.get("more_body"):
                        return b"".join((*chunks, chunk)) if chunks else chunk
                    chunks.append(chunk)
        except TimeoutError:
            reason = f"the body did not arrive within {self._body_seconds:g} seconds"
            raise _Refusal(408, reason, (b"connection", b"close"), door=door) from None

    def _count(self) -> None:
        """Count the queue in another thread, and tell the bound."""
        loop = asyncio.get_running_loop()
        counting = loop.run_in_executor(None, self._store.open_by_bundle)

        def take(done: asyncio.Future[Any]) -> None:
            error = done.exception()
            if error:
                log.get().error("the queue could not be counted", error=str(error))
                self._queue.counted(None)
            else:
                self._queue.counted(sum(done.result().values()))

        counting.add_done_callback(take)

    def _tell(self, refused: _Refusal) -> None:
        """Log a refusal, but not each of a flood; strangers who know no address are not worth a line."""
        if refused.door is None:
            return
        name = refused.door.connection.name
        now = self._clock.monotonic()
        if now >= self._told.get((name, refused.status), float("-inf")):
            self._told[name, refused.status] = now + _TELL
            log.get().warning("webhook refused", connection=name, status=refused.status, reason=str(refused))


def _event(door: Door, arrival: Arrival, method: str, encoding: bytes) -> NewEvent | None:
    """Return a webhook as it is to be kept; None when somebody only tries the address.

    The value that was read is gone by the time its text waits for the disk: with many waiting it would crowd the caches.
    """
    payload = _read(arrival, method, encoding, door.max_body)
    return None if door.is_address_check(payload) else door.event(arrival, payload)


def _read(arrival: Arrival, method: str, encoding: bytes, most: int) -> Payload:
    if method == "GET":
        return read_query(arrival.raw)
    if encoding:
        arrival.raw = unpack(encoding.decode("latin-1").strip().lower(), arrival.raw, most)
    return read_body(arrival.content_type or "", arrival.raw)


def _sender(scope: Scope, peer: str | None, proxies: Sequence[Network]) -> str | None:
    """Return whom a webhook comes from, where these proxies are believed."""
    if not proxies:
        return peer
    return sender(peer, [value for name, value in scope["headers"] if name == b"x-forwarded-for"], proxies)


def _not_found() -> _Refusal:
    return _Refusal(404, "there is no such address")


def _wrong_method(allowed: frozenset[str]) -> _Refusal:
    return _Refusal(405, "this method is not taken here", (b"allow", ", ".join(sorted(allowed)).encode()))


def _too_large(door: Door) -> _Refusal:
    return _Refusal(413, f"the body is over {door.max_body} bytes", (b"connection", b"close"), door=door)


def _unavailable(reason: str, door: Door | None = None) -> _Refusal:
    return _Refusal(503, reason, (b"retry-after", b"%d" % AGAIN), door=door)


def _json(value: Any) -> bytes:
    return exactjson.dumps(value).encode()
