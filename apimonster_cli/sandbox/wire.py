"""One call on the wire: reads it, answers it, or cuts its connection off."""

import socket
import struct
from dataclasses import dataclass

from starlette.types import Message, Receive, Scope, Send

from apimonster_cli.core import exactjson
from apimonster_cli.sandbox.answers import Reply
from apimonster_cli.sandbox.parameters import Parameters, decode

TRANSPORT = "sandbox.transport"  # the key under which a connection's transport stands in scope["state"]
LARGEST = 16 * 1024 * 1024  # bytes of a request body
_LOOPBACK = ("127.", "::1", "::ffff:127.")
_FORM = "application/x-www-form-urlencoded"
_JSON = "application/json"


class GoneError(Exception):
    """The caller went away in the middle of its call, which then is none."""


@dataclass(frozen=True, slots=True)
class Wire:
    """The three parts of an ASGI call."""

    scope: Scope
    receive: Receive
    send: Send

    @property
    def method(self) -> str:
        """Return the verb."""
        return str(self.scope["method"])

    @property
    def path(self) -> str:
        """Return the path as it was sent, percent-encoded."""
        return str(self.scope["raw_path"].decode("ascii", "replace"))

    @property
    def address(self) -> str:
        """Return the caller's IP address; empty when there is none."""
        client = self.scope["client"]
        return str(client[0]) if client else ""

    @property
    def is_local(self) -> bool:
        """Return whether the caller is on this machine."""
        return not self.address or self.address.startswith(_LOOPBACK)

    def header(self, wanted: bytes) -> str | None:
        """Return a header by its name in lower case."""
        for name, value in self.scope["headers"]:
            if name == wanted:
                return bytes(value).decode("latin-1")
        return None

    async def parameters(self, *, json: bool = False) -> Parameters:
        """Return query and form parameters together; those of the form win. A body of another type is not looked at.

        json: a JSON object is read as well, its keys are parameters; ValueError when it is none. GoneError: it never came whole.
        """
        parts: list[bytes] = []
        size, more = 0, True
        while more:
            message = await self.receive()
            if message["type"] == "http.disconnect":
                raise GoneError
            part = message.get("body", b"")
            parts.append(part)
            size += len(part)
            more = message.get("more_body", False) and size <= LARGEST
        query = self.scope["query_string"]
        parameters = decode(query.decode("utf-8", "replace")) if query else {}
        content_type = self.header(b"content-type") or ""
        if size and content_type.startswith(_FORM):
            parameters |= decode(b"".join(parts).decode("utf-8", "replace"))
        elif size and json and content_type.startswith(_JSON):
            body = exactjson.loads(b"".join(parts))
            if not isinstance(body, dict):
                raise ValueError("the JSON sent is no object")
            parameters |= body
        return parameters

    async def answer(self, reply: Reply) -> None:
        """Send the whole answer."""
        await self.send(_start(reply))
        await self.send({"type": "http.response.body", "body": reply.body})

    async def answer_half(self, reply: Reply) -> None:
        """Send half of the body, then close the connection although more was promised."""
        await self.send(_start(reply))
        await self.send({"type": "http.response.body", "body": reply.body[: len(reply.body) // 2], "more_body": True})
        self.scope["state"][TRANSPORT].close()  # once what is written has left
        await self._gone()

    async def cut(self, *, reset: bool) -> None:
        """Close the connection without an answer: with an RST, or as the end of a process would."""
        transport = self.scope["state"][TRANSPORT]
        if reset:
            # lingering zero seconds makes close() send RST instead of FIN
            linger = struct.pack("ii", 1, 0)
            transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        transport.abort()
        await self._gone()

    async def _gone(self) -> None:
        """Wait until the server has seen that the connection is gone; before, it would answer 500 itself."""
        while (await self.receive())["type"] != "http.disconnect":
            pass


def _start(reply: Reply) -> Message:
    headers = [(b"content-type", reply.content_type), (b"content-length", b"%d" % len(reply.body))]
    headers += reply.headers
    return {"type": "http.response.start", "status": reply.status, "headers": headers}
