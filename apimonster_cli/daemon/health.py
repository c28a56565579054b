"""How the running program is: alive, and fit to take webhooks."""

from collections.abc import Callable, Sequence
from datetime import UTC
from typing import Any

from apimonster_cli.core.clock import Clock
from apimonster_cli.core.errors import StoreError
from apimonster_cli.core.personal import in_text
from apimonster_cli.store.api import UpkeepStore
from apimonster_cli.store.rows import Pause

_TRUSTED_FOR = 1.0  # seconds: whoever asks /readyz again and again must not keep the disk busy


class Health:
    """What /healthz and /readyz tell.

    listening: the address is open. stopping: no more webhooks are wanted; what has come is being finished.
    paused: the connections that wait for working credentials. Their events wait safely, so that is no reason
    to send webhooks elsewhere; it is only told.
    """

    def __init__(self, store: UpkeepStore, clock: Clock, paused: Callable[[], Sequence[Pause]] = tuple) -> None:
        self._store = store
        self._clock = clock
        self._paused = paused
        self._known = (float("-inf"), False)
        self.listening = True
        self.stopping = False

    def ready(self) -> tuple[bool, dict[str, Any]]:
        """Return whether webhooks can be taken, and the parts of that answer. Tries the disk: not for the event loop."""
        writable = self.writable()
        parts = {
            "status": "ok",
            "store": "ok" if writable else "cannot be written",
            "listener": "stopping" if self.stopping else "ok" if self.listening else "not listening",
            "paused": [_as_object(pause) for pause in sorted(self._paused(), key=lambda pause: pause.connection)],
        }
        ready = writable and self.listening and not self.stopping
        if not ready:
            parts["status"] = "unavailable"
        return ready, parts

    def writable(self) -> bool:
        """Return whether a commit works, or worked a moment ago. Tries the disk."""
        at, writable = self._known
        now = self._clock.monotonic()
        if now - at >= _TRUSTED_FOR:
            try:
                writable = self._store.writable()
            except StoreError:
                writable = False
            self._known = (now, writable)
        return writable


def _as_object(pause: Pause) -> dict[str, str]:
    return {
        "connection": pause.connection,
        "since": pause.since.astimezone(UTC).isoformat(timespec="seconds"),
        "reason": in_text(pause.reason, free=True),  # whoever reaches the listener may ask
    }
