"""The page on `settings.admin`: what runs, what waits, what came in last. Rendered here, without a script, with nothing from elsewhere.

No personal data: of an event there are its number, its names and its state; an object key is shown where it is no phone and
no e-mail.
"""

import base64
import hashlib
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from importlib.resources import files
from typing import Any

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from apimonster_cli import __version__
from apimonster_cli.bundles.model import Config
from apimonster_cli.core import log
from apimonster_cli.core.clock import Clock
from apimonster_cli.core.duration import format_duration
from apimonster_cli.core.errors import StoreError
from apimonster_cli.core.personal import in_key, in_text
from apimonster_cli.daemon.admin.look import Look, Looks
from apimonster_cli.daemon.health import Health
from apimonster_cli.daemon.status import Status
from apimonster_cli.engine.circuit import Circuit
from apimonster_cli.store.api import HistoryStore
from apimonster_cli.store.figures import EventGlance, FailureGlance, Glance, Queue

_EVENTS = 20
_FAILURES = 10
_STYLE = (files(__package__) / "page.css").read_text(encoding="utf-8")
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
CSP = (
    f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Nothing is loaded and nothing runs but the one style sheet in the page."""
_ADVICE_PAUSED = (
    "Its deliveries wait. Mend the key, the address or the rights; they go on by themselves, or at once after a reload."
)
_ADVICE_RESTING = "Its deliveries wait; it is tried again by itself."

Row = dict[str, Any]


class Page:
    """Renders the page. status, health, looks: of the running program."""

    def __init__(self, store: HistoryStore, status: Status, health: Health, looks: Looks, clock: Clock) -> None:
        self._store = store
        self._status = status
        self._health = health
        self._looks = looks
        self._clock = clock
        environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
        text = (files(__package__) / "page.html").read_text(encoding="utf-8")
        self._template = environment.from_string(text, {"style": Markup(_STYLE)})  # noqa: S704  # our own file

    def text(self) -> str:
        """Return the page as it is at this moment."""
        look = self._looks.last()
        return self._template.render(
            version=__version__, writable=self._health.writable(), **self._program(), **self._store_parts(look)
        )

    def _program(self) -> Row:
        status = self._status
        config, circuits, when = status.config, status.circuits, self._moment
        return {
            "started": when(status.started_at),
            "dry_run": status.engine.dry_run,
            "taken_over": when(status.taken_over_at),
            "reload_failed": when(status.reload_failed_at),
            "reload_error": status.reload_error,
            "paused": len(status.pauses()),
            "connections": [
                {"name": name, "type": connection.connector.title}
                | (_state(circuits[name], when) if connection.connector.url is not None else _listens())
                for name, connection in config.connections.items()
            ],
            "zone": config.settings.timezone.key,
            "now": when(self._clock.now()),
        }

    def _store_parts(self, look: Look) -> Row:
        now, config = self._clock.now(), self._status.config
        queues = look.figures.queues if look.figures else {}
        oldest = min((queue.oldest for queue in queues.values() if queue.oldest), default=None)
        last = self._last()
        return {
            "readable": look.figures is not None and last is not None,
            "waiting": sum(queue.waiting for queue in queues.values()),
            "running": sum(queue.running for queue in queues.values()),
            "oldest": _since(oldest, now),
            "failed": look.figures.failed if look.figures else 0,
            "bundles": list(_bundles(config, queues, now)),
            "strays": [
                {"name": name, "waiting": queue.waiting} for name, queue in queues.items() if name not in config.bundles
            ],
            "pulls": [self._pull(name, look, now) for name, bundle in config.bundles.items() if bundle.pull],
            "events": [self._event(row) for row in (last.events if last else ())],
            "failures": [self._failure(row) for row in (last.failures if last else ())],
        }

    def _last(self) -> Glance | None:
        try:
            return self._store.glance(events=_EVENTS, failures=_FAILURES)
        except StoreError as error:
            log.get().error("the store could not be read for the page on settings.admin", error=str(error))
            return None

    def _pull(self, bundle: str, look: Look, now: datetime) -> Row:
        state = next((state for state in look.pulls if state.bundle == bundle), None)
        row: Row = {"name": bundle, "complete": "", "lag": "", "state": "not yet", "tone": "wait", "why": None}
        if state is None:
            return row
        row |= {"complete": self._moment(state.complete), "lag": _since(state.complete, now)}
        if state.error:
            again = self._moment(state.retry_at)
            return row | {"state": f"failed {state.failures} times", "tone": "bad", "why": _said(state.error, again)}
        return row | ({"state": "reading"} if state.held else {"state": "ok", "tone": "good"})

    def _event(self, row: EventGlance) -> Row:
        return {
            "id": row.id,
            "at": self._moment(row.received_at),
            "connection": row.connection,
            "event": row.event or "",
            "object": in_key(row.object_key or ""),
            "status": row.status,
            "deliveries": list(row.deliveries.items()),
        }

    def _failure(self, row: FailureGlance) -> Row:
        return {
            "id": row.event_id,
            "at": self._moment(row.closed_at),
            "connection": row.connection,
            "event": row.event or "",
            "object": in_key(row.object_key or ""),
            "bundle": row.bundle,
            "why": in_text(row.error or "", free=True),
        }

    def _moment(self, when: datetime | None) -> str:
        zone = self._status.config.settings.timezone
        return when.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S") if when else ""


def _state(circuit: Circuit, when: Callable[[datetime], str]) -> Row:
    pause = circuit.pause
    if pause is not None:
        why = in_text(pause.reason, free=True)
        return {"state": f"paused since {when(pause.since)}", "tone": "bad", "why": why, "advice": _ADVICE_PAUSED}
    if circuit.resting:
        return {"state": "rests", "tone": "wait", "why": in_text(circuit.why, free=True), "advice": _ADVICE_RESTING}
    return {"state": "ok", "tone": "good", "why": None}


def _listens() -> Row:
    return {"state": "listens", "tone": "good", "why": None}


def _bundles(config: Config, queues: Mapping[str, Queue], now: datetime) -> Iterator[Row]:
    for name, bundle in config.bundles.items():
        queue = queues.get(name, Queue())
        yield {
            "name": name,
            "events": ", ".join(event.name for event in bundle.events),
            "connection": bundle.connection.name,
            "waiting": queue.waiting,
            "running": queue.running,
            "oldest": _since(queue.oldest, now),
        }


def _since(moment: datetime | None, now: datetime) -> str:
    return format_duration(max(now - moment, timedelta())) if moment else ""


def _said(error: str, again: str) -> str:
    told = in_text(error, free=True)
    return f"{told}; tried again at {again}" if again else told
