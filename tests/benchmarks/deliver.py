"""Orders a second out of a full queue, beside bare sessions of requests that make the same calls."""

import subprocess
import sys
import tempfile
from pathlib import Path

import psutil

from tests.acceptance.processes import Program, delivery_states, running, wait_for
from tests.benchmarks.programs import WIDTH, created, crm, daemon, forget, preload

ABOUT = f"orders a second from a queue that is full, {WIDTH} wide, and {WIDTH} threads with bare requests sessions"
_LATENCIES = (0, 50)  # milliseconds of the sandbox
_ORDERS = 2000
_WARM_UP = 0.2  # of the orders are not counted


def run() -> dict[str, float]:
    """Measure both against one sandbox process for each latency, one after the other."""
    found: dict[str, float] = {}
    for latency in _LATENCIES:
        with tempfile.TemporaryDirectory() as name, crm(Path(name), latency=latency) as service:
            bare = _bare(service)
            forget(service.port)
            delivered, cpu = _delivered(Path(name), service)
        found |= {
            f"delivered at {latency} ms, a second": delivered,
            f"bare calls at {latency} ms, a second": bare,
            f"ratio at {latency} ms": delivered / bare,
            f"CPU of a delivery at {latency} ms, µs": cpu,
        }
    return found


def _bare(service: Program) -> float:
    command = [sys.executable, "-m", "tests.benchmarks.calls", f"http://127.0.0.1:{service.port}", str(_ORDERS)]
    subprocess.run(command, check=True)
    return _rate(service)


def _delivered(folder: Path, service: Program) -> tuple[float, float]:
    """Return the rate, and the processor time of a delivery in µs without that of the start."""
    preload(folder, _ORDERS)
    program = daemon(folder, service.port)
    with running(program, "/readyz"):
        assert program.process
        process = psutil.Process(program.process.pid)
        before, done = _cpu(process), delivery_states(folder).get("done", 0)
        wait_for(lambda: delivery_states(folder) == {"done": _ORDERS}, "every lead is delivered", seconds=120)
        spent = _cpu(process) - before
        program.stop()
    return _rate(service), spent / (_ORDERS - done) * 1e6


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _rate(service: Program) -> float:
    """Return calls a second, as they came in at the sandbox."""
    times: list[float] = sorted(record["time"] for record in created(service.port))
    if len(times) != _ORDERS:
        raise AssertionError(f"{_ORDERS} orders were to be created, {len(times)} calls came in")
    counted = times[int(_ORDERS * _WARM_UP) :]
    return (len(counted) - 1) / (counted[-1] - counted[0])
