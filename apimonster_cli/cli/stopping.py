"""Waiting until the user, or the system, has had enough."""

import queue
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def until_stopped() -> Iterator[Callable[[], None]]:
    """Give a function that returns once Ctrl-C (SIGINT) or SIGTERM has come; the earlier handlers are put back in the end."""
    with _stops() as stops:

        def wait() -> None:
            stops.get()

        yield wait


@contextmanager
def stop_asked() -> Iterator[Callable[[], bool]]:
    """Give a function that tells whether Ctrl-C (SIGINT) or SIGTERM has come; the earlier handlers are put back in the end."""
    with _stops() as stops:
        yield lambda: not stops.empty()


@contextmanager
def _stops() -> "Iterator[queue.SimpleQueue[int]]":
    # A SimpleQueue may be filled from a signal handler; an Event, whose lock the main thread may hold, may not.
    stops: queue.SimpleQueue[int] = queue.SimpleQueue()
    if threading.current_thread() is not threading.main_thread():  # signals are for the main thread alone
        yield stops
        return
    earlier = {
        number: signal.signal(number, lambda got, _frame: stops.put(got)) for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield stops
    finally:
        for number, handler in earlier.items():
            signal.signal(number, handler)
