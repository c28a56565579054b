"""`sync transactions`: the outgoing calls."""

import csv
import sys
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args

import typer

from apimonster_cli.cli import masking, output
from apimonster_cli.cli.opening import AsJson, ConfigFiles, load_for_reading, parse_since, store_beside
from apimonster_cli.core.clock import SystemClock
from apimonster_cli.core.errors import ConfigError
from apimonster_cli.store.rows import HistoryFilter, TransactionRow, TransactionState

if TYPE_CHECKING:
    from datetime import tzinfo

STATES = get_args(TransactionState)
KEYS = tuple(field.name for field in fields(TransactionRow))


def command(  # noqa: PLR0913 - the filters of `sync history`, and two formats
    *,
    connection: Annotated[str | None, typer.Option(help="Only calls to this connection.")] = None,
    bundle: Annotated[str | None, typer.Option(help="Only calls of this bundle.")] = None,
    status: Annotated[
        str | None, typer.Option(help=f"Only calls in this state: {', '.join(STATES)}, or an HTTP status such as 400.")
    ] = None,
    since: Annotated[str | None, typer.Option(help="Only calls from then on: 2h, 3d, 2026-03-01.")] = None,
    search: Annotated[str | None, typer.Option(help="Only calls with this text in request or answer.")] = None,
    event: Annotated[int | None, typer.Option(help="Only calls of the event with this id.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many to show, the newest first.")] = 50,
    reveal: masking.Reveal = False,
    as_json: AsJson = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV on stdout, with a line of headings.")] = False,
    config: ConfigFiles = None,
) -> int:
    """List the outgoing calls, the newest first: when, for which event, what was asked and what was answered.

    Phones, e-mails, names and addresses are masked unless --reveal is given. --json prints one JSON object a line.
    """
    found, zone = _transactions(
        config,
        connection=connection,
        bundle=bundle,
        status=status,
        since=since,
        search=search,
        event_id=event,
        limit=limit,
    )
    rows = found if reveal else [masking.transaction(row) for row in found]
    if as_json:
        output.lines(as_object(row) for row in rows)
    elif as_csv:
        _write_csv(rows)
    else:
        columns = ("id", "sent", "event", "bundle", "step", "call", "outcome", "ms")
        if rows:
            output.table(columns, (_cells(row, zone) for row in rows), whole=("id", "sent", "event", "ms"))
        else:
            output.tell("No such transactions.")
    return 0


def _transactions(
    files: list[Path] | None, *, since: str | None, status: str | None, **wanted: Any
) -> "tuple[list[TransactionRow], tzinfo]":
    if status is not None and status not in STATES and not status.isdigit():
        raise ConfigError(
            f"--status {status}: there is no such state; choose one of {', '.join(STATES)}, or an HTTP status such as 400"
        )
    loaded = load_for_reading(files)
    start = parse_since(since, loaded, SystemClock().now())
    with store_beside(loaded) as store:
        return store.transactions(HistoryFilter(since=start, status=status, **wanted)), loaded.settings.timezone


def as_object(row: TransactionRow) -> dict[str, Any]:
    """Return the transaction as the object that `--json` prints: its columns, and how long it took in milliseconds."""
    return {**{key: getattr(row, key) for key in KEYS}, "duration_ms": duration_ms(row)}


def duration_ms(row: TransactionRow) -> int | None:
    """Return how long the call took; None when it has no end on record."""
    return round((row.ended_at - row.sent_at).total_seconds() * 1000) if row.ended_at else None


def outcome(row: TransactionRow) -> str:
    """Return what became of the call: the HTTP status where there was an answer, else the state."""
    return f"{row.status}" if row.status is not None else row.state


def _cells(row: TransactionRow, zone: "tzinfo") -> Sequence[Any]:
    reason = (row.error or "").removeprefix(f"connection {row.connection}: ")  # the column before names it
    told = f"{outcome(row)}: {output.shorten(reason, 100)}" if reason else outcome(row)
    path = row.url.partition("://")[2].partition("/")[2]
    return (
        row.id,
        output.moment(row.sent_at, zone),
        row.event_id,
        row.bundle,
        row.step,
        f"{row.connection}: {row.method} /{output.shorten(path, 60)}",
        told,
        duration_ms(row),
    )


def _write_csv(rows: Sequence[TransactionRow]) -> None:
    writer = csv.DictWriter(sys.stdout, fieldnames=[*KEYS, "duration_ms"])
    writer.writeheader()
    for row in rows:
        values = as_object(row)
        for moment in ("sent_at", "ended_at"):
            values[moment] = values[moment] and values[moment].isoformat()
        writer.writerow(values)
