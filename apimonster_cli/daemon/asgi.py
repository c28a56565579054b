"""What passes between the server and an application of ours."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from apimonster_cli.core import exactjson

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Header = tuple[bytes, bytes]

AGAIN = 10
"""Seconds after which a sender may try again what could not be taken."""


def refusal(reason: str) -> bytes:
    """Return the body of an answer that says why nothing was taken."""
    return exactjson.dumps({"status": "refused", "reason": reason}).encode()


async def answer(send: Send, status: int, body: bytes, *headers: Header) -> None:
    """Send an answer in JSON."""
    sized = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body)), *headers]
    await send({"type": "http.response.start", "status": status, "headers": sized})
    await send({"type": "http.response.body", "body": body})
