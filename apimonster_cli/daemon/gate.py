"""Senders before their request is whole: how long they may take, how much they may send, how many may come at once.

The server reads the head of a request (its first line and its headers) for as long and as far as a sender likes, and says 503
without saying when to come back. Here both have bounds; what happens once a head is there is the listener's to say.
"""

import asyncio
import logging
import resource
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

from uvicorn.protocols.http.h11_impl import H11Protocol

from apimonster_cli.daemon.asgi import AGAIN, Receive, Scope, Send, answer, refusal
from apimonster_cli.daemon.limits import Network, block, may_be_a_proxy, within

_OTHER_FILES = 400  # that the rest of the program may have open: the store, and calls on their way
_FEWEST = 64
Proxies = Callable[[], Sequence[Network]]


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a sender may do.

    head_seconds: from the opening of a connection, or the first byte of a later request, to the end of its headers.
    unread_seconds: how long an answer may lie there unread. head_bytes: of the first line and the headers together.
    headers: how many. queued: requests sent before the one before them was answered.
    connections: open at once; of_one: from one address of the internet. A proxy for everybody else has half of all: one that is
    named, or what may be one, an address of this machine or of a private network.
    """

    head_seconds: float = 10.0
    unread_seconds: float = 10.0
    head_bytes: int = 32 * 1024
    headers: int = 100
    queued: int = 16
    connections: int = 2000
    of_one: int = 64


def server_options(bounds: Bounds | None = None, proxies: Proxies = tuple) -> dict[str, Any]:
    """Return the options of uvicorn that our applications rely on, and that put these bounds in force for one server.

    proxies: tells the networks of the proxies that are named by now.
    """
    bounds = bounds or Bounds()
    # Each broken request would be a line, and each answer that nobody waits for a traceback; the listener logs its own mistakes.
    logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
    return {
        "access_log": False,  # it would write addresses, and with them tokens
        "proxy_headers": False,  # whose X-Forwarded-For counts is said on each connection
        "server_header": False,
        "lifespan": "off",
        "ws": "none",
        "log_config": None,
        "http": partial(_parser(), bounds=bounds, crowd=Crowd(bounds, proxies)),
        "h11_max_incomplete_event_size": bounds.head_bytes,
    }


def room_for_connections(most: int) -> int:
    """Return how many connections may be open at once, at most `most`: each is an open file, of which a process has few.

    The limit of the process is raised as far as the system lets it.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = most + _OTHER_FILES
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return most if soft == resource.RLIM_INFINITY else max(min(most, soft - _OTHER_FILES), _FEWEST)


class Crowd:
    """Counts the open connections of one server, in all and of each address. For one thread: the server's."""

    def __init__(self, bounds: Bounds, proxies: Proxies = tuple) -> None:
        self._bounds = bounds
        self._proxies = proxies
        self._spare = max(bounds.connections // 8, 1)
        self._all = 0
        self._of: Counter[str] = Counter()

    def enter(self, address: str) -> Literal["in", "full", "shut"]:
        """Count one more connection. full: its request is to be answered 503. shut: there is not even room to say so."""
        whose = block(address)
        self._all += 1
        self._of[whose] += 1
        proxy = may_be_a_proxy(address) or within(address, self._proxies())
        most = self._bounds.connections // 2 if proxy else self._bounds.of_one
        over = max(self._all - self._bounds.connections, self._of[whose] - most)
        if over <= 0:
            return "in"
        return "full" if over <= self._spare else "shut"

    def leave(self, address: str) -> None:
        """Take back what `enter` has counted."""
        whose = block(address)
        self._all -= 1
        self._of[whose] -= 1
        if not self._of[whose]:
            del self._of[whose]


class Gated(asyncio.Protocol):
    """The bounds, whatever reads the requests; goes before one of uvicorn's protocols, whose fields these are."""

    app: Any
    client: tuple[str, int] | None
    cycle: Any
    loop: asyncio.AbstractEventLoop
    transport: asyncio.Transport

    def __init__(self, *args: Any, bounds: Bounds, crowd: Crowd, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._bounds = bounds
        self._crowd = crowd
        self._address = ""
        self._patience: asyncio.TimerHandle | None = None
        self._unread: asyncio.TimerHandle | None = None
        self._heard = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Count the connection, and begin to wait for its first request."""
        super().connection_made(transport)
        self._address = self.client[0] if self.client else ""
        found = self._crowd.enter(self._address)
        if found == "shut":
            self.transport.abort()
            return
        if found == "full":
            self.app = _full
        self._look()

    def data_received(self, data: bytes) -> None:
        """Read on."""
        self._heard = True
        super().data_received(data)
        self._look()

    def connection_lost(self, exc: Exception | None) -> None:
        """Let go of what waits."""
        self._crowd.leave(self._address)
        for timer in (self._patience, self._unread):
            if timer:
                timer.cancel()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """Begin to wait for answers to be read."""
        super().pause_writing()
        self._unread = self.loop.call_later(self._bounds.unread_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        """Write on."""
        super().resume_writing()
        if self._unread:
            self._unread.cancel()
            self._unread = None

    def on_response_complete(self) -> None:
        """Be ready for the next request."""
        super().on_response_complete()  # type: ignore[misc]  # each of uvicorn's protocols has it
        self._heard = False
        if self.transport.is_closing():
            self._end_soon()

    def timeout_keep_alive_handler(self) -> None:
        """End a connection on which nothing comes."""
        super().timeout_keep_alive_handler()  # type: ignore[misc]  # the same
        self._end_soon()

    def refuse(self, status: bytes, reason: str) -> None:
        """Answer a request that is not whole, and end the connection."""
        body = refusal(reason)
        head = b"HTTP/1.1 %b\r\ncontent-type: application/json\r\ncontent-length: %d\r\nconnection: close\r\n\r\n"
        self.transport.write(head % (status, len(body)) + body)
        self._end()

    def _look(self) -> None:
        """Begin to wait for the end of a head, or end the waiting, as what has come says."""
        under_way = self.cycle is not None and not self.cycle.response_complete
        if under_way and self._patience:
            self._patience.cancel()
            self._patience = None
        elif not under_way and not self._patience and not self.transport.is_closing():
            self._patience = self.loop.call_later(self._bounds.head_seconds, self._too_slow)

    def _too_slow(self) -> None:
        if self._heard and not self.transport.is_closing():
            self.refuse(b"408 Request Timeout", "the request did not arrive in time")
        else:
            self._end()

    def _end(self) -> None:
        self.transport.close()
        self._end_soon()

    def _end_soon(self) -> None:
        """See that a connection which is being closed does end, also when nobody reads what was last sent on it."""
        if self.transport.get_write_buffer_size() and not self._unread:
            self._unread = self.loop.call_later(self._bounds.unread_seconds, self.transport.abort)


class _GatedH11(Gated, H11Protocol):
    """For where httptools cannot be had. h11 bounds the head by itself and answers 400."""


def _parser() -> type[Gated]:
    """Return the protocol over httptools; where that is missing, the one over h11."""
    try:
        from apimonster_cli.daemon.gate_httptools import GatedHttptools
    except ImportError:
        return _GatedH11
    return GatedHttptools


async def _full(_scope: Scope, _receive: Receive, send: Send) -> None:
    said = refusal("too many connections are open; send it again later")
    await answer(send, 503, said, (b"retry-after", b"%d" % AGAIN), (b"connection", b"close"))
