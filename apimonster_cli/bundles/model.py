"""Bundles as the engine and the daemon use them: checked, compiled, frozen."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

from apimonster_cli.bundles.cron import Cron
from apimonster_cli.connectors.spec import Action, Connector, Event, Pull
from apimonster_cli.core.place import Place
from apimonster_cli.core.redact import Redactor
from apimonster_cli.values.condition import Filter
from apimonster_cli.values.field import FieldMap
from apimonster_cli.values.path import Path as SourcePath


@dataclass(frozen=True, slots=True)
class Settings:
    """The `settings:` of all files, defaults filled in. Addresses are (host, port)."""

    store: str = "sqlite:///apimonster.db"
    listen: tuple[str, int] = ("127.0.0.1", 8080)
    admin: tuple[str, int] | None = None
    public_url: str | None = None
    timezone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))
    keep_events: timedelta = timedelta(days=14)
    keep_transactions: timedelta = timedelta(days=90)
    workers: int = 16
    queue_limit: int = 200_000


@dataclass(frozen=True, slots=True)
class Connection:
    """A configured account of a connector. settings: every declared setting by name, in its read form, defaults filled in."""

    name: str
    connector: Connector
    settings: Mapping[str, Any]
    place: Place

    @property
    def zone(self) -> ZoneInfo | None:
        """Return the connection's own time zone."""
        zone: ZoneInfo | None = self.settings.get("timezone")
        return zone


@dataclass(frozen=True, slots=True)
class Retry:
    """How long a delivery is tried: at most `attempts` times, for at most `lasts`, waiting `backoff` at first and doubling."""

    attempts: int | None = None
    lasts: timedelta = timedelta(hours=24)
    backoff: timedelta = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Step:
    """One place in a bundle. for_each: the list of which it is done for each item, once for the whole event without.

    cache: how old an answer that it uses may be; None: it asks each time. max_calls: how many calls one try of it makes at most.
    """

    id: str
    action: Action
    action_name: str
    connection: Connection
    filter: Filter | None
    fields: FieldMap
    options: Mapping[str, Any]
    on_error: Literal["fail", "continue"]
    retry: Retry
    place: Place
    for_each: SourcePath | None = None
    cache: timedelta | None = None
    max_calls: int | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """One entry of a bundle's `tests:`, as written; events are already loaded and patched."""

    name: str
    event: Mapping[str, Any]
    responses: Mapping[str, Any]
    expect: Any
    place: Place
    places: Mapping[str, Place] = field(default_factory=dict)
    """`step.field` or `step` → where its expectation stands."""


@dataclass(frozen=True, slots=True)
class PullPlan:
    """When and what a bundle pulls. Of `every` and `cron` one is set. params: request parameters, their values as they are sent.

    zone: of the connection's dates. lookback: how long before the last complete pull the next one's window begins.
    """

    pull: Pull
    every: timedelta | None
    cron: Cron | None
    lookback: timedelta
    params: Mapping[str, str]
    zone: ZoneInfo

    def after(self, moment: datetime) -> datetime | None:
        """Return when to pull next after a pull that began at `moment`; None: never again."""
        return self.cron.after(moment.astimezone(self.zone)) if self.cron else moment + (self.every or timedelta.max)


@dataclass(frozen=True, slots=True)
class Bundle:
    """Source, filter, steps, on_failure. pull: how its event is asked for; None for events that are sent."""

    name: str
    title: str | None
    events: tuple[Event, ...]
    connection: Connection
    filter: Filter | None
    steps: tuple[Step, ...]
    on_failure: tuple[Step, ...]
    tests: tuple[Case, ...]
    place: Place
    pull: PullPlan | None = None


@dataclass(frozen=True, slots=True)
class Config:
    """Everything that the files say. redactor knows every secret in them."""

    settings: Settings
    connections: Mapping[str, Connection]
    bundles: Mapping[str, Bundle]
    redactor: Redactor
    files: tuple[Path, ...]
    base: Path
    """The folder that relative paths, such as the store's, start from: that of the first file."""
