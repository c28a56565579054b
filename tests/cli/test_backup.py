"""`sync backup` and `sync restore`, beside a daemon that runs."""

from pathlib import Path

import pytest

from tests.acceptance.processes import Program, free_port, running
from tests.cli.conftest import Sync
from tests.cli.filled import BUNDLES, fill, write_bundles


def test_a_backup_is_named_after_the_store_and_the_day(folder: Path, sync: Sync) -> None:
    fill(folder)

    shown = sync("backup")

    (made,) = folder.glob("apimonster-2*.db")
    assert shown.code == 0
    assert shown.out == f"{made}: 4 events, 0 deliveries open.\n"


def test_a_backup_goes_where_it_is_told(folder: Path, sync: Sync) -> None:
    fill(folder)
    (folder / "copies").mkdir()

    codes = [sync("backup", where).code for where in ("copy.db", "copies", "copy.db")]

    assert codes == [0, 0, 1]
    assert len(list((folder / "copies").iterdir())) == 1


def test_a_copy_is_verified_without_any_bundle_file(folder: Path, sync: Sync) -> None:
    fill(folder)
    sync("backup", "copy.db")
    (folder / "bundles.yaml").unlink()

    shown = sync("restore", "copy.db", "--verify")

    assert shown.code == 0
    assert shown.out == "copy.db is sound: 4 events, the last of 2026-03-01 09:04:00 UTC, 0 deliveries open.\n"


def test_what_is_no_copy_is_a_sentence(folder: Path, sync: Sync) -> None:
    fill(folder)

    shown = sync("restore", "bundles.yaml")

    assert shown.code == 1
    assert shown.err == "Error: bundles.yaml is no sound copy of a store: file is not a database\n"


@pytest.mark.acceptance
def test_a_running_daemon_is_backed_up_and_not_replaced(folder: Path, sync: Sync) -> None:
    fill(folder)
    port = free_port()
    write_bundles(folder, BUNDLES.replace("settings:", f"settings:\n  listen: 127.0.0.1:{port}"))

    with running(Program(["run"], folder, port), "/healthz") as daemon:
        made = sync("backup", "copy.db")
        refused = sync("restore", "copy.db")
        daemon.stop()
    restored = sync("restore", "copy.db")

    assert (made.code, refused.code, restored.code) == (0, 1, 0)
    assert "is using" in refused.err
    (aside,) = folder.glob("apimonster.db.*.old")
    assert f"kept as {aside}" in restored.out
    assert sync("history", "--json").code == 0
