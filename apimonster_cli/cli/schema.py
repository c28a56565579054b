"""`sync schema`: the JSON Schema of bundle files, for editors."""

from pathlib import Path
from typing import Annotated

import typer

from apimonster_cli.cli import output
from apimonster_cli.core import exactjson

FILE_NAME = "bundles.schema.json"


def command(
    *, folder: Annotated[Path, typer.Option("--output", "-o", help="The folder to write to.")] = Path("schemas")
) -> int:
    """Write the JSON Schema of bundle files, with which an editor completes events, actions and fields.

    Point a bundle file at it in its first line: # yaml-language-server: $schema=schemas/bundles.schema.json
    """
    output.say(f"{write_schema(folder)} written")
    return 0


def write_schema(folder: Path) -> Path:
    """Write the schema into the folder, made when it is missing; return the file."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / FILE_NAME
    file.write_text(schema_text(), encoding="utf-8")
    return file


def schema_text() -> str:
    """Return the JSON Schema of bundle files as the text of its file."""
    from apimonster_cli.bundles.schema import json_schema

    return exactjson.dumps(json_schema(), indent=2) + "\n"
