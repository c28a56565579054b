"""What the demo is played on: a folder with the example bundles, a sandbox CRM, and the real daemon as a child process."""

import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import apimonster_cli
from apimonster_cli.core.errors import CallError, SyncError

if TYPE_CHECKING:
    from apimonster_cli.bundles.model import Config
    from apimonster_cli.transport.client import Client

API_KEY = "sandbox"
HOST = "127.0.0.1"
_PACKAGE = Path(apimonster_cli.__file__).parent
_START_SECONDS = 30
_DEALS = 6
_DEAL_DAYS = 2  # ago, at most: within the lookback of the example
_STOP_SECONDS = 12  # the daemon promises to end within 10


@dataclass(frozen=True, slots=True)
class Stage:
    """Everything that runs. crm: the sandbox's address; daemon: the listener's; config: what the child was started with.

    deals: what stands in the sandbox's diary of deals.
    """

    folder: Path
    crm: str
    daemon: str
    config: "Config"
    process: "subprocess.Popen[bytes]"
    deals: "Sequence[Mapping[str, Any]]"

    def log(self, length: int = 2000) -> str:
        """Return the end of what the daemon has logged."""
        return (self.folder / "daemon.log").read_text(encoding="utf-8", errors="replace")[-length:]

    def check_alive(self) -> None:
        """Raise SyncError with the end of the log when the daemon has ended by itself."""
        if self.process.poll() is not None:
            raise SyncError(f"the daemon ended by itself with exit code {self.process.returncode}:\n{self.log()}")


def example_file() -> Path:
    """Return bundles.example.yaml: inside the installed package, or at the top of a checkout."""
    inside = _PACKAGE / "bundles.example.yaml"
    return inside if inside.exists() else _PACKAGE.parent / "bundles.example.yaml"


@contextmanager
def stage(*, rate: str) -> Iterator[Stage]:
    """Set everything up in a temporary folder and on free loopback ports, and take it down again."""
    from apimonster_cli.bundles.load import load_or_raise
    from apimonster_cli.sandbox.server import Sandbox

    past_proxies(os.environ)
    with (
        tempfile.TemporaryDirectory(prefix="sync-demo-", ignore_cleanup_errors=True) as name,
        Sandbox().serve(HOST, 0) as crm,
    ):
        folder, port = Path(name), free_port()
        file = folder / "bundles.yaml"
        file.write_text(adapted(example_file().read_text(encoding="utf-8"), crm.url, port, rate), encoding="utf-8")
        deals = crm.sandbox.calltouch.make_up(_DEALS, days=_DEAL_DAYS)
        environ = child_environment(os.environ)
        config = load_or_raise([file], environ=environ, cwd=folder)
        with daemon(folder, environ) as process:
            ready = Stage(folder, crm.url, f"http://{HOST}:{port}", config, process, deals)
            wait_until_ready(ready)
            yield ready


def adapted(text: str, crm: str, port: int, rate: str) -> str:
    """Return the example with the look-alike's address, a free port and another rate; everything else stays as it is.

    Not by variables: values taken from them count as secrets and would be masked in all that the demo shows.
    """
    for old, new in {
        "https://demo.retailcrm.ru": crm,
        "https://api.calltouch.ru": crm,
        "127.0.0.1:8080": f"{HOST}:{port}",
        "rate: 10/s": f"rate: {rate}",
    }.items():
        if text.count(old) != 1:
            raise SyncError(f"bundles.example.yaml has to say {old} exactly once for the demo to adapt it")
        text = text.replace(old, new)
    return text


def child_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of the daemon: that of this process, with secrets of this run and the CRM of this run."""
    return {
        **{name: value for name, value in environ.items() if name not in ("RETAILCRM_URL", "CALLTOUCH_URL")},
        "UTMSTAT_HOOK_TOKEN": secrets.token_urlsafe(24),
        "SALESDRIVE_HOOK_TOKEN": secrets.token_urlsafe(24),
        "LANDING_HOOK_TOKEN": secrets.token_urlsafe(24),
        "CALLTOUCH_TOKEN": API_KEY,
        "RETAILCRM_API_KEY": API_KEY,
        "PYTHONPATH": os.pathsep.join(filter(None, [str(_PACKAGE.parent), environ.get("PYTHONPATH")])),
    }


def past_proxies(environ: MutableMapping[str, str]) -> None:
    """Have this process and its children reach loopback without the proxy that the environment may name."""
    exempt = environ.get("no_proxy") or environ.get("NO_PROXY")
    environ["no_proxy"] = f"{exempt},{HOST}" if exempt else HOST


def free_port() -> int:
    """Return a loopback port that nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


@contextmanager
def daemon(folder: Path, environ: Mapping[str, str]) -> "Iterator[subprocess.Popen[bytes]]":
    """Run `sync run` in the folder as a process of its own, stopped as systemd would stop it."""
    with (folder / "daemon.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "apimonster_cli", "run", "bundles.yaml"],
            cwd=folder,
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,  # Ctrl-C is for the demo, which then stops the daemon
        )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait_until_ready(ready: Stage) -> None:
    """Wait until the daemon takes webhooks; SyncError when it ends, or does not begin within half a minute."""
    from apimonster_cli.core.call import Request

    end = time.monotonic() + _START_SECONDS
    client = client_to(ready.daemon, "daemon", ready.config)
    try:
        while time.monotonic() < end:
            ready.check_alive()
            try:
                if client.send(Request("GET", "/healthz")).status == 200:
                    return
            except CallError:
                pass  # it does not listen yet
            time.sleep(0.02)
    finally:
        client.close()
    raise SyncError(f"the daemon did not begin to listen within {_START_SECONDS} s:\n{ready.log()}")


def client_to(address: str, name: str, config: "Config", headers: Mapping[str, str] | None = None) -> "Client":
    """Return a client for an address on loopback."""
    from apimonster_cli.core.clock import SystemClock
    from apimonster_cli.transport.client import Client

    return Client(
        name, address, headers=headers or {}, rate=None, timeout=10.0, redactor=config.redactor, clock=SystemClock()
    )
