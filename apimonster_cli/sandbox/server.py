"""The look-alikes as a server: one thread, loopback unless told otherwise."""

import asyncio
import socket
import threading
from collections.abc import Sequence
from datetime import UTC, tzinfo
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from apimonster_cli.core.address import written
from apimonster_cli.core.clock import Clock, SystemClock
from apimonster_cli.core.errors import ConfigError
from apimonster_cli.sandbox.account import Account, Key
from apimonster_cli.sandbox.app import App
from apimonster_cli.sandbox.calltouch import Calltouch
from apimonster_cli.sandbox.faults import Dice, Faults
from apimonster_cli.sandbox.journal import Journal
from apimonster_cli.sandbox.state import State
from apimonster_cli.sandbox.wire import TRANSPORT

_LONGEST_START = 10.0  # seconds
_LONGEST_STOP = 10.0


class Sandbox:
    """Look-alikes of RetailCRM and, as `calltouch`, of Calltouch's orders diary, with their own data.

    keys, sites: what the account has; a plain text is a key with every scope and shop. token: Calltouch's.
    seed: makes the faults repeatable.
    database: an SQLite file that keeps the data between runs; None keeps them in memory.
    clock: by which calls a second are counted; waiting and slow answers take real time.
    """

    def __init__(  # noqa: PLR0913 - settings, all by name
        self,
        *,
        keys: Sequence[Key | str] = ("sandbox",),
        sites: Sequence[str] = ("main",),
        token: str = "sandbox",  # noqa: S107 - the look-alike's, known to all
        faults: Faults | None = None,
        seed: int = 0,
        database: Path | None = None,
        zone: tzinfo = UTC,
        reuse_customers: bool = True,
        lenient_history: bool = False,
        clock: Clock | None = None,
    ) -> None:
        known = tuple(Key(key) if isinstance(key, str) else key for key in keys)
        self.account = Account(known, tuple(sites), zone, reuse_customers, lenient_history)
        self.state = State(database)
        self.clock = clock or SystemClock()
        self.calltouch = Calltouch(self.state, self.clock, token=token)
        self.journal = Journal()
        self._seed = seed
        self.dice = Dice(faults or Faults(), seed)
        self.app = App(self)

    def set_faults(self, faults: Faults, seed: int | None = None) -> None:
        """Misbehave in this way from now on; the dice start over, with `seed` if it is given."""
        self._seed = self._seed if seed is None else seed
        self.dice = Dice(faults, self._seed)
        self.app.forget()

    def reset(self) -> None:
        """Forget all data and the journal; the dice start over."""
        with self.state.lock:
            self.state.reset()
        self.calltouch.reset()
        self.journal = Journal()
        self.set_faults(self.dice.faults)

    def serve(self, host: str = "127.0.0.1", port: int = 0, *, http: str = "auto", loop: str = "auto") -> "Running":
        """Start serving in a thread and return once connections are taken. Port 0 takes a free one.

        A sandbox that was stopped may serve again, with the data it had.

        http: `httptools` or `h11`, loop: `uvloop` or `asyncio`; `auto` takes the quicker one that is installed.
        ConfigError when the address cannot be had.
        """
        listening = _listen(host, port)
        self.state.open()
        self.app = App(self)
        return Running(self, listening, http, loop)


class Running:
    """A sandbox that serves; a context manager that stops it."""

    def __init__(self, sandbox: Sandbox, listening: socket.socket, http: str, loop: str) -> None:
        self.sandbox = sandbox
        self.url = f"http://{written(listening.getsockname()[:2])}"
        config = uvicorn.Config(
            sandbox.app,
            http=_reachable(http),
            loop=loop,
            lifespan="off",
            ws="none",
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=True,
            timeout_keep_alive=60,
        )
        self._server = _Server(config)
        self._thread = threading.Thread(target=self._server.run, args=([listening],), name="sandbox", daemon=True)
        self._thread.start()
        if not self._server.ready.wait(_LONGEST_START):
            raise ConfigError("the sandbox did not start within 10 s")

    def stop(self) -> None:
        """Stop serving: calls under way are answered at once, then the port and the data file are closed."""
        self._server.should_exit = True
        self._server.in_loop(self.sandbox.app.stop_waiting)
        self._thread.join(_LONGEST_STOP)
        self.sandbox.state.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.stop()


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._loop = asyncio.get_running_loop()
        self.ready.set()

    def in_loop(self, callback: Any) -> None:
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(callback)


def _reachable(http: str) -> Any:
    """Return the HTTP protocol class with each connection's transport put into scope["state"], so a call can be cut off."""
    base: Any = H11Protocol
    if http != "h11":
        try:
            from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

            base = HttpToolsProtocol
        except ImportError:
            if http == "httptools":
                raise

    class Reachable(base):  # type: ignore[misc]
        app_state: dict[str, Any]

        def connection_made(self, transport: asyncio.Transport) -> None:
            super().connection_made(transport)
            self.app_state = {**self.app_state, TRANSPORT: transport}

    return Reachable


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # the protocol is named because asyncio sets TCP_NODELAY for such sockets only; without it answers take 40 ms longer
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as error:
        listening.close()
        reason = error.strerror or error
        raise ConfigError(
            f"the sandbox cannot listen on {host}:{port}: {reason}; choose another address with --listen"
        ) from None
    listening.set_inheritable(True)
    return listening
