"""Waiting until the user, or the system, has had enough."""

import queue
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def until_stopped() -> Iterator[Callable[[], None]]:
    """Give a function that returns once Ctrl-C (SIGINT) or SIGTERM has come; the earlier handlers are put back in the end."""
    # A SimpleQueue may be filled from a signal handler; an Event, whose lock the main thread may hold, may not.
    stops: queue.SimpleQueue[int] = queue.SimpleQueue()
    earlier = {
        number: signal.signal(number, lambda got, _frame: stops.put(got)) for number in (signal.SIGINT, signal.SIGTERM)
    }

    def wait() -> None:
        stops.get()

    try:
        yield wait
    finally:
        for number, handler in earlier.items():
            signal.signal(number, handler)
