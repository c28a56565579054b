"""A disk that is really full: the store lies on a small file system of its own, which somebody else fills up and empties again."""

import shutil
import subprocess
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from tests.acceptance.oracle import complaints
from tests.acceptance.processes import get, lead_payload, running, sandbox, wait_for
from tests.acceptance.storm import STORE, Sender, daemon, holdings, still_open, world

MOUNT = 'mount -t tmpfs -o size=4m,mode=700 store "$0" && exec "$@"'
AFTERWARDS = 20


def own_mounts() -> bool:
    """Return whether a program may have mounts of its own here."""
    if not shutil.which("unshare"):
        return False
    tried = ["unshare", "-rm", "mount", "-t", "tmpfs", "store", "/mnt"]
    return subprocess.run(tried, capture_output=True, check=False).returncode == 0


pytestmark = [
    pytest.mark.acceptance,
    pytest.mark.skipif(not own_mounts(), reason="no mounts of one's own here"),
]


def test_a_full_disk_refuses_webhooks_and_takes_them_again_when_there_is_room(tmp_path: Path) -> None:
    crm = sandbox(tmp_path)
    program = daemon(tmp_path, crm)
    bundles = tmp_path / "bundles.yaml"
    text = bundles.read_text(encoding="utf-8")
    bundles.write_text(text.replace("settings:\n", f"settings:\n  store: sqlite:///disk/{STORE}\n"), encoding="utf-8")
    (tmp_path / "disk").mkdir()
    program.prefix = ["unshare", "-rm", "sh", "-c", MOUNT, str(tmp_path / "disk")]
    sender = Sender(program.port)

    with running(crm, "/sandbox/health"), running(program, "/readyz"):
        assert program.process
        disk = Path(f"/proc/{program.process.pid}/root{tmp_path}/disk")  # as the program sees it
        sender.post(lead_payload(1))
        fill_up(disk / "filler")
        refused_at = post_until_refused(sender)
        wait_for(lambda: get(program.port, "/readyz")[0] == 503, "it says that it takes no webhooks")
        (disk / "filler").unlink()
        wait_for(lambda: get(program.port, "/readyz")[0] == 200, "webhooks are taken again")
        leads = refused_at + AFTERWARDS
        for lead in range(refused_at, leads + 1):
            sender.post(lead_payload(lead))
        wait_for(lambda: len(holdings(crm).notes) == leads, "each lead has its note")
        wait_for(lambda: still_open(copied(disk, tmp_path / "copy")) == 0, "every delivery has ended")
        held = holdings(crm)

    whole = world(tmp_path / "copy" / STORE, held, sender.acknowledged)
    assert len(sender.acknowledged) == leads
    assert complaints(replace(whole, folder=tmp_path)) == []


def fill_up(filler: Path) -> None:
    """Leave no room where the file lies."""
    with filler.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(b"x" * 4096)


def post_until_refused(sender: Sender) -> int:
    """Post leads for as long as they are taken, and return the first that was not: what is acknowledged has found room."""
    lead = 1
    while not sender.refused:
        lead += 1
        sender.post(lead_payload(lead), tries=1)
        assert lead < 1000
    return lead


def copied(disk: Path, target: Path) -> Path:
    """Copy the store out of the program's own file system, with what is still in its log."""
    target.mkdir(exist_ok=True)
    for name in (STORE, f"{STORE}-wal"):
        shutil.copyfile(disk / name, target / name)
    (target / f"{STORE}-shm").unlink(missing_ok=True)
    return target
