"""The systemd unit: closed to what the daemon does not need, and open to all that it does."""

import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.acceptance.processes import daemon, lead_payload, running, sandbox, wait_for
from tests.acceptance.storm import Sender, ended
from tests.acceptance.test_disk import strace_works

ROOT = Path(__file__).parents[2]
UNIT = ROOT / "deploy" / "apimonster.service"
# Memory that was written may not be run, as MemoryDenyWriteExecute= has it: PR_SET_MDWE, on kernels that know it.
NO_NEW_CODE = """
import ctypes, runpy, sys
ctypes.CDLL(None).prctl(65, 1, 0, 0, 0)
sys.argv[0] = "sync"
runpy.run_module("apimonster_cli", run_name="__main__")
"""
pytestmark = pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not installed")


def analyze(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["systemd-analyze", "--no-pager", *arguments], capture_output=True, text=True, check=False)


def test_is_as_closed_as_the_page_says() -> None:
    page = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    said = re.search(r"`systemd-analyze security` gives it (\d)\.(\d)", page)
    assert said

    found = analyze("security", "--offline=true", f"--threshold={said[1]}{said[2]}", str(UNIT))

    assert found.returncode == 0, found.stdout


def test_systemd_finds_no_mistake_in_it(tmp_path: Path) -> None:
    unit = tmp_path / UNIT.name
    unit.write_text(UNIT.read_text(encoding="utf-8").replace("/opt/apimonster/bin/apimonster", sys.executable))

    found = analyze("verify", str(unit))

    assert (found.returncode, found.stdout + found.stderr) == (0, "")


@pytest.mark.acceptance
@pytest.mark.skipif(not strace_works(), reason="strace is not installed, or may not trace here")
def test_the_daemon_needs_no_system_call_that_the_unit_forbids(tmp_path: Path) -> None:
    crm = sandbox(tmp_path)
    program = daemon(tmp_path, crm)
    trace = tmp_path / "trace"
    program.prefix = ["strace", "-D", "-f", "-qq", "-c", "-o", str(trace)]
    program.python = ["-c", NO_NEW_CODE]
    sender = Sender(program.port)

    with running(crm, "/sandbox/health"), running(program, "/healthz"):
        for lead in range(1, 11):
            sender.post(lead_payload(lead))
        wait_for(lambda: ended(tmp_path) == 10, "every delivery has ended")
        assert program.process
        program.process.send_signal(signal.SIGTERM)
        code = program.ended()  # traced, it may need longer than its ten seconds
    wait_for(lambda: trace.exists() and trace.read_text().rstrip().endswith("total"), "strace has summed up")

    used = {line.split()[-1] for line in trace.read_text().splitlines() if re.match(r" *[0-9.]+ ", line)} - {"total"}
    assert code == 0
    assert {"fdatasync", "accept4", "connect"} <= used
    # Run by root, SQLite gives its log files to the owner of the store; the service is not root.
    assert used - allowed() <= ({"fchown"} if os.geteuid() == 0 else set())


def allowed() -> set[str]:
    """Return the system calls that the unit's filters leave."""
    left: set[str] = set()
    for line in re.findall(r"^SystemCallFilter=(.+)$", UNIT.read_text(encoding="utf-8"), re.MULTILINE):
        calls = {call for name in line.removeprefix("~").split() for call in members(name)}
        left = left - calls if line.startswith("~") else left | calls
    return left


def members(name: str) -> set[str]:
    if not name.startswith("@"):
        return {name}
    lines = analyze("syscall-filter", name).stdout.splitlines()
    return {call for line in lines if re.match(r"    [^ #]", line) for call in members(line.strip())}
