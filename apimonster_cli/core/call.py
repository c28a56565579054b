"""One outgoing call as data: what an action asks for and what came back.

A Request never holds a secret: the client adds address and key on its way out.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from apimonster_cli.core import exactjson


@dataclass(frozen=True, slots=True)
class Request:
    """What to ask of a connection.

    path: below the connection's address, percent-encoded by whoever builds it.
    query, form: pairs in the order they are sent, values as text.
    json: a value sent as a JSON body; body: bytes or text sent as they are. At most one of form, json and body is set.
    writes: the call changes something on the other side, so repeating it blindly could double that.
    """

    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    form: tuple[tuple[str, str], ...] | None = None
    json: Any = None
    body: str | bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    writes: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: status, headers with lower-case names, body bytes (whole, or the call failed)."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def text(self) -> str:
        """Return the body as text; undecodable bytes are replaced."""
        return self.body.decode("utf-8", "replace")

    def json(self) -> Any:
        """Return the body read as JSON with exact numbers; ValueError when it is not JSON."""
        return exactjson.loads(self.body)
