"""Calls of many deliveries sent as one: what makes the backfill of a year take minutes.

Deliveries, steps and actions know nothing of it: each makes its own call, waits, and gets its own answer. So all that holds for a
single call holds here as well: the intent on record, the look after an unclear end, on_duplicate.
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

from apimonster_cli.bundles.model import Bundle
from apimonster_cli.connectors.spec import Batch
from apimonster_cli.core import log
from apimonster_cli.core.call import Answer, Request
from apimonster_cli.core.errors import CallError, ConfigError, TransientError
from apimonster_cli.engine.call import Client

LINGER = 0.1
"""Seconds without another call, after which a batch goes as it is."""


@dataclass(eq=False, slots=True)
class _Waiting:
    """Calls that are to go together, and what became of them."""

    requests: dict[str, Request] = field(default_factory=dict)
    answers: dict[str, Answer | CallError | None] = field(default_factory=dict)
    full: threading.Event = field(default_factory=threading.Event)
    more: threading.Event = field(default_factory=threading.Event)
    done: threading.Event = field(default_factory=threading.Event)


class BatchingClient:
    """A client that lets calls of the same kind, made at about the same time by different threads, go as one.

    The first of a batch waits for the others, sends, and hands out the answers. A call that the joint answer says nothing final
    about is sent by itself. The rate counts what is really sent.
    """

    def __init__(self, client: Client, batches: Sequence[Batch], *, linger: float = LINGER) -> None:
        self._linger = linger
        self._client = client
        self._batches = batches
        self._lock = threading.Lock()
        self._open: dict[int, _Waiting] = {}

    def describe(self, request: Request) -> tuple[str, str | None]:
        """Return address and body of the call as if it went alone."""
        return self._client.describe(request)

    def reserve(self) -> None:
        """Take no slot yet: how many calls there will be shows later."""

    def send(self, request: Request) -> Answer:
        """Send the call, alone or with others; see Client."""
        for number, batch in enumerate(self._batches):
            key = batch.key(request)
            if key is not None:
                return self._together(number, key, request)
        return self._alone(request)

    def _alone(self, request: Request) -> Answer:
        self._client.reserve()
        return self._client.send(request)

    def _together(self, number: int, key: str, request: Request) -> Answer:
        waiting, leads = self._join(number, key, request)
        if leads:
            try:
                self._lead(number, waiting)
            finally:
                waiting.done.set()
        waiting.done.wait()
        answer = waiting.answers.get(key)
        if isinstance(answer, CallError):
            raise answer
        return self._alone(request) if answer is None else answer

    def _join(self, number: int, key: str, request: Request) -> tuple[_Waiting, bool]:
        """Put the call into the open batch of its kind, or open one; return it, and whether this call leads it."""
        with self._lock:
            waiting = self._open.get(number)
            leads = waiting is None or key in waiting.requests
            if waiting is None or leads:
                waiting = self._open[number] = _Waiting()
            waiting.requests[key] = request
            waiting.more.set()
            if len(waiting.requests) >= self._batches[number].most:
                del self._open[number]
                waiting.full.set()
            return waiting, leads

    def _lead(self, number: int, waiting: _Waiting) -> None:
        while not waiting.full.is_set():
            waiting.more.clear()
            if not waiting.more.wait(self._linger):
                break
        with self._lock:
            if self._open.get(number) is waiting:
                del self._open[number]
        batch, requests = self._batches[number], list(waiting.requests.values())
        if len(requests) == 1:
            return  # it is sent as it is
        try:
            answer = self._alone(batch.join(requests))
            waiting.answers = dict(zip(waiting.requests, batch.split(requests, answer), strict=True))
        except CallError as error:
            waiting.answers = dict.fromkeys(waiting.requests, error)
        except Exception as error:  # noqa: BLE001  # logged whole; nobody may take it for a call that was never made
            log.get().exception("calls sent as one broke off", calls=len(requests))
            unclear = TransientError(
                f"calls sent as one broke off because of a mistake in this program ({type(error).__name__})",
                may_have_happened=any(request.writes for request in requests),
            )
            waiting.answers = dict.fromkeys(waiting.requests, unclear)


def batches_of(bundle: Bundle) -> Sequence[Batch]:
    """Return how the calls of a bundle's only step may go many at once; ConfigError when they cannot."""
    if len(bundle.steps) != 1:
        raise ConfigError(
            f"--bulk takes bundles of a single step, and {bundle.name} has {len(bundle.steps)}; leave --bulk out"
        )
    step = bundle.steps[0]
    if not step.action.batches:
        raise ConfigError(
            f"--bulk takes bundles whose only step is retailcrm.create_order, and that of {bundle.name} is "
            f"{step.action_name}; leave --bulk out"
        )
    return step.action.batches
