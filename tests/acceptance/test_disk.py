"""A disk that is full, read-only or broken: never an answer 200 without a durable row, and all goes on without a restart.

strace stands between the program and the kernel: it lets system calls fail as a disk would, and shows their order.
"""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.acceptance.oracle import complaints
from tests.acceptance.processes import get, lead_payload, running, sandbox, wait_for
from tests.acceptance.storm import STORE, Sender, daemon, ended, holdings, world

LEADS = 40
# Calls are counted by thread: the main thread makes some 95 writes and 12 syncs of a new store, which are let through; the store's
# writer is hit from there on.


def strace_works() -> bool:
    """Return whether strace is installed and may be used here."""
    if not shutil.which("strace"):
        return False
    return (
        subprocess.run(
            ["strace", "-qq", "-e", "inject=fdatasync:error=EIO", "true"], capture_output=True, check=False
        ).returncode
        == 0
    )


pytestmark = [
    pytest.mark.acceptance,
    pytest.mark.skipif(not strace_works(), reason="strace is not installed, or may not trace here"),
]


@pytest.mark.parametrize(
    ("call", "error", "first"),
    [("pwrite64", "ENOSPC", 120), ("pwrite64", "EROFS", 120), ("pwrite64", "EIO", 120), ("fdatasync", "EIO", 14)],
    ids=["full", "read-only", "broken", "unsynced"],
)
def test_a_disk_that_fails_for_a_while_costs_no_lead(tmp_path: Path, call: str, error: str, first: int) -> None:
    crm = sandbox(tmp_path)
    program = daemon(tmp_path, crm)
    inject = f"inject={call}:error={error}:when={first}..{first + 15}"
    program.prefix = ["strace", "-D", "-f", "-qq", "-o", str(tmp_path / "trace"), "-e", f"trace={call}", "-e", inject]
    sender = Sender(program.port)

    with running(crm, "/sandbox/health"), running(program, "/healthz"):
        assert program.process
        for lead in range(1, LEADS + 1):
            sender.post(lead_payload(lead))
        wait_for(lambda: ended(tmp_path) == LEADS, "every delivery has ended")
        ready = get(program.port, "/readyz")[0]
        held = holdings(crm)
        assert program.process.poll() is None

    trace = (tmp_path / "trace").read_text(errors="replace")
    assert "(INJECTED)" in trace
    assert sender.refused > 0
    assert ready == 200
    assert complaints(world(tmp_path / STORE, held, sender.acknowledged)) == []
    assert len(held.orders) == LEADS


def test_a_full_disk_under_the_log_costs_nothing(tmp_path: Path) -> None:
    crm = sandbox(tmp_path)
    program = daemon(tmp_path, crm)
    program.prefix = [
        *("strace", "-D", "-f", "-qq", "-o", str(tmp_path / "trace"), "-P", str(tmp_path / "run.log")),
        *("-e", "trace=write", "-e", "inject=write:error=ENOSPC:when=1+"),
    ]
    sender = Sender(program.port)

    with running(crm, "/sandbox/health"), running(program, "/healthz"):
        for lead in range(1, 11):
            sender.post(lead_payload(lead))
        wait_for(lambda: ended(tmp_path) == 10, "every delivery has ended")
        held = holdings(crm)
        code = program.stop()

    assert "(INJECTED)" in (tmp_path / "trace").read_text(errors="replace")
    assert code == 0
    assert complaints(world(tmp_path / STORE, held, sender.acknowledged)) == []


def test_a_lead_is_on_disk_before_it_is_acknowledged(tmp_path: Path) -> None:
    crm = sandbox(tmp_path)
    program = daemon(tmp_path, crm)
    watched = "trace=pwrite64,fdatasync,fsync,sendto,sendmsg,write,writev"
    program.prefix = ["strace", "-D", "-f", "-y", "-qq", "-s", "8192", "-o", str(tmp_path / "trace"), "-e", watched]
    sender = Sender(program.port)

    with running(crm, "/sandbox/health"), running(program, "/healthz"):
        for lead in range(1, 6):
            payload = lead_payload(lead)
            payload["contact"]["name"] = f"Lead-{lead}-of-five"
            sender.post(payload)
        program.stop()

    lines = (tmp_path / "trace").read_text(errors="replace").splitlines()
    for event, payload in sender.acknowledged.items():
        name = payload["contact"]["name"]
        written = next(at for at, line in enumerate(lines) if "pwrite64" in line and "-wal>" in line and name in line)
        synced = next(at for at, line in enumerate(lines) if at > written and is_sync_of(line, lines[:at]))
        answered = next(at for at, line in enumerate(lines) if rf"\"status\":\"accepted\",\"event\":{event}}}" in line)
        assert written < synced < answered


_RESUMED = re.compile(r"^(\d+) +<\.\.\. (fdatasync|fsync) resumed>.*= 0$")


def is_sync_of(line: str, before: list[str]) -> bool:
    """Return whether a line of a trace is the successful end of a sync of the log, begun there or earlier."""
    if re.search(r"(fdatasync|fsync)\(\d+<[^>]*-wal>\) += 0$", line):
        return True
    resumed = _RESUMED.match(line)
    if resumed is None:
        return False
    begun = next(old for old in reversed(before) if old.startswith(f"{resumed[1]} ") and f"{resumed[2]}(" in old)
    return "-wal>" in begun
