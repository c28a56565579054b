"""Memory of the daemon: after its start, and while it takes and delivers leads."""

import tempfile
import threading
import time
from pathlib import Path

import psutil

from tests.acceptance.processes import delivery_states, running, wait_for
from tests.benchmarks.processes import load
from tests.benchmarks.programs import crm, daemon

ABOUT = "resident memory of the daemon: idle, and at its highest while 20,000 leads come in and are delivered"
_LEADS = 20_000
_CONNECTIONS = 64
_LONGEST = 180  # seconds
_MIB = 1024 * 1024


def run() -> dict[str, float]:
    """Measure one daemon from its start on."""
    with tempfile.TemporaryDirectory() as name, crm(Path(name)) as service:
        program = daemon(Path(name), service.port)
        with running(program, "/readyz"):
            assert program.process
            watched = _Watched(program.process.pid)
            time.sleep(1)  # to come to rest
            idle = watched.rss()
            watched.start()
            sent = load("closed", program.port, seconds=_LONGEST, connections=_CONNECTIONS, count=_LEADS)
            done = {"done": sent["answers"]}
            wait_for(lambda: delivery_states(Path(name)) == done, "every lead is delivered", seconds=_LONGEST)
            highest = watched.stop()
            program.stop()
    return {"idle, MiB": idle / _MIB, "loaded, MiB": highest / _MIB, "leads": sent["answers"]}


class _Watched(threading.Thread):
    """Looks at the resident memory of a process, ten times a second."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self._process = psutil.Process(pid)
        self._ended = threading.Event()
        self._highest = 0

    def rss(self) -> int:
        return int(self._process.memory_info().rss)

    def run(self) -> None:
        while not self._ended.wait(0.1):
            self._highest = max(self._highest, self.rss())

    def stop(self) -> int:
        self._ended.set()
        self.join()
        return self._highest
