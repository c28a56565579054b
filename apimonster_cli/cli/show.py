"""`sync show`: one event whole."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import tzinfo
from typing import TYPE_CHECKING, Annotated, Any

import typer

from apimonster_cli.cli import history, masking, output, transactions, waiting
from apimonster_cli.cli.opening import AsJson, ConfigFiles, load_for_reading, store_beside
from apimonster_cli.core import exactjson
from apimonster_cli.core.errors import SyncError
from apimonster_cli.core.personal.record import form_pairs
from apimonster_cli.store.rows import DeliveryRow, EventRow, HistoryFilter, StepResult, TransactionRow

if TYPE_CHECKING:
    from apimonster_cli.store.api import HistoryStore

_ALL = 10_000  # transactions of one event: more than any delivery makes in its day of retries


def command(
    event_id: Annotated[int, typer.Argument(metavar="ID", help="The event's id, as sync history shows it.")],
    *,
    reveal: masking.Reveal = False,
    as_json: AsJson = False,
    config: ConfigFiles = None,
) -> int:
    """Show one event whole: what came in, what was sent and where each value came from, what was answered.

    Phones, e-mails, names and addresses are masked unless --reveal is given. --json prints one JSON document.
    """
    loaded = load_for_reading(config)
    with store_beside(loaded) as store:
        event = store.event(event_id)
        if event is None:
            raise SyncError(f"there is no event {event_id}; sync history lists the events that are there")
        deliveries = store.deliveries(event_id)
        calls = calls_of(store, event_id)
        pauses = store.pauses()
    waits = waiting.waits_of(loaded, pauses)
    found = (event, deliveries, calls)
    shown = found if reveal else _masked(*found)
    if as_json:
        output.document(as_object(*shown, waits))
        return 0
    zone = loaded.settings.timezone
    print_event(*shown, zone, waiting.sentences(waits, zone, reveal=reveal))
    if waits is None and any(delivery.state == "waiting" for delivery in deliveries):
        waiting.tell(pauses, zone, reveal=reveal)
    if shown != found:
        output.tell(masking.HINT)
    return 0


def _masked(
    event: EventRow, deliveries: Sequence[DeliveryRow], calls: Sequence[TransactionRow]
) -> tuple[EventRow, list[DeliveryRow], list[TransactionRow]]:
    return masking.event(event), [*map(masking.delivery, deliveries)], [*map(masking.transaction, calls)]


def calls_of(store: "HistoryStore", event_id: int) -> list[TransactionRow]:
    """Return the transactions of an event, the oldest first."""
    return store.transactions(HistoryFilter(event_id=event_id, limit=_ALL))[::-1]


def as_object(
    event: EventRow, deliveries: Sequence[DeliveryRow], calls: Sequence[TransactionRow], waits: waiting.Waits | None
) -> dict[str, Any]:
    """Return the event with its deliveries, their steps and their transactions as the object that `--json` prints."""
    whole = history.as_object(event, waits)
    whole |= {
        "content_type": event.content_type,
        "query": event.query,
        "headers": event.headers,
        "remote": event.remote,
        "change": event.change,
    }
    whole["deliveries"] = [
        {
            **asdict(delivery),
            "waits_for": None if waits is None else waiting.named(waits, delivery.bundle, delivery.state),
            "transactions": [transactions.as_object(call) for call in calls if call.delivery_id == delivery.id],
        }
        for delivery in deliveries
    ]
    return whole


def print_event(
    event: EventRow,
    deliveries: Sequence[DeliveryRow],
    calls: Sequence[TransactionRow],
    zone: tzinfo,
    waits: Mapping[str, str],
) -> None:
    """Print the event for a person to read. waits: bundle → what its waiting deliveries wait for."""
    output.heading(f"Event {event.id}: {event.event or event.status}")
    output.facts(
        {
            "received": output.moment(event.received_at, zone),
            "connection": event.connection,
            "from": event.remote,
            "status": event.status,
            "reason": event.reason,
            "object": event.object_key,
            "change": event.change,
            "version": event.version,
            "repeated": ("once" if event.repeats == 1 else f"{event.repeats} times") if event.repeats else None,
        }
    )
    output.heading("What came in")
    output.block(readable(history.payload(event)))
    for delivery in deliveries:
        _print_delivery(
            delivery, [call for call in calls if call.delivery_id == delivery.id], zone, waits.get(delivery.bundle)
        )
    if not deliveries and event.status not in ("stale", "forgotten"):
        output.say("\nNo bundle takes this event.")


def _print_delivery(
    delivery: DeliveryRow, calls: Sequence[TransactionRow], zone: tzinfo, waits_for: str | None
) -> None:
    output.heading(f"Delivery {delivery.id} through {delivery.bundle}: {delivery.state}")
    waits = delivery.state == "waiting"
    output.facts(
        {
            "attempts": delivery.attempt,
            "next try": output.moment(delivery.due_at, zone) if waits else None,
            "waits for": waits_for if waits else None,
            "closed": output.moment(delivery.closed_at, zone),
            "error" if delivery.state == "failed" else "reason": delivery.error,
        }
    )
    steps = {step.step: step for step in delivery.steps}
    for name in dict.fromkeys([*steps, *(call.step for call in calls)]):
        _print_step(name, steps.get(name), [call for call in calls if call.step == name], zone)


def _print_step(name: str, step: StepResult | None, calls: Sequence[TransactionRow], zone: tzinfo) -> None:
    action = step.action if step else calls[0].action
    output.heading(f"Step {name} ({action}): {step.outcome if step else 'not finished'}")
    if step and step.error:
        output.say(step.error)
    if step and step.fields:
        values = flat(step.fields)
        rows = [(target, value, step.origins.get(target)) for target, value in values.items()]
        output.table(("field", "value", "from"), rows)
    for call in calls:
        took = transactions.duration_ms(call)
        after = f", {took} ms" if took is not None else ""
        output.say(f"{output.moment(call.sent_at, zone)}  {call.method} {call.url}")
        if call.request:
            output.block(readable(call.request), label="asked")
        output.block(readable(call.answer or call.error or ""), label=f"answer: {transactions.outcome(call)}{after}")


def flat(fields: Any, prefix: str = "") -> dict[str, Any]:
    """Return nested fields as dotted target → value, as they are written in a bundle."""
    if isinstance(fields, Mapping) and fields:
        parts: Sequence[tuple[Any, Any]] = list(fields.items())
    elif isinstance(fields, list) and fields:
        parts = list(enumerate(fields))
    else:
        return {prefix: "null" if fields is None else fields}
    found: dict[str, Any] = {}
    for key, value in parts:
        found |= flat(value, f"{prefix}.{key}" if prefix else str(key))
    return found


def readable(value: Any) -> str:
    """Return a payload, a request or an answer as people read it: JSON indented, a form one pair a line."""
    if not isinstance(value, str):
        return "" if value is None else exactjson.dumps(value, indent=2)
    try:
        parsed = exactjson.loads(value)
    except ValueError:
        return "\n".join(f"{name} = {readable(text)}" for name, text in form_pairs(value)) or value
    return exactjson.dumps(parsed, indent=2) if isinstance(parsed, dict | list) else value
