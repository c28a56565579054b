"""A delivery as field maps, filters and actions see it."""

import re
from collections.abc import Mapping
from datetime import tzinfo
from typing import Any

from apimonster_cli.bundles.model import Bundle, Settings, Step
from apimonster_cli.core import exactjson
from apimonster_cli.store.rows import Claimed, StepOutcome
from apimonster_cli.values.scope import MISSING, Locale, Scope

_MAYBE_HALF = re.compile(r"\\u[dD][89a-fA-F]")
_HALF = re.compile("[\ud800-\udfff]")
ON_FAILURE = "on_failure."
"""What the names of on_failure steps begin with in the store, so that they meet no step of the same id."""
_WORST_FIRST: tuple[StepOutcome, ...] = ("failed", "done", "skipped")


class Context:
    """The event, its meta values and the outputs of the steps done so far."""

    def __init__(
        self, event: Any, meta: Mapping[str, Any], bundle: Bundle, settings: Settings, previous: Any = MISSING
    ) -> None:
        self._event = event
        self._previous = previous
        self._merged = _merged(event, bundle)
        self._merged_previous = _merged(previous, bundle)
        self._meta = dict(meta)
        self._settings = settings
        self._source_zone: tzinfo = bundle.connection.zone or settings.timezone
        self._outputs: dict[str, Mapping[str, Any]] = {}
        self._items: dict[str, dict[int, Mapping[str, Any]]] = {}
        self.hidden = False
        """Whether outputs come from the store, where secrets are masked."""

    def keep(self, step_id: str, outcome: StepOutcome, output: Mapping[str, Any], *, number: int | None = None) -> None:
        """Let later steps read what this one brought; number: of the item that it was done for.

        `status` is always the step's outcome; `output` has everything as it came, a `status` of the service's own among it.
        A step with items has these under `items`. It is failed when one of them is, and skipped when all of them are.
        """
        kept = {**output, "output": output, "status": outcome}
        if number is not None:
            items = self._items.setdefault(step_id, {})
            items[number] = kept
            listed = {"items": [items[place] for place in sorted(items)]}
            outcomes = {item["status"] for item in items.values()}
            kept = {**listed, "output": listed, "status": next(one for one in _WORST_FIRST if one in outcomes)}
        self._outputs[step_id] = kept

    def failed_with(self, error: str) -> None:
        """Let on_failure steps read why the delivery failed, as `meta.error`."""
        self._meta["error"] = error

    def scope(self, step: Step | None = None) -> Scope:
        """Return what `step`, or the bundle's filter, reads values from."""
        if step is None:
            locale = Locale(source_zone=self._source_zone, target_zone=self._source_zone)
        else:
            locale = Locale(
                source_zone=self._source_zone,
                target_zone=step.connection.zone or self._settings.timezone,
                phone_region=step.connection.settings.get("phone_region") or Locale().phone_region,
            )
        return Scope(
            self._event,
            self._meta,
            self._outputs,
            locale,
            previous=self._previous,
            merged=self._merged,
            merged_previous=self._merged_previous,
        )


def context_of(claimed: Claimed, bundle: Bundle, settings: Settings, previous: Any = MISSING) -> Context:
    """Return the context of a claimed delivery, with the outputs of its finished steps; ValueError when its payload is not JSON.

    previous: the event before, see engine.previous.
    """
    received = claimed.received_at.astimezone(bundle.connection.zone or settings.timezone)
    meta = {
        "event_id": claimed.event_id,
        "received_at": received.isoformat(timespec="seconds"),
        "connection": claimed.connection,
        "event": claimed.event,
        "bundle": claimed.bundle,
        "attempt": claimed.lease.attempt,
        "change": claimed.change,
        "headers": claimed.headers,
        "query": claimed.query,
        "error": None,
    }
    context = Context(_readable(claimed.payload), meta, bundle, settings, previous)
    for step in claimed.finished:
        name, _, number = step.step.removeprefix(ON_FAILURE).partition(".")
        context.keep(name, step.outcome, step.output, number=int(number) if number else None)
        context.hidden = True
    return context


def _merged(event: Any, bundle: Bundle) -> Any:
    """Return an event with the fields that its connector makes from it, the sender's own first; MISSING when it makes none."""
    hook = bundle.connection.connector.hook
    derived = hook.derive(event) if hook and isinstance(event, Mapping) else {}
    return {**derived, **event} if derived else MISSING


def _readable(payload: str) -> Any:
    """Return the event. Halves of a surrogate pair (a sender cut a text in the middle of an emoji) become U+FFFD.

    JSON can spell them, UTF-8 cannot: no service could be sent the text, and the lead would be lost over a smile.
    """
    event = exactjson.loads(payload)
    return _mended(event) if _MAYBE_HALF.search(payload) else event


def _mended(value: Any) -> Any:
    if isinstance(value, str):
        return _HALF.sub("\N{REPLACEMENT CHARACTER}", value)
    if isinstance(value, dict):
        return {_mended(key): _mended(item) for key, item in value.items()}
    return [_mended(item) for item in value] if isinstance(value, list) else value


def identity(claimed: Claimed, key: str) -> str:
    """Return what an external id of this step is derived from: the same for every try and every event of one object.

    key: the step's id, with its prefix for on_failure steps. An event without an object key stands alone: then the number of
    its row, made unique by the database's own name, takes the object's place. No name holds a slash, so no two steps meet.
    """
    if claimed.object_key is not None:
        return f"{claimed.bundle}/{key}/{claimed.object_key}"
    return f"{claimed.bundle}/{key}/{claimed.store_id}/{claimed.event_id}"
