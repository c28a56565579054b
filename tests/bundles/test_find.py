from pathlib import Path

import pytest

from apimonster_cli.bundles.find import find_files, shown
from apimonster_cli.core.errors import ConfigError


def write(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("version: 1\n")


def test_takes_the_file_before_the_folder(tmp_path: Path) -> None:
    write(tmp_path, "bundles.yaml", "bundles/a.yaml")

    assert find_files(None, tmp_path) == [tmp_path / "bundles.yaml"]


def test_takes_every_yaml_file_of_the_folder_in_order(tmp_path: Path) -> None:
    write(tmp_path, "bundles/b.yaml", "bundles/a.yml", "bundles/readme.md", "bundles/inner/c.yaml")

    assert [path.name for path in find_files(None, tmp_path)] == ["a.yml", "b.yaml"]


def test_takes_what_is_named_once(tmp_path: Path) -> None:
    write(tmp_path, "bundles.yaml", "more/a.yaml", "more/b.yaml")

    found = find_files([Path("more/b.yaml"), Path("more")], tmp_path)

    assert [path.name for path in found] == ["b.yaml", "a.yaml"]


@pytest.mark.parametrize(
    ("named", "sentence"),
    [
        (None, "there is no bundles.yaml and no folder bundles/ in "),
        ([Path("lead.yaml")], "there is no file or folder lead.yaml"),
        ([Path("empty")], "the folder empty has no .yaml file; `sync init` starts one"),
    ],
)
def test_says_what_is_missing(named: list[Path] | None, sentence: str, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()

    with pytest.raises(ConfigError) as caught:
        find_files(named, tmp_path)

    assert str(caught.value).startswith(sentence)


def test_shows_paths_as_the_user_sees_them(tmp_path: Path) -> None:
    assert shown(tmp_path / "a" / "b.yaml", tmp_path) == "a/b.yaml"
    assert shown(tmp_path / "b.yaml", tmp_path / "a") == str(tmp_path / "b.yaml")
