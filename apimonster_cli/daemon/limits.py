"""What the listener refuses before it reads a body: too many, from elsewhere, or with the queue full."""

import math
from collections.abc import Callable, Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from apimonster_cli.core.clock import Clock

Network = IPv4Network | IPv6Network
_BURST = 1.0  # seconds' worth of webhooks may come at once
_RECOUNT = 1.0  # seconds between two counts of a queue that is full


class InboundRate:
    """The most webhooks of a connection in a second (GCRA). For one thread: the listener's."""

    def __init__(self, per_second: float, clock: Clock) -> None:
        self._interval = 1 / per_second
        self._burst = max(_BURST, self._interval) + 1e-9
        self._clock = clock
        self._next = clock.monotonic()

    def take(self) -> int:
        """Return 0 when one more may come in now, else after how many whole seconds it may."""
        now = self._clock.monotonic()
        following = max(self._next, now) + self._interval
        early = following - now - self._burst
        if early > 0:
            return math.ceil(early)
        self._next = following
        return 0


class QueueBound:
    """Whether more deliveries wait than may, known without counting them each time.

    What was counted last, and all that was made since, is the most that can be waiting: only when that reaches the
    bound is it worth another count, and then not more than one a second.
    count: how many deliveries wait; slow, so it is handed to `begin`, which runs it elsewhere and calls `counted`.
    """

    def __init__(self, limit: int, clock: Clock, begin: Callable[[], None]) -> None:
        self._limit = limit
        self._clock = clock
        self._begin = begin
        self._counted = 0
        self._since = limit  # nothing is known yet: the first webhook has it counted
        self._counting = False
        self._count_at = clock.monotonic()

    def add(self, deliveries: int) -> None:
        """Note that so many deliveries were made."""
        self._since += deliveries

    def full(self) -> bool:
        """Return whether the queue is over its bound, and have it counted again when that is in doubt."""
        if self._counted + self._since < self._limit:
            return False
        now = self._clock.monotonic()
        if not self._counting and now >= self._count_at:
            self._counting = True
            self._count_at = now + _RECOUNT
            self._since = 0  # made while the count runs: counted twice at worst
            self._begin()
        return self._counted >= self._limit

    def counted(self, waiting: int | None) -> None:
        """Take the result of a count; None when it failed."""
        self._counting = False
        if waiting is None:
            self._since = self._limit
        else:
            self._counted = waiting


def within(address: str | None, networks: Sequence[Network]) -> bool:
    """Return whether `address` is in one of the networks."""
    parsed = _parsed(address) if address else None
    return parsed is not None and any(parsed in network for network in networks)


def sender(peer: str | None, forwarded: Sequence[bytes], proxies: Sequence[Network]) -> str | None:
    """Return the address that a webhook came from.

    forwarded: the X-Forwarded-For headers. Each proxy adds on the right whom it saw, so they are read from the right,
    for as long as the proxies are ours; what stands further left, anybody can have written.
    """
    hops = [hop.strip() for header in forwarded for hop in header.decode("latin-1").split(",")]
    while hops and within(peer, proxies):
        hop = _parsed(hops.pop())
        if hop is None:
            break
        peer = str(hop)
    return peer


@lru_cache(maxsize=4096)
def _parsed(address: str) -> IPv4Address | IPv6Address | None:
    """Return an address, without the port that some proxies add; None when it is none."""
    try:
        parsed = ip_address(address)
    except ValueError:
        host, _, port = address.rpartition(":")
        return _parsed(host.strip("[]")) if port.isdigit() and host else None
    mapped = parsed.ipv4_mapped if isinstance(parsed, IPv6Address) else None
    return mapped or parsed
