"""The lock files of the container: all that pyproject.toml asks for, by hash, and no address."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
FILES = [ROOT / "deploy" / "requirements.lock", ROOT / "deploy" / "build.lock"]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
_ENTRY = re.compile(
    r"(?P<name>[a-z0-9-]+)==(?P<version>[0-9][0-9a-z.]*)(?: ; (?P<marker>[^\\\n]+))?(?P<hashes>(?: \\\n    --hash=sha256:[0-9a-f]{64})+)\n"
)


def locked(file: Path) -> dict[str, tuple[str, str | None]]:
    """Return version and marker of each package in a lock file, every line of which has to be understood."""
    text = file.read_text(encoding="utf-8")
    entries = list(_ENTRY.finditer(text))
    assert "".join(entry[0] for entry in entries) == text
    return {entry["name"]: (entry["version"], entry["marker"] and entry["marker"].strip()) for entry in entries}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_holds_versions_and_hashes_and_nothing_else(file: Path) -> None:
    text = file.read_text(encoding="utf-8")

    packages = locked(file)

    assert len(packages) > 3
    assert [word for word in ("://", "--index", "--find-links", "@", "/") if word in text] == []


@pytest.mark.parametrize(
    ("file", "wanted"),
    [(FILES[0], PYPROJECT["project"]["dependencies"]), (FILES[1], PYPROJECT["build-system"]["requires"])],
    ids=["requirements.lock", "build.lock"],
)
def test_has_what_pyproject_asks_for(file: Path, wanted: list[str]) -> None:
    packages = locked(file)

    missing = [str(asked) for asked in map(Requirement, wanted) if not satisfied(asked, packages)]

    assert missing == [], "bash deploy/lock writes the lock files anew"


def satisfied(asked: Requirement, packages: dict[str, tuple[str, str | None]]) -> bool:
    version, marker = packages.get(canonicalize_name(asked.name), ("", None))
    return version != "" and asked.specifier.contains(version) and same(asked.marker, marker)


def same(asked: Marker | None, found: str | None) -> bool:
    """Return whether two markers say the same; the parts of one may stand in another order."""
    return parts(str(asked) if asked else "") == parts(found or "")


def parts(marker: str) -> set[str]:
    return {part.replace('"', "'") for part in marker.split(" and ")}


def test_the_audit_looks_at_every_lock_file() -> None:
    script = (ROOT / ".ci" / "audit").read_text(encoding="utf-8")

    assert [file.name for file in FILES if f"deploy/{file.name}" not in script] == []
