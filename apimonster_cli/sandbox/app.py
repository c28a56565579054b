"""The ASGI side of the look-alike: lets a call in, lets fate strike, sends what is left of the answer.

No framework routes here: RetailCRM looks at the key before the path, and the CRM of a benchmark has to be cheap. What lies below
/calls-service/ is Calltouch's, everything else RetailCRM's.
"""

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

from starlette.types import Receive, Scope, Send

from apimonster_cli.sandbox import calltouch_api
from apimonster_cli.sandbox.answers import HTML, Refusal, Reply
from apimonster_cli.sandbox.api import carry_out
from apimonster_cli.sandbox.control import PREFIX, control
from apimonster_cli.sandbox.echo import echo
from apimonster_cli.sandbox.faults import Fate, Fault, Window
from apimonster_cli.sandbox.journal import Record
from apimonster_cli.sandbox.wire import GoneError, Wire

if TYPE_CHECKING:
    from apimonster_cli.sandbox.server import Sandbox

_TURNED_AWAY = Refusal(503, "Rate limit exceeded").reply()


def _page(status: int, title: str) -> Reply:
    body = f"<html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>"
    return Reply(status, body.encode(), HTML)


_ERROR = _page(500, "500 Internal Server Error")
_MAINTENANCE = _page(503, "Maintenance")


class App:
    """The ASGI app of one sandbox."""

    def __init__(self, sandbox: "Sandbox") -> None:
        self._sandbox = sandbox
        self._windows: dict[str | None, Window] = {}
        self._stopping = asyncio.Event()

    def stop_waiting(self) -> None:
        """End all latencies and slow answers; to be called in the loop of the server."""
        self._stopping.set()

    def forget(self) -> None:
        """Forget the calls that the limit has counted."""
        self._windows.clear()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one call."""
        if scope["type"] != "http":
            raise RuntimeError("the sandbox speaks HTTP only")
        wire = Wire(scope, receive, send)
        with suppress(GoneError):
            if wire.path.startswith(PREFIX):
                await wire.answer(await self._controlled(wire) if wire.is_local else Refusal(404, "Not found").reply())
            else:
                await self._live_through(wire)

    async def _controlled(self, wire: Wire) -> Reply:
        try:
            parameters = await wire.parameters(json=True)
        except ValueError as error:
            return Refusal(400, str(error)).reply()
        return control(self._sandbox, wire.method, wire.path, parameters)

    async def _live_through(self, wire: Wire) -> None:
        now = self._sandbox.clock.monotonic()
        dice = self._sandbox.dice
        record = self._sandbox.journal.open(wire.method, wire.path, now)
        fate = dice.roll()
        record.parameters = parameters = await wire.parameters()
        record.fault = fate.fault  # not before: a call whose sender went away in the middle of it met no fate
        key = wire.header(b"x-api-key") or str(parameters.get("apiKey", ""))
        parameters.pop("apiKey", None)
        token = str(
            parameters.pop("clientApiId", "")
        )  # first, so that the journal has no key of a call that is cut off
        if fate.fault is Fault.RESET:
            await wire.cut(reset=True)
            return
        if fate.fault is Fault.ECHO:
            reply, wait = echo(wire, parameters, as_page=fate.coin), 0.0
        elif wire.path.startswith(calltouch_api.PREFIX):
            reply, wait = self._diary(wire, record, fate, now, token)
        else:
            reply, wait = self._turned_away(key, fate, now) or self._carried_out(record, key), 0.0
        if pause := wait + dice.faults.latency + (dice.faults.delay if fate.fault is Fault.SLOW else 0):
            await self._pause(pause)
        await _deliver(wire, record, fate, reply)

    def _diary(self, wire: Wire, record: Record, fate: Fate, now: float, token: str) -> tuple[Reply, float]:
        """Return the answer of Calltouch's orders diary, and the seconds that the call waits for its turn."""
        diary = self._sandbox.calltouch
        rules = diary.rules
        wait = diary.limit(wire.address).enter(now, per_second=rules.per_second, waiting=rules.waiting)
        if wait is None or fate.fault in (Fault.OVERLOAD, Fault.LIMIT):
            return calltouch_api.OVERLOADED, 0.0
        if fate.fault is Fault.MAINTENANCE:
            return _MAINTENANCE, wait
        if fate.fault is Fault.PAGEFAIL and str(record.parameters.get("page", "1")) != "1":
            return calltouch_api.BROKEN, wait
        record.carried_out = True
        return calltouch_api.carry_out(diary, record, token), wait

    def _turned_away(self, key: str, fate: Fate, now: float) -> Reply | None:
        """Return the answer to a call that is not carried out; None when it is."""
        if fate.fault is Fault.ERROR and fate.coin:
            return _ERROR
        if fate.fault is Fault.MAINTENANCE:
            return _MAINTENANCE
        if fate.fault is Fault.LIMIT:
            return _TURNED_AWAY
        limit = self._sandbox.dice.faults.per_second
        if limit is not None:
            seconds = max(1.0, 1 / limit)  # below one call a second the window is as long as one call takes
            window = self._windows.setdefault(key, Window(seconds))
            if window.count(now) >= limit * seconds:
                return _TURNED_AWAY
            window.add(now)
        return None

    def _carried_out(self, record: Record, key: str) -> Reply:
        record.carried_out = True
        return carry_out(self._sandbox.account, self._sandbox.state, record, key)

    async def _pause(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._stopping.wait(), seconds)
        except TimeoutError:
            return


async def _deliver(wire: Wire, record: Record, fate: Fate, reply: Reply) -> None:
    if fate.fault is Fault.LOST:
        await wire.cut(reset=False)
        return
    if fate.fault is Fault.ERROR:
        reply = _ERROR
    record.status = reply.status
    if fate.fault is Fault.TRUNCATED and fate.coin:
        await wire.answer_half(reply)
    elif fate.fault is Fault.TRUNCATED:
        await wire.answer(Reply(reply.status, reply.body[: len(reply.body) // 2], reply.content_type))
    else:
        await wire.answer(reply)
