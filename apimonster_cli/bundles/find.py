"""Which files the bundles are in."""

from collections.abc import Sequence
from pathlib import Path

from apimonster_cli.core.errors import ConfigError

DEFAULT_FILE = "bundles.yaml"
DEFAULT_FOLDER = "bundles"
_SUFFIXES = {".yaml", ".yml"}


def find_files(named: Sequence[Path] | None, cwd: Path) -> list[Path]:
    """Return the files that were named (folders give all their YAML files), or bundles.yaml, or all of bundles/.

    ConfigError when there is none.
    """
    if named:
        found = [file for path in named for file in _files_of(cwd / path, path)]
        return list(dict.fromkeys(found))
    if (cwd / DEFAULT_FILE).is_file():
        return [cwd / DEFAULT_FILE]
    if (cwd / DEFAULT_FOLDER).is_dir():
        return _files_of(cwd / DEFAULT_FOLDER, Path(DEFAULT_FOLDER))
    raise ConfigError(
        f"there is no {DEFAULT_FILE} and no folder {DEFAULT_FOLDER}/ in {cwd}; name a file, or start one with `sync init`"
    )


def shown(path: Path, cwd: Path) -> str:
    """Return a path as messages show it: relative to the current folder where it lies below."""
    try:
        return str(path.relative_to(cwd))
    except ValueError:
        return str(path)


def _files_of(path: Path, named: Path) -> list[Path]:
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise ConfigError(f"there is no file or folder {named}")
    found = sorted(file for file in path.iterdir() if file.suffix in _SUFFIXES and file.is_file())
    if not found:
        raise ConfigError(f"the folder {named} has no .yaml file; `sync init` starts one")
    return found
