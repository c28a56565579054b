"""Requests as httptools reads them: with the bounds that it has not got itself, and with the bodies that it leaves out.

It bounds neither the length of a head nor how many headers there are. And of a request that offers to go on in another protocol
(`Upgrade: h2c`, as Java's client does unasked) it skips the body: the lead would be answered like an empty one, and lost.
"""

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from apimonster_cli.daemon.gate import Gated

_FRAMING = (b"content-length", b"transfer-encoding")


class _Parser(httptools.HttpRequestParser):
    """rest: what came behind the headers of a request that offers another protocol."""

    rest = b""

    def feed_data(self, data: bytes) -> None:  # type: ignore[override]  # bytes are all that we are fed with
        """Read on; HttpParserError, HttpParserUpgrade."""
        try:
            super().feed_data(data)
        except httptools.HttpParserUpgrade as offer:
            self.rest = data[offer.args[0] :]
            raise


class GatedHttptools(Gated, HttpToolsProtocol):
    """One connection. What is refused while the parser reads is raised, and said once the parser has given up."""

    parser: _Parser
    _in_head = True
    _since = 0  # bytes since a request ended or a piece of a body came: of a head, or of headers behind a body
    _over: str | None = None
    _again = False  # whether the parser reads a head of ours, to find out where a body ends

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]  # handed on as they come
        self._begin_to_parse()

    def data_received(self, data: bytes) -> None:
        """Read on, but no further into a head than its bound."""
        most = self._bounds.head_bytes
        while data and not self.transport.is_closing():
            room = most + 1 - self._since if self._in_head else len(data)
            self._since += min(len(data), room)
            super().data_received(data[:room])
            data = data[room:]
            if self._since > most and not self.transport.is_closing():
                self._over = f"the request line and the headers are over {most} bytes"
                self.send_400_response("")

    def on_message_begin(self) -> None:
        """Begin a request."""
        if not self._again:
            super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        """Take a piece of the address."""
        if not self._again:
            super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header, unless there are too many."""
        if self._again:
            return
        if len(self.headers) >= self._bounds.headers:
            self._over = f"the request has more than {self._bounds.headers} headers"
            raise ValueError(self._over)  # what stops the parser, which then has send_400_response called
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Have the request answered, or queued behind the one before it."""
        if self._again:
            return
        self._in_head = False
        super().on_headers_complete()
        if len(self.pipeline) > self._bounds.queued:
            self._over = f"more than {self._bounds.queued} requests wait for the answer to one before them"
            raise ValueError(self._over)

    def on_body(self, body: bytes) -> None:
        """Take a piece of a body; how much of one may come is the listener's to say."""
        self._since = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Be ready for the next head; the body of a request that offers another protocol is still to come."""
        if self._again or not self.parser.should_upgrade():
            self._in_head, self._since = True, 0
            super().on_message_complete()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - the words of the server library
        """Say what was wrong with the request."""
        if self._over:
            self.refuse(b"431 Request Header Fields Too Large", self._over)
        else:
            self.refuse(b"400 Bad Request", "this is not a request of HTTP")

    def _unsupported_upgrade_warning(self) -> None:
        """Read the body of a request that offers another protocol, which the parser has stopped in front of."""
        rest = self.parser.rest
        framing = b"".join(b"%b: %b\r\n" % header for header in self.headers if header[0] in _FRAMING)
        self._begin_to_parse()
        self._again = True
        try:
            self.parser.feed_data(b"POST / HTTP/1.1\r\n%b\r\n" % framing)
        except httptools.HttpParserError:  # what says where its body ends contradicts itself
            self.send_400_response("")
            return
        self._again = False
        if rest:
            super().data_received(rest)

    def _begin_to_parse(self) -> None:
        self.parser = _Parser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)  # as the server library has it
