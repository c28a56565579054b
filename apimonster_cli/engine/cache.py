"""Answers of reading calls that are used again for a while, where a step says so: each call counts against the rate."""

import threading
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from datetime import timedelta

from apimonster_cli.core import exactjson
from apimonster_cli.core.call import Answer, Request
from apimonster_cli.core.clock import Clock

MOST_BYTES = 32 * 1024 * 1024
"""How much is kept; what was kept first goes first."""

_OVERHEAD = 1024  # bytes for what is around a body: keys, headers


@dataclass(frozen=True, slots=True)
class _Kept:
    answer: Answer
    at: float

    @property
    def size(self) -> int:
        return len(self.answer.body) + _OVERHEAD


class AnswerCache:
    """Answers by connection and request, in memory, for all workers. Thread-safe.

    Whoever asks says how old an answer may be, so steps with different times share what is kept.
    """

    def __init__(self, clock: Clock, *, most: int = MOST_BYTES) -> None:
        self._clock = clock
        self._most = most
        self._lock = threading.Lock()
        self._kept: OrderedDict[Hashable, _Kept] = OrderedDict()
        self._size = 0

    def get(self, connection: str, request: Request, *, within: timedelta) -> Answer | None:
        """Return the answer to the same request if it came within that time."""
        with self._lock:
            found = self._kept.get(_key(connection, request))
        if found is None or self._clock.monotonic() - found.at >= within.total_seconds():
            return None
        return found.answer

    def keep(self, connection: str, request: Request, answer: Answer) -> None:
        """Keep an answer in the place of an older one; one that would fill a tenth of the room is not kept."""
        kept = _Kept(answer, self._clock.monotonic())
        if kept.size > self._most // 10:
            return
        key = _key(connection, request)
        with self._lock:
            before = self._kept.pop(key, None)
            self._kept[key] = kept
            self._size += kept.size - (before.size if before else 0)
            while self._size > self._most:
                _, oldest = self._kept.popitem(last=False)
                self._size -= oldest.size


def _key(connection: str, request: Request) -> Hashable:
    """Return what two requests have in common that ask the same."""
    sent = None if request.json is None else exactjson.canonical(request.json)
    headers = tuple(sorted(request.headers.items()))
    return (connection, request.method, request.path, request.query, request.form, sent, request.body, headers)
