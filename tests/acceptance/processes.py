"""Real processes on loopback: the daemon, the sandbox CRM, and a sender that acts as Utmstat does."""

import http.client
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from apimonster_cli.cli.sandbox import API_KEY
from apimonster_cli.cli.sandbox import TOKEN as DIARY_TOKEN
from tests.acceptance.canaries import SECRETS, environment, write_env

ROOT = Path(__file__).parents[2]
TOKEN = SECRETS["LEADS_HOOK"]
KEY = SECRETS["CRM_KEY"]
DIARY_KEY = SECRETS["CALLTOUCH_KEY"]

BUNDLES = """\
version: 1
settings:
  listen: 127.0.0.1:{port}
connections:
  site-leads: {{type: utmstat, token: "${{LEADS_HOOK}}"}}
  crm: {{type: retailcrm, url: "{crm}", api_key: "${{CRM_KEY}}", site: main, rate: {rate}, timeout: 5s}}
bundles:
  leads:
    source: {{event: utmstat.new_lead}}
    steps:
      - action: retailcrm.create_order
        retry: {{backoff: 200ms}}
        fields:
          {external_id}
          firstName: contact.name
          phone: contact.phone
          managerComment: "Заявка {{{{ id }}}}"
          customerComment: {{value: "${{PROMO}}"}}
"""


def free_port() -> int:
    """Return a port that nothing listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(condition: Callable[[], bool], what: str, *, seconds: float = 60) -> None:
    """Poll until `condition` holds; fail the test when it does not within a generous time."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds:.0f} s: {what}")
        time.sleep(0.02)


def get(port: int, path: str, headers: dict[str, str] | None = None) -> tuple[int, Any]:
    """Return status and JSON body of a GET on loopback; (0, None) when there is no such answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path, headers=headers or {})
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read() or b"null")
    except (OSError, http.client.HTTPException, ValueError):
        return 0, None
    finally:
        connection.close()


@dataclass
class Program:
    """One of our own commands, running."""

    args: list[str]
    folder: Path
    port: int
    process: subprocess.Popen[bytes] | None = None
    python: list[str] = field(default_factory=lambda: ["-m", "apimonster_cli"])
    prefix: list[str] = field(default_factory=list)
    environment: dict[str, str] = field(default_factory=environment)

    def start(self, ready: str) -> None:
        """Start it and wait until GET `ready` answers 200."""
        self.launch()
        wait_for(lambda: self._alive() and get(self.port, ready)[0] == 200, f"{self.args} is ready")

    def launch(self, **environment: str) -> None:
        """Start it, with these variables beside its usual ones, and do not wait."""
        with (self.folder / f"{self.args[0]}.log").open("ab") as log:
            self.process = subprocess.Popen(
                [*self.prefix, sys.executable, *self.python, *self.args],
                cwd=self.folder,
                stdout=log,
                stderr=log,
                env={**os.environ, "NO_COLOR": "1", "PYTHONPATH": str(ROOT), **self.environment, **environment},
            )

    def ended(self, seconds: float = 60) -> int:
        """Wait until it ends by itself and return its exit code, negative for a signal."""
        assert self.process
        return self.process.wait(timeout=seconds)

    def _alive(self) -> bool:
        assert self.process
        assert self.process.poll() is None, self.log()
        return True

    def log(self) -> str:
        """Return what it has written so far."""
        return (self.folder / f"{self.args[0]}.log").read_text(errors="replace")[-4000:]

    def kill(self) -> None:
        """End it as a power cut would."""
        assert self.process
        self._write_command_down()
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> int:
        """Ask it to end and return its exit code."""
        assert self.process
        self._write_command_down()
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=20)

    def _write_command_down(self) -> None:
        """Keep what everybody sees of the program in the list of processes, for the search of secrets."""
        assert self.process
        with (self.folder / f"{self.args[0]}.log").open("ab") as log, suppress(OSError):  # gone, or no Linux
            log.write(b"\nin the list of processes: %b\n" % Path(f"/proc/{self.process.pid}/cmdline").read_bytes())


@contextmanager
def ending(program: Program) -> Iterator[None]:
    """End a program with the block, if it still runs then."""
    try:
        yield
    finally:
        if program.process and program.process.poll() is None:
            program.kill()


@contextmanager
def running(program: Program, ready: str) -> Iterator[Program]:
    """Run a program for the length of a block."""
    with ending(program):
        program.start(ready)
        yield program


def sandbox(folder: Path, *, faults: str = "", seed: int = 0, key: str = KEY, more: Sequence[str] = ()) -> Program:
    """Return the look-alike CRM as a program. more: further arguments."""
    port = free_port()
    args = ["sandbox", "--listen", f"127.0.0.1:{port}", "--seed", str(seed)]
    args += ["--faults", faults] if faults else []
    return Program([*args, *more], folder, port, environment={API_KEY: key, DIARY_TOKEN: DIARY_KEY})


def daemon(
    folder: Path, crm: Program, *, rate: str = "1000/s", external_id: str = 'externalId: "utmstat-{{ id }}"'
) -> Program:
    """Return the daemon as a program, its bundle file written."""
    port = free_port()
    write_env(folder)
    text = BUNDLES.format(port=port, crm=f"http://127.0.0.1:{crm.port}", rate=rate, external_id=external_id)
    (folder / "bundles.yaml").write_text(text, encoding="utf-8")
    return Program(["run", "bundles.yaml"], folder, port)


def orders(crm: Program) -> list[dict[str, Any]]:
    """Return every order that the CRM holds, page by page, through its API."""
    found: list[dict[str, Any]] = []
    page = 1
    while True:
        status, answer = get(crm.port, f"/api/v5/orders?limit=100&page={page}", {"X-API-KEY": KEY})
        if status != 200:
            continue
        found += answer["orders"]
        if page >= answer["pagination"]["totalPageCount"]:
            return found
        page += 1


def lead_payload(lead: int) -> dict[str, Any]:
    """Return a small new lead; each has a phone of its own."""
    return {
        "event_name": "new_lead",
        "id": lead,
        "status_id": 1,
        "contact": {"id": lead, "name": f"Клиент {lead}", "phone": f"7495{lead:07d}"},
        "fields": [],
        "source": {"first_click": {"utm": {"utm_source": "yandex"}}},
    }


def delivery_states(folder: Path) -> dict[str, int]:
    """Return how many deliveries stand in each state, read as any SQLite client would."""
    with sqlite3.connect(folder / "apimonster.db") as database:
        return dict(database.execute("SELECT state, count(*) FROM deliveries GROUP BY state"))
