"""How the running program stands: what it runs, since when, and what became of the last reload."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from apimonster_cli.bundles.model import Config
from apimonster_cli.engine.circuit import Circuits
from apimonster_cli.engine.deliver import Engine
from apimonster_cli.store.rows import Pause


@dataclass(slots=True)
class Status:
    """What the supervisor writes down, for health, metrics and page to read from their threads.

    engine: what is in force. taken_over_at: when its files were read. reload_failed_at: when files were read last, if they
    could not be taken over; None when the last reload worked. reload_error: why.
    """

    engine: Engine
    started_at: datetime
    taken_over_at: datetime = field(init=False)
    reload_failed_at: datetime | None = None
    reload_error: str | None = None

    def __post_init__(self) -> None:
        self.taken_over_at = self.started_at

    @property
    def config(self) -> Config:
        """Return the files in force."""
        return self.engine.config

    @property
    def circuits(self) -> Circuits:
        """Return how the connections are."""
        return self.engine.circuits

    def pauses(self) -> Sequence[Pause]:
        """Return the connections that wait for a working key."""
        return self.engine.circuits.pauses()

    def taken_over(self, engine: Engine, at: datetime) -> None:
        """Note what is in force from now on."""
        self.engine, self.taken_over_at = engine, at
        self.reload_failed_at = self.reload_error = None

    def not_taken_over(self, error: str, at: datetime) -> None:
        """Note that files could not be taken over."""
        self.reload_failed_at, self.reload_error = at, error
