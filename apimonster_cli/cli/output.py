"""The only place that prints: people read tables and sentences, programs read JSON.

stdout carries results and nothing else; progress, hints and errors go to stderr.
"""

import codecs
import io
import os
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, tzinfo
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from rich.console import Console

    from apimonster_cli.bundles.problem import Problem

_UNSEEN = {code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160)) if chr(code) not in "\n\t"}
_WIDEST = 100_000  # what a program reads is never folded
_COLOURS = {
    "ok": "green",
    "warn": "yellow",
    "fail": "red",
    "done": "green",
    "passed": "green",
    "accepted": "green",
    "answered": "green",
    "waiting": "yellow",
    "running": "yellow",
    "planned": "yellow",
    "turned_away": "yellow",
    "failed": "red",
    "rejected": "red",
    "unknown": "red",
    "stale": "magenta",
    "forgotten": "magenta",
    "unmatched": "magenta",
}


class Advance(Protocol):
    """What a progress bar is moved with."""

    def __call__(self, done: int) -> None:
        """Show that `done` of the total are done."""


def _as_escapes(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    units = error.object[error.start : error.end].encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{high:02x}{low:02x}" for high, low in zip(units[::2], units[1::2], strict=True)), error.end


def print_anything() -> None:
    """Let stdout and stderr take every letter: those that the locale's encoding lacks are escaped, in the way of JSON."""
    codecs.register_error("apimonster.escape", _as_escapes)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="apimonster.escape")


def say(text: str = "") -> None:
    """Print a line of the result."""
    sys.stdout.write(f"{text}\n")


def flush() -> None:
    """Hand what was printed to whoever reads it, before a long wait."""
    sys.stdout.flush()


def tell(text: str) -> None:
    """Print a line beside the result, on stderr."""
    sys.stdout.flush()
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def document(value: Any) -> None:
    """Print one JSON document."""
    from apimonster_cli.core import exactjson

    say(exactjson.dumps(_plain(value), indent=2))


def lines(values: Iterable[Any]) -> None:
    """Print JSON lines, one value a line."""
    from apimonster_cli.core import exactjson

    for value in values:
        say(exactjson.dumps(_plain(value)))


def table(
    columns: Sequence[str], rows: Iterable[Sequence[Any]], *, title: str | None = None, whole: Collection[str] = ()
) -> None:
    """Print a table; words for outcomes and states are coloured in a terminal. whole: columns that are folded last."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    drawn = Table(
        title=title,
        box=SIMPLE_HEAD,
        title_justify="left",
        show_edge=False,
        pad_edge=False,
        collapse_padding=True,
        title_style="bold",
    )
    for column in columns:
        drawn.add_column(column, overflow="fold", no_wrap=column in whole)
    for row in rows:
        cells = ["" if cell is None else visible(str(cell)) for cell in row]
        drawn.add_row(*(Text(cell, style=_COLOURS.get(cell, "")) for cell in cells))
    console(sys.stdout).print(drawn)


def heading(text: str) -> None:
    """Print a heading above a part of the result."""
    from rich.text import Text

    console(sys.stdout).print(Text(f"\n{text}", style="bold"))


def facts(values: Mapping[str, Any]) -> None:
    """Print name and value, one a line; those without a value are left out."""
    from rich.text import Text

    kept = {name: visible(str(value)) for name, value in values.items() if value not in (None, "")}
    longest = max(map(len, kept), default=0)
    for name, value in kept.items():
        console(sys.stdout).print(Text.assemble((f"{name:<{longest}}  ", "dim"), (value, _COLOURS.get(value, ""))))


def marked(word: str, text: str) -> None:
    """Print a line that begins with the word for its outcome."""
    from rich.text import Text

    console(sys.stdout).print(Text.assemble((word, _COLOURS.get(word, "")), f"  {text}"), soft_wrap=True)


def block(text: str, *, label: str | None = None) -> None:
    """Print a payload, a request or an answer, indented below its label."""
    if label:
        say(f"  {label}")
    for line in visible(text).splitlines():
        say(f"    {line}")


def problems(found: Sequence["Problem"], sources: Mapping[str, Sequence[str]], *, to_stderr: bool = False) -> None:
    """Print each problem with its source line and a caret."""
    from rich.text import Text

    from apimonster_cli.bundles.problem import snippet

    stream = sys.stderr if to_stderr else sys.stdout
    screen = console(stream)
    for problem in found:
        line = Text(problem.line())
        line.highlight_regex(r": error:", "bold red")
        line.highlight_regex(r": warning:", "bold yellow")
        screen.print(line, soft_wrap=True)
        shown = snippet(problem, list(sources.get(problem.place.file, ())))
        if shown:
            screen.print(Text(shown), soft_wrap=True)


@contextmanager
def progress(label: str, total: int) -> Iterator[Advance]:
    """Show a progress bar on stderr while the block runs; only a start and an end line when that is no terminal."""
    screen = console(sys.stderr)
    if not screen.is_terminal:
        tell(f"{label} …")
        yield lambda done: None  # noqa: ARG005 - a log file wants no bar
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=screen) as shown:
        task = shown.add_task(label, total=total)
        yield lambda done: shown.update(task, completed=done)


def console(stream: Any) -> "Console":
    """Return a Rich console: colours and folding in a terminal only, and no markup in what strangers sent."""
    from rich.console import Console

    width = None if stream.isatty() or "COLUMNS" in os.environ else _WIDEST
    return Console(file=stream, markup=False, highlight=False, emoji=False, width=width)


def moment(when: datetime | None, zone: tzinfo = UTC) -> str:
    """Return a moment as people read it, to the second: `2026-03-27 18:04:09`."""
    return when.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S") if when else ""


def visible(text: str) -> str:
    """Return the text with control signs written out: what strangers sent must not command the terminal."""
    return text.replace("\r\n", "\n").translate(_UNSEEN)


def shorten(text: str | None, length: int) -> str:
    """Return the text on one line of at most `length` characters."""
    flat = " ".join((text or "").split())
    return flat if len(flat) <= length else f"{flat[: length - 1]}…"


def _plain(value: Any) -> Any:
    """Return the value as JSON has it; moments in UTC, ISO 8601."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value
