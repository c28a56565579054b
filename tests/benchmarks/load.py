"""The sender: `python -m tests.benchmarks.load closed|paced --port=… --seconds=… --connections=… [--rate=…] [--count=…]`.

closed: each connection sends its next lead when the last one is answered, until the time is up or `count` are sent. paced:
leads are sent at a fixed rate whether answers come or not, and waiting is counted from the moment a lead was due. Prints its
figures as JSON; `start` is when the first paced lead was due, in seconds since 1970.
"""

import argparse
import asyncio
import json
import math
import sys
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from tests.benchmarks.leads import Leads

_WARM_UP = 0.2  # of the time is not counted


class Sender(asyncio.Protocol):
    """One connection that is kept open.

    done: called with the time at which an answer was there. trouble: a future that ends with another answer's text.
    """

    def __init__(self, done: Callable[["Sender", float], None], trouble: "asyncio.Future[str]") -> None:
        self._done = done
        self._trouble = trouble
        self._got = b""
        self.since = 0.0

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._trouble.done():
            self._trouble.set_result(f"{exc or 'not accepted'}: {self._got.decode('utf-8', 'replace')}")

    def send(self, request: bytes, since: float) -> None:
        """Send a request that was due at `since`."""
        self.since = since
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._got += data
        head, found, body = self._got.partition(b"\r\n\r\n")
        if not found or len(body) < _length(head):
            return
        if not head.startswith(b"HTTP/1.1 200") or b'"accepted"' not in body:
            self.connection_lost(None)
        self._got = b""
        self._done(self, time.perf_counter())


def _length(head: bytes) -> int:
    return int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])


async def closed(port: int, connections: int, seconds: float, count: float) -> dict[str, float]:
    """Keep every connection busy; return the figures of the time after the warm-up, and all answers."""
    loop = asyncio.get_running_loop()
    leads = Leads()
    answers: list[tuple[float, float]] = []
    start = time.perf_counter()
    end = start + seconds
    busy = connections
    finished, trouble = loop.create_future(), loop.create_future()

    def done(sender: Sender, now: float) -> None:
        nonlocal busy
        answers.append((now, now - sender.since))
        if now < end and len(answers) + busy <= count:
            sender.send(leads.request(), now)
        else:
            busy -= 1
            if not busy:
                finished.set_result(None)

    for _ in range(connections):
        _, sender = await loop.create_connection(lambda: Sender(done, trouble), "127.0.0.1", port)
        sender.send(leads.request(), time.perf_counter())
    await _first(finished, trouble)
    end = min(end, time.perf_counter())
    return _figures(answers, end - (end - start) * (1 - _WARM_UP), end)


async def paced(port: int, connections: int, seconds: float, rate: float) -> dict[str, float]:
    """Send at a fixed rate over whichever connection is free."""
    loop = asyncio.get_running_loop()
    leads = Leads()
    answers: list[tuple[float, float]] = []
    free: deque[Sender] = deque()
    due: deque[float] = deque()
    finished, trouble = loop.create_future(), loop.create_future()
    count = int(rate * seconds)

    def done(sender: Sender, now: float) -> None:
        answers.append((now, now - sender.since))
        if due:
            sender.send(leads.request(), due.popleft())
        else:
            free.append(sender)
        if len(answers) == count:
            finished.set_result(None)

    for _ in range(connections):
        free.append((await loop.create_connection(lambda: Sender(done, trouble), "127.0.0.1", port))[1])
    start = time.perf_counter() + 0.1
    for number in range(count):
        moment = start + number / rate
        await asyncio.sleep(moment - time.perf_counter())
        if free:
            free.popleft().send(leads.request(), moment)
        else:
            due.append(moment)
    await _first(finished, trouble)
    began = time.time() - (time.perf_counter() - start)
    return {**_figures(answers, start + seconds * _WARM_UP, start + seconds), "start": began}


async def _first(finished: "asyncio.Future[None]", trouble: "asyncio.Future[str]") -> None:
    await asyncio.wait((finished, trouble), return_when=asyncio.FIRST_COMPLETED)
    if trouble.done():
        raise AssertionError(trouble.result())


def _figures(answers: list[tuple[float, float]], start: float, end: float) -> dict[str, float]:
    counted = sorted(waited for at, waited in answers if start <= at < end)
    return {
        "answers": len(answers),
        "rate": len(counted) / (end - start),
        "p50": counted[len(counted) // 2] * 1000,
        "p99": counted[len(counted) * 99 // 100] * 1000,
    }


def main(arguments: list[str]) -> None:
    """Send, and print the figures."""
    import uvloop

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kind", choices=("closed", "paced"))
    for name, kind in (("port", int), ("connections", int), ("seconds", float), ("rate", float)):
        parser.add_argument(f"--{name}", type=kind)
    parser.add_argument("--count", type=float, default=math.inf)
    asked = parser.parse_args(arguments)
    sending = (
        closed(asked.port, asked.connections, asked.seconds, asked.count)
        if asked.kind == "closed"
        else paced(asked.port, asked.connections, asked.seconds, asked.rate)
    )
    json.dump(uvloop.run(sending), sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1:])
