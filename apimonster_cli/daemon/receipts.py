"""From the store's writer to the listener's loop: which events are on disk.

The writer finishes a whole batch at once. Waking the loop costs a system call, so it is woken once for all that is
finished by the time it looks, and not for each.
"""

import asyncio
from collections import deque
from concurrent.futures import Future
from functools import partial

from apimonster_cli.core.errors import StoreError
from apimonster_cli.store.rows import Accepted

_Waiter = asyncio.Future[Accepted]


class Receipts:
    """Futures of the store, awaited in one event loop."""

    def __init__(self) -> None:
        self._finished: deque[tuple[_Waiter, Future[Accepted]]] = deque()
        self._waking = False

    async def wait(self, kept: Future[Accepted]) -> Accepted:
        """Return what `kept` comes to, or raise it."""
        loop = asyncio.get_running_loop()
        waiter: _Waiter = loop.create_future()
        kept.add_done_callback(partial(self._finish, loop, waiter))
        return await waiter

    def _finish(self, loop: asyncio.AbstractEventLoop, waiter: _Waiter, kept: Future[Accepted]) -> None:
        """Note a finished future; called in the writer's thread."""
        self._finished.append((waiter, kept))
        if not self._waking:
            self._waking = True
            loop.call_soon_threadsafe(self._hand_out)

    def _hand_out(self) -> None:
        self._waking = False  # first: what is appended from here on wakes again, or is taken below
        while self._finished:
            waiter, kept = self._finished.popleft()
            if waiter.cancelled():
                continue
            error = StoreError("the store was closed") if kept.cancelled() else kept.exception()
            if error is None:
                waiter.set_result(kept.result())
            else:
                waiter.set_exception(error)
