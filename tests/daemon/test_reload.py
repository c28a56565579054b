"""A changed file is noticed, once it is whole."""

import os
from pathlib import Path

from apimonster_cli.daemon.reload import Watch


def write(file: Path, text: str, moment: int) -> None:
    file.write_text(text)
    os.utime(file, (moment, moment))


def test_an_untouched_file_has_not_changed(tmp_path: Path) -> None:
    write(tmp_path / "bundles.yaml", "a", 1)
    watch = Watch([tmp_path / "bundles.yaml"])

    assert [watch.changed(), watch.changed()] == [False, False]


def test_a_change_counts_once_it_has_settled_and_only_once(tmp_path: Path) -> None:
    file = tmp_path / "bundles.yaml"
    write(file, "a", 1)
    watch = Watch([file])
    write(file, "half", 2)

    looks = [watch.changed()]
    write(file, "whole", 3)
    looks += [watch.changed(), watch.changed(), watch.changed()]

    assert looks == [False, False, True, False]


def test_a_file_that_goes_and_comes_back_the_same_has_not_changed(tmp_path: Path) -> None:
    file = tmp_path / "bundles.yaml"
    write(file, "a", 1)
    watch = Watch([file])
    file.unlink()

    looks = [watch.changed()]
    write(file, "a", 1)
    looks += [watch.changed(), watch.changed()]

    assert looks == [False, False, False]


def test_a_file_that_stays_away_is_a_change(tmp_path: Path) -> None:
    file = tmp_path / "bundles.yaml"
    write(file, "a", 1)
    watch = Watch([file])
    file.unlink()

    assert [watch.changed(), watch.changed()] == [False, True]


def test_a_changed_env_beside_a_file_is_a_change(tmp_path: Path) -> None:
    file = tmp_path / "bundles.yaml"
    write(file, "a", 1)
    watch = Watch([file])
    write(tmp_path / ".env", "CRM_KEY=new", 2)

    assert [watch.changed(), watch.changed(), watch.changed()] == [False, True, False]


def test_what_changes_while_the_files_are_read_is_another_change(tmp_path: Path) -> None:
    file = tmp_path / "bundles.yaml"
    write(file, "a", 1)
    watch = Watch([file])
    write(file, "half", 2)
    watch.take()
    write(file, "whole", 3)

    assert [watch.changed(), watch.changed()] == [False, True]


def test_follows_other_files(tmp_path: Path) -> None:
    watch = Watch([tmp_path / "one.yaml"])
    watch.follow([tmp_path / "two.yaml"])
    write(tmp_path / "one.yaml", "a", 1)
    looks = [watch.changed(), watch.changed()]
    write(tmp_path / "two.yaml", "a", 1)

    assert [*looks, watch.changed(), watch.changed()] == [False, False, False, True]
