"""An upgrade that breaks off, wherever it is, leaves the old store or the new one, with all rows; the next start ends it."""

import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from apimonster_cli.core.clock import SystemClock
from apimonster_cli.core.errors import StoreError
from apimonster_cli.store import migrate
from apimonster_cli.store.open import open_store
from tests.acceptance.processes import ROOT, daemon, sandbox
from tests.acceptance.upgrades import STORE, contents, old_store

OLDER = [f"{number:04}" for number in range(1, int(migrate.HEAD))]
EVERY = 20  # places, of up to a hundred; all of them with --slow

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(600)]


@pytest.mark.parametrize("revision", [OLDER[0], *(pytest.param(each, marks=pytest.mark.slow) for each in OLDER[1:])])
def test_an_upgrade_that_breaks_off_leaves_the_old_store_or_the_new(
    tmp_path: Path, revision: str, request: pytest.FixtureRequest
) -> None:
    every = 1 if request.config.getoption("--slow") else EVERY
    first = 1 + int(request.config.getoption("--seed")) % min(every, 8)

    lines = sweep(tmp_path, revision, first, every)

    new = {"revision": migrate.HEAD, "rows_same": True, "columns_same": False}
    old = {"revision": revision, "rows_same": True, "columns_same": True}
    for line in lines:
        found = {name: line[name] for name in new}
        assert found == (old if line["revision"] == revision else new), line
        assert line["backup"] in (old, None), line
        assert line["backup"] == old or line["revision"] == revision, line
        assert line["again"] == {"ended": "opened", **new}, line
    ended = {(line["kind"], line["ended"].partition(":")[0], line["revision"]) for line in lines}
    assert {("kill", "killed", revision), ("full", "refused", revision), ("full", "opened", migrate.HEAD)} <= ended
    assert [line["ended"] for line in lines if "the disk" not in line["ended"] and "refused" in line["ended"]] == []


def test_an_older_program_leaves_a_newer_store_alone(tmp_path: Path) -> None:
    crm = sandbox(tmp_path)
    program = daemon(tmp_path, crm)
    old_store(tmp_path / STORE, migrate.HEAD)
    stamp(tmp_path / STORE, "0999")
    before = (tmp_path / STORE).read_bytes()

    program.launch()
    code = program.ended()

    assert code == 1
    assert "was written by a newer version of this program; install that version or a later one" in program.log()
    assert (tmp_path / STORE).read_bytes() == before
    assert not list(tmp_path.glob("*.bak"))


def test_the_backup_of_an_upgrade_leads_back(tmp_path: Path) -> None:
    old_store(tmp_path / STORE, OLDER[-1])
    before = contents(tmp_path / STORE)
    open_store(f"sqlite:///{STORE}", base=tmp_path, daemon=True, clock=SystemClock()).close_store()

    (tmp_path / f"{STORE}.{OLDER[-1]}.bak").replace(tmp_path / STORE)

    assert contents(tmp_path / STORE) == before
    with pytest.raises(StoreError, match="start `sync run` once"):
        open_store(f"sqlite:///{STORE}", base=tmp_path, daemon=False, clock=SystemClock())


def sweep(folder: Path, revision: str, first: int, every: int) -> list[dict[str, Any]]:
    """Break an upgrade off at many places, and return what came of each."""
    command = [sys.executable, "-m", "tests.acceptance.upgrades", str(folder), revision, str(first), str(every)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def stamp(store: Path, revision: str) -> None:
    with closing(sqlite3.connect(store)) as database, database:
        database.execute("UPDATE alembic_version SET version_num = ?", (revision,))
