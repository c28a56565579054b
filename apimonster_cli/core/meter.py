"""What is worth counting while the program works, told to whoever counts it: daemon.admin, or nobody.

Each verb is called in the middle of the work, from any thread: it takes microseconds, waits for nothing and never fails.
"""

from typing import Protocol


class Meter(Protocol):
    """Hears what happens. Names are those of the bundle files, seconds are of real time."""

    def event(self, connection: str, event: str | None, status: str, times: int = 1) -> None:
        """Count what came in; status: that of its row, or `duplicate`."""

    def acknowledged(self, seconds: float) -> None:
        """Take how long a webhook waited for its answer 200, from when its body was there."""

    def refused(self, connection: str | None, status: int) -> None:
        """Count a request for a webhook that was answered with this HTTP status and not kept; None: of no connection."""

    def delivered(self, bundle: str, outcome: str, seconds: float | None) -> None:
        """Count a delivery that ended; seconds: since its event came in, None where nobody waited for it."""

    def put_off(self, bundle: str) -> None:
        """Count a try of a delivery after which it waits for another."""

    def called(self, connection: str, action: str, outcome: str, status: int | None, seconds: float | None) -> None:
        """Count a transaction; outcome: its state, status: of the answer, seconds: None when it was not sent."""


class Silent:
    """Nobody counts."""

    def event(self, connection: str, event: str | None, status: str, times: int = 1) -> None:
        """Count nothing."""

    def acknowledged(self, seconds: float) -> None:
        """Count nothing."""

    def refused(self, connection: str | None, status: int) -> None:
        """Count nothing."""

    def delivered(self, bundle: str, outcome: str, seconds: float | None) -> None:
        """Count nothing."""

    def put_off(self, bundle: str) -> None:
        """Count nothing."""

    def called(self, connection: str, action: str, outcome: str, status: int | None, seconds: float | None) -> None:
        """Count nothing."""


SILENT: Meter = Silent()
