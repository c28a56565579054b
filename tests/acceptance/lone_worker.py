"""A worker without a daemon around it: `python -m tests.acceptance.lone_worker NAME bundles.yaml SECONDS` works until it
is told to end.

Two of them on one file are what the lock of the daemon rules out; they stand for two nodes on one database.
"""

import os
import signal
import sys
import threading
from datetime import timedelta
from pathlib import Path

from apimonster_cli.bundles.load import load_or_raise
from apimonster_cli.core.clock import SystemClock
from apimonster_cli.daemon.clients import Clients
from apimonster_cli.daemon.worker import Worker
from apimonster_cli.engine.deliver import Engine
from apimonster_cli.store.open import open_store


def main(name: str, bundles: str, seconds: str) -> None:
    """Work with leases of so many seconds."""
    clock = SystemClock()
    config = load_or_raise([Path(bundles)], environ=os.environ, cwd=Path.cwd())
    store = open_store(config.settings.store, base=config.base, daemon=False, clock=clock)
    engine = Engine(store, config, Clients(config, clock).of, clock)
    lease = timedelta(seconds=float(seconds))
    worker = Worker(store, engine, clock, name=name, workers=4, lease=lease)
    ending = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ending.set())
    worker.start()
    ending.wait()
    worker.stop(5)
    store.close_store()


if __name__ == "__main__":
    main(*sys.argv[1:])
