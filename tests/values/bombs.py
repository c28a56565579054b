"""Renders the templates on its standard input in a process of little memory, and prints what became of each."""

import json
import resource
import sys
from typing import Any

from apimonster_cli.core import exactjson
from apimonster_cli.values import effort
from apimonster_cli.values.errors import LanguageError
from apimonster_cli.values.scope import MISSING, Scope
from apimonster_cli.values.template import compile_template

MEMORY = 700_000_000
WIDE = 60_000
EVENT: dict[str, Any] = {
    "text": "a" * 300_000,
    "lines": "\n" * 300_000,
    "spaces": " " * 300_000,
    "tags": "<a>" * 100_000,
    "evil": "a" * 40 + "!",
    "evils": ["a" * 40 + "!"] * 1000,
    "formats": "%s" * 50_000,
    "padded": "%(a)999s" * 50_000,
    "numbers": list(range(WIDE)),
    "nulls": [None] * 10_000,
    "lists": [[1]] * WIDE,
    "objects": [{"a": number, "b": str(number)} for number in range(10_000)],
    "huge": exactjson.loads("1e999999999"),
    "tiny": exactjson.loads("1e-999999999"),
    "digits": "9" * 300_000,
    "number": int("9" * 4000),
}


def outcome(text: str) -> str:
    """Return what a template comes to: its size, or why it was refused."""
    try:
        found = compile_template(text).render(Scope(EVENT))
    except LanguageError as error:
        return f"not compiled: {error}"
    except ValueError as error:
        return f"refused: {error}"
    return f"gives {0 if found is MISSING else len(exactjson.dumps(found))}"


def main() -> None:
    """Read a JSON list of templates, write one of outcomes."""
    templates = json.load(sys.stdin)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    effort.SECONDS = 0.05
    json.dump([outcome(text) for text in templates], sys.stdout)


if __name__ == "__main__":
    main()
