"""`sync init`: a folder to start from, that passes its own checks."""

import re
import stat
from fnmatch import fnmatch
from pathlib import Path

import pytest

from tests.cli.conftest import Sync

FILES = {".env", ".gitignore", "bundles.yaml", "schemas/bundles.schema.json", "samples/utmstat/new_lead.json"}


def fill_in_key(folder: Path) -> None:
    env = folder / ".env"
    env.write_text(env.read_text().replace("#RETAILCRM_API_KEY=\n", "RETAILCRM_API_KEY=invented\n"))


def test_makes_everything_that_is_needed(folder: Path, sync: Sync) -> None:
    shown = sync("init", "leads")

    made = {str(file.relative_to(folder / "leads")) for file in (folder / "leads").rglob("*") if file.is_file()}
    assert shown.code == 0
    assert made >= FILES
    assert "  cd leads\n  sync check" in shown.err


def test_what_it_makes_passes_check_and_test_once_the_key_is_filled_in(folder: Path, sync: Sync) -> None:
    sync("init")
    before = sync("check")
    fill_in_key(folder)

    checked, tested = sync("check"), sync("test")

    assert before.code == 1
    assert "RETAILCRM_API_KEY" in before.out
    assert (checked.code, checked.out) == (0, "1 file, 2 connections, 1 bundle: no mistakes\n")
    assert (tested.code, tested.out.splitlines()[-1]) == (0, "2 passed")


def test_secrets_are_fresh_and_for_their_owner_alone(folder: Path, sync: Sync) -> None:
    sync("init", "a")
    sync("init", "b")

    tokens = [
        re.search(r"^UTMSTAT_HOOK_TOKEN=(.{32,})$", (folder / name / ".env").read_text(), re.MULTILINE)
        for name in ("a", "b")
    ]
    assert tokens[0]
    assert tokens[1]
    assert tokens[0][1] != tokens[1][1]
    assert stat.S_IMODE((folder / "a" / ".env").stat().st_mode) == 0o600


@pytest.mark.parametrize("name", [".env", "apimonster.db", "apimonster.db-wal", "apimonster.db.20261121-180311.old"])
def test_what_holds_secrets_and_leads_stays_out_of_git(folder: Path, sync: Sync, name: str) -> None:
    sync("init")

    patterns = (folder / ".gitignore").read_text().split()

    assert any(fnmatch(name, pattern) for pattern in patterns)
    assert not any(fnmatch(kept, pattern) for kept in ("bundles.yaml", "samples") for pattern in patterns)


def test_overwrites_nothing(folder: Path, sync: Sync) -> None:
    (folder / "bundles.yaml").write_text("version: 1\n")
    (folder / ".env").write_text("A=1\n")

    shown = sync("init")

    assert shown.code == 0
    assert "kept    bundles.yaml" in shown.out
    assert "kept    .env" in shown.out
    assert "written samples/utmstat/new_lead.json" in shown.out
    assert (folder / "bundles.yaml").read_text() == "version: 1\n"
    assert (folder / ".env").read_text() == "A=1\n"


def test_a_file_where_the_folder_should_be_is_explained(folder: Path, sync: Sync) -> None:
    (folder / "leads").touch()

    shown = sync("init", "leads")

    assert shown.code == 1
    assert "something else of that name" in shown.err


def test_schema_is_the_one_that_init_writes(folder: Path, sync: Sync) -> None:
    sync("init")

    shown = sync("schema", "--output", "elsewhere")

    written = folder / "elsewhere" / "bundles.schema.json"
    assert shown.out == "elsewhere/bundles.schema.json written\n"
    assert written.read_text() == (folder / "schemas" / "bundles.schema.json").read_text()
