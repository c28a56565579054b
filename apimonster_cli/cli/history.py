"""`sync history`: the events that came in."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args

import typer

from apimonster_cli.cli import masking, output, waiting
from apimonster_cli.cli.opening import AsJson, ConfigFiles, load_for_reading, parse_since, store_beside
from apimonster_cli.core import exactjson
from apimonster_cli.core.clock import SystemClock
from apimonster_cli.core.errors import ConfigError
from apimonster_cli.store.rows import DeliveryState, EventRow, EventStatus, HistoryFilter, Pause

if TYPE_CHECKING:
    from datetime import tzinfo

    from apimonster_cli.bundles.model import Config

STATUSES = (*get_args(EventStatus), *get_args(DeliveryState))


def command(  # noqa: PLR0913 - one argument a filter
    *,
    connection: Annotated[str | None, typer.Option(help="Only events of this connection.")] = None,
    bundle: Annotated[str | None, typer.Option(help="Only events that went through this bundle.")] = None,
    status: Annotated[str | None, typer.Option(help=f"Only events with this status: {', '.join(STATUSES)}.")] = None,
    since: Annotated[str | None, typer.Option(help="Only events from then on: 2h, 3d, 2026-03-01.")] = None,
    search: Annotated[str | None, typer.Option(help="Only events with this text in them.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many to show, the newest first.")] = 50,
    reveal: masking.Reveal = False,
    as_json: AsJson = False,
    config: ConfigFiles = None,
) -> int:
    """List the events that came in, the newest first, with what became of each.

    Phones, e-mails, names and addresses are masked unless --reveal is given. --json prints one JSON object a line.
    """
    found, pauses, loaded = _events(
        config, connection=connection, bundle=bundle, status=status, since=since, search=search, limit=limit
    )
    rows = found if reveal else [masking.event(row) for row in found]
    waits, zone = waiting.waits_of(loaded, pauses), loaded.settings.timezone
    if as_json:
        output.lines(as_object(row, waits) for row in rows)
        return 0
    columns = ("id", "received", "connection", "event", "object", "status", "deliveries")
    if rows:
        output.table(columns, (_cells(row, zone, waits) for row in rows), whole=("id", "received", "status"))
    elif connection or bundle or status or since or search:
        output.tell("No such events.")
    else:
        output.tell("No events yet; sync urls prints the addresses that senders post them to.")
    waiting.tell(pauses, zone, reveal=reveal)
    return 0


def _events(
    files: list[Path] | None, *, since: str | None, status: str | None, **wanted: Any
) -> "tuple[list[EventRow], list[Pause], Config]":
    if status is not None and status not in STATUSES:
        raise ConfigError(f"--status {status}: there is no such status; choose one of {', '.join(STATUSES)}")
    loaded = load_for_reading(files)
    start = parse_since(since, loaded, SystemClock().now())
    with store_beside(loaded) as store:
        return store.events(HistoryFilter(since=start, status=status, **wanted)), store.pauses(), loaded


def as_object(row: EventRow, waits: waiting.Waits | None) -> dict[str, Any]:
    """Return the event as the object that `--json` prints; payload as JSON, or as text where it is none."""
    paused = {bundle: waiting.named(waits, bundle, state) for bundle, state in row.deliveries.items()}
    return {
        "id": row.id,
        "received_at": row.received_at,
        "connection": row.connection,
        "event": row.event,
        "object_key": row.object_key,
        "version": row.version,
        "status": row.status,
        "reason": row.reason,
        "repeats": row.repeats,
        "deliveries": dict(row.deliveries),
        "waits_for": None if waits is None else {bundle: names for bundle, names in paused.items() if names},
        "payload": payload(row),
    }


def payload(row: EventRow) -> Any:
    """Return the payload as a value; the body as text when there is none."""
    if row.payload is None:
        return row.body.decode("utf-8", "replace") if row.body else None
    try:
        return exactjson.loads(row.payload)
    except ValueError:
        return row.payload


def _cells(row: EventRow, zone: "tzinfo", waits: waiting.Waits | None) -> tuple[Any, ...]:
    status: str = row.status
    if row.repeats:
        status += f" (+{row.repeats} repeated)"
    deliveries = ", ".join(
        f"{bundle}: {state}{_paused(waiting.named(waits, bundle, state))}" for bundle, state in row.deliveries.items()
    )
    return (
        row.id,
        output.moment(row.received_at, zone),
        row.connection,
        row.event,
        output.shorten(row.object_key, 30),
        status,
        deliveries or row.reason or ("no bundle takes it" if row.status == "accepted" else None),
    )


def _paused(names: Sequence[str]) -> str:
    return f" ({', '.join(names)} paused)" if names else ""
