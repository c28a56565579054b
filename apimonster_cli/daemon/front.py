"""The listening socket and the server behind it, in a thread of its own."""

import errno
import socket
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING

from apimonster_cli.core.address import written
from apimonster_cli.core.errors import ConfigError
from apimonster_cli.daemon.asgi import App, Receive, Scope, Send
from apimonster_cli.daemon.limits import Network

if TYPE_CHECKING:
    import uvicorn

_BACKLOG = 2048
_MOST_AT_ONCE = 2000  # connections
_KEEP_ALIVE = 30  # seconds
_LAST_REQUESTS = 3  # seconds that requests under way have when the server stops


def bind(address: tuple[str, int], setting: str = "settings.listen") -> socket.socket:
    """Return a socket that listens on `address` (host, port); senders queue up in it until a server takes them.

    ConfigError, which names the `setting` that the address is from.
    """
    host, port = address
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except OSError as error:
        raise ConfigError(_sentence(error, written(address), setting)) from error


def _sentence(error: OSError, address: str, setting: str) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            f"the address {address} is taken: another program, or another sync run, listens there. "
            f"Stop it, or write another port under {setting}"
        )
    if error.errno == errno.EACCES:
        return (
            f"this user may not listen on {address}: ports below 1024 need rights. Write another port under {setting}"
        )
    return f"cannot listen on {address}: {error.strerror}. Write an address of this machine under {setting}"


class Front:
    """Serves an application on a bound socket; `app` may be exchanged while it runs. most: connections at once.

    proxies: from where more of them may come than from one sender; may be exchanged as well.
    """

    def __init__(
        self, app: App, listening: socket.socket, name: str = "listener", *, most: int = _MOST_AT_ONCE
    ) -> None:
        self.app = app
        self.proxies: Sequence[Network] = ()
        self._most = most
        self._socket = listening
        self._server: uvicorn.Server | None = None
        self._thread = threading.Thread(target=self._serve, name=name, daemon=True)

    def start(self) -> None:
        """Begin to answer."""
        import uvicorn

        from apimonster_cli.daemon.gate import Bounds, room_for_connections, server_options

        bounds = Bounds(connections=room_for_connections(self._most))
        config = uvicorn.Config(
            self._answer,
            **server_options(bounds, lambda: self.proxies),
            interface="asgi3",
            backlog=_BACKLOG,
            timeout_keep_alive=_KEEP_ALIVE,
            timeout_graceful_shutdown=_LAST_REQUESTS,
        )
        self._server = uvicorn.Server(config)
        self._thread.start()

    @property
    def alive(self) -> bool:
        """Return whether the server's thread runs."""
        return self._thread.is_alive()

    def stop(self, seconds: float) -> None:
        """Accept nothing more, let requests under way end, and wait for that."""
        if self._server is not None:
            self._server.should_exit = True
            self._thread.join(seconds)
        self._socket.close()

    def _serve(self) -> None:
        if self._server is not None:
            self._server.run(sockets=[self._socket])

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app(scope, receive, send)
