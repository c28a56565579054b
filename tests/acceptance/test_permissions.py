"""Whatever holds leads or secrets is for its owner alone: whatever the umask, in a folder that is open to all, after a kill."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from apimonster_cli.cli.main import run
from apimonster_cli.store import dialect, migrate
from tests.acceptance.processes import Program, daemon, free_port, lead_payload, running
from tests.acceptance.storm import Sender
from tests.store.build import opened

pytestmark = pytest.mark.acceptance
PUBLIC = {"bundles.yaml", ".gitignore", "run.log", "schemas", "samples"}
STORE = "apimonster.db"


@pytest.fixture
def open_folder(tmp_path: Path) -> Iterator[Path]:
    """A folder that all may read and write, and a umask that takes no right away."""
    before = os.umask(0)
    folder = tmp_path / "open"
    folder.mkdir(0o777)
    try:
        yield folder
    finally:
        os.umask(before)


def modes(folder: Path) -> dict[str, int]:
    """Return the mode of each file that could hold a lead or a secret."""
    return {file.name: file.stat().st_mode & 0o777 for file in folder.iterdir() if file.name not in PUBLIC}


def test_the_files_of_the_daemon_and_of_the_commands(open_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(open_folder)
    program = daemon(open_folder, Program([], open_folder, free_port()))
    with_logs = (STORE, f"{STORE}-wal", f"{STORE}-shm", f"{STORE}.lock")

    codes = [run(["init"])]
    with running(program, "/healthz"):
        sender = Sender(program.port)
        sender.post(lead_payload(1))
        at_work = modes(open_folder)
        codes.append(run(["backup", "copy.db"]))
        program.kill()
    for name in with_logs:
        (open_folder / name).chmod(0o666)
    store = opened(open_folder)
    after_the_kill = modes(open_folder)
    store.close_store()
    (open_folder / STORE).chmod(0o666)
    codes.append(run(["restore", "copy.db"]))
    left = modes(open_folder)

    assert (codes, len(sender.acknowledged)) == ([0, 0, 0], 1)
    assert at_work == dict.fromkeys((".env", *with_logs), 0o600)
    assert after_the_kill == {**at_work, "copy.db": 0o600}
    assert {".env", STORE, "copy.db"} <= set(left)
    assert {name for name in left if name.endswith(".old")}
    assert set(left.values()) == {0o600}


def test_the_copy_that_an_upgrade_keeps(open_folder: Path) -> None:
    old_store(open_folder / STORE).chmod(0o666)

    opened(open_folder).close_store()

    assert modes(open_folder) == dict.fromkeys((STORE, f"{STORE}.lock", f"{STORE}.0001.bak"), 0o600)


def old_store(path: Path) -> Path:
    """Make a store of the first schema."""
    engine = dialect.engine_for(path)
    with engine.connect() as connection:
        dialect.prepare_new(connection)
        migrate.move(connection, to="0001")
        connection.exec_driver_sql("INSERT INTO store VALUES ('0123abcd', '2026-01-01', '2026-01-01')")
    engine.dispose()
    return path
