"""How long the program takes to start: `sync --help`, and `sync run` until a webhook is accepted."""

import http.client
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.acceptance.processes import ROOT
from tests.benchmarks.leads import PATH, Leads
from tests.benchmarks.programs import daemon

ABOUT = "from the start of the process, its bytecode cached; the first start makes the store as well"
_PROGRAM = [sys.executable, "-m", "apimonster_cli"]
_ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT)}  # this tree is measured, whatever is installed
_HELPS = 5
_LONGEST = 30.0  # seconds


def run() -> dict[str, float]:
    """Measure each, after a start that is not counted."""
    _help()
    with tempfile.TemporaryDirectory() as name:
        _accepted(Path(name))
    with tempfile.TemporaryDirectory() as name:
        first, again = _accepted(Path(name)), _accepted(Path(name))
    return {
        "sync --help, s": sorted(_help() for _ in range(_HELPS))[_HELPS // 2],
        "first start to the first accepted webhook, s": first,
        "later start to the first accepted webhook, s": again,
    }


def _help() -> float:
    began = time.perf_counter()
    subprocess.run([*_PROGRAM, "--help"], check=True, env=_ENVIRONMENT, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def _accepted(folder: Path) -> float:
    program = daemon(folder, crm_port=9)  # nobody is there: what the CRM does is not measured here
    body = Leads().body()
    began = time.perf_counter()
    with subprocess.Popen(
        [*_PROGRAM, *program.args], cwd=folder, env=_ENVIRONMENT, stderr=subprocess.DEVNULL
    ) as process:
        while not _posted(program.port, body):
            if process.poll() is not None or time.perf_counter() - began > _LONGEST:
                raise AssertionError("the daemon did not start")
            time.sleep(0.002)
        took = time.perf_counter() - began
        process.terminate()
    return took


def _posted(port: int, body: bytes) -> bool:
    sender = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        sender.request("POST", PATH, body=body, headers={"Content-Type": "application/json"})
        return sender.getresponse().status == 200
    except ConnectionError:
        return False
    finally:
        sender.close()
