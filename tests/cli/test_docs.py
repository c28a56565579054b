"""docs/cli.md has a section for every command, and every option of it exists."""

import re
from pathlib import Path

import pytest

from apimonster_cli.cli.main import COMMANDS
from tests.cli.conftest import Sync

PAGE = (Path(__file__).parents[2] / "docs" / "cli.md").read_text(encoding="utf-8")
SECTIONS = {part.partition("\n")[0].strip(): part for part in re.split(r"^## ", PAGE, flags=re.MULTILINE)[1:]}


def test_every_command_has_its_section_in_the_order_of_the_help() -> None:
    assert list(SECTIONS) == list(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_section_shows_the_command_and_names_only_options_that_exist(sync: Sync, name: str) -> None:
    help_ = sync(name, "--help").out

    shown = re.search(r"^```sh\n(.*?)^```", SECTIONS[name], re.MULTILINE | re.DOTALL)
    options = set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", SECTIONS[name]))
    assert shown
    assert all(line.startswith(f"sync {name}") for line in shown[1].splitlines())
    assert {option for option in options if option not in help_} == set()


@pytest.mark.parametrize("name", COMMANDS)
def test_a_section_names_every_option(sync: Sync, name: str) -> None:
    help_ = sync(name, "--help").out

    options = set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", help_.partition("Options:")[2]))
    everywhere = PAGE.partition("\n## ")[0]
    assert {option for option in options if option not in SECTIONS[name] + everywhere} <= {"--help"}
