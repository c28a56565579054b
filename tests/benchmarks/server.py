"""The servers that are measured: `python -m tests.benchmarks.server listener|forgetful|bare FOLDER`.

All are the daemon's own server with its own options. `listener` is the real listener on a real store, with a bundle whose
deliveries nobody works on; `forgetful` the same listener on a store that keeps nothing; `bare` an application that reads
the body and answers. The port is printed once; a line on stdin stops.
"""

import gc
import sys
from collections.abc import Mapping
from concurrent.futures import Future
from pathlib import Path
from typing import cast

from apimonster_cli.core.clock import SystemClock
from apimonster_cli.daemon.asgi import App, Receive, Scope, Send
from apimonster_cli.daemon.front import Front, bind
from apimonster_cli.daemon.health import Health
from apimonster_cli.daemon.listener import build_app
from apimonster_cli.store.api import Store
from apimonster_cli.store.open import open_store
from apimonster_cli.store.rows import Accepted, NewEvent
from tests.benchmarks.processes import STORE
from tests.daemon.listening import bundle, config, connection

_ANSWER = b'{"status":"accepted","event":1000000}'
_HEADERS = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(_ANSWER))]


async def bare(_scope: Scope, receive: Receive, send: Send) -> None:
    """Read the body and answer, no more."""
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
    await send({"type": "http.response.body", "body": _ANSWER})


class Forgetful:
    """What the listener asks of a store, done at once and without one."""

    def __init__(self) -> None:
        self._events = 0

    def accept(self, _event: NewEvent) -> "Future[Accepted]":
        """Give the event a number."""
        self._events += 1
        future: Future[Accepted] = Future()
        future.set_result(Accepted(self._events, duplicate=False))
        return future

    def open_by_bundle(self) -> Mapping[str, int]:
        """Nothing waits."""
        return {}


def main(kind: str, folder: Path) -> None:
    """Serve until a line comes in on stdin."""
    sys.setswitchinterval(0.0005)  # as the daemon does
    if kind == "bare":
        _serve(bare)
    elif kind == "forgetful":
        _serve(_listener(cast("Store", Forgetful())))
    else:
        store = open_store(f"sqlite:///{STORE}", base=folder, daemon=True, clock=SystemClock())
        try:
            _serve(_listener(store))
        finally:
            store.close_store()


def _listener(store: Store) -> App:
    clock = SystemClock()
    leads = connection("utmstat")
    return build_app(config([leads], [bundle("leads", leads, "utmstat.new_lead")]), store, clock, Health(store, clock))


def _serve(app: App) -> None:
    listening = bind(("127.0.0.1", 0))
    front = Front(app, listening)
    front.start()
    gc.freeze()  # as the daemon does
    sys.stdout.write(f"{listening.getsockname()[1]}\n")
    sys.stdout.flush()
    sys.stdin.readline()
    front.stop(10)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
