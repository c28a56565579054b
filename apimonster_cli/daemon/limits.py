"""What the listener refuses before it reads a body: too many, from elsewhere, guessed at, or with the queue full."""

import math
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import TypeVar

from apimonster_cli.bundles.model import Config
from apimonster_cli.core import log
from apimonster_cli.core.clock import Clock

Network = IPv4Network | IPv6Network
_Kept = TypeVar("_Kept")
_BURST = 1.0  # seconds' worth of webhooks may come at once
_RECOUNT = 1.0  # seconds between two counts of a queue that is full
_GUESSES = 20  # wrong addresses that one sender may try in a window
_WINDOW = 60.0  # seconds
_REMEMBERED = 4096  # senders, of each kind
_TOLD = "wrong addresses are tried; this sender is refused for a while"
_TOLD_OF_MANY = "wrong addresses are tried; more of them are refused for a while, right ones are let in. "
_TOLD_OF_NAMED = _TOLD_OF_MANY + "This proxy does not say whose they are: let it send X-Forwarded-For"
_TOLD_OF_UNNAMED = _TOLD_OF_MANY + (
    "If this is a proxy, name it under trusted_proxies, and each sender behind it is counted by itself"
)


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


class Guesses:
    """Bounds how many wrong addresses, and so tokens, one sender can try. For one thread: the listener's.

    Of one sender's wrong addresses 20 a minute are answered 404, each counted once: a webhook whose address was pasted wrongly is
    no guess, however often it comes. After that whatever this sender sends is refused until the minute is over, and a right
    address with it, so that a guess that hits looks like all others. A sender is an IPv4 address or an IPv6 /64.

    The price: a first webhook from where somebody guesses waits for that minute. Whoever has sent a right one before is
    therefore let in with right ones always, as is what may be a proxy that nobody has named: behind it, all senders are one, and a
    stranger could shut out every lead. There guesses are answered 429 too, but a hit is let in. What protects the tokens then is
    their length, of at least 12 signs.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._welcome: OrderedDict[str, None] = OrderedDict()
        self._tried: OrderedDict[str, _Tried] = OrderedDict()

    def refuses(self, address: str | None, path: str, *, right: bool, shared: bool = False) -> int:
        """Return 0 when this sender is to be answered as ever, else for how many seconds it is refused.

        right: whether `path` is an address at which this sender may send. shared: whether others are known to send from `address`.
        """
        whose = block(address or "")
        if right and (shared or whose in self._welcome or may_be_a_proxy(address or "")):
            _remember(self._welcome, whose, None)
            return 0
        tried = self._tried.get(whose)
        now = self._clock.monotonic()
        if tried is None or now >= tried.until:
            tried = _Tried(now + _WINDOW)
        if not right:
            _remember(self._tried, whose, tried)
            if tried.is_one_too_many(path):
                told = _TOLD_OF_UNNAMED if may_be_a_proxy(address or "") else _TOLD
                log.get().warning(_TOLD_OF_NAMED if shared else told, remote=whose)
        if tried.over:
            return math.ceil(tried.until - now)
        if right:
            _remember(self._welcome, whose, None)
        return 0


@dataclass(slots=True)
class _Tried:
    """The wrong addresses of one sender in one window, as hashes: they may be nearly right."""

    until: float
    over: bool = False
    _paths: set[int] = field(default_factory=set)

    def is_one_too_many(self, path: str) -> bool:
        """Note an address; return whether it is the one by which there are more than may be."""
        if self.over:
            return False
        self._paths.add(hash(path))
        self.over = len(self._paths) > _GUESSES
        if self.over:
            self._paths.clear()
        return self.over


def _remember(table: OrderedDict[str, _Kept], key: str, value: _Kept) -> None:
    table[key] = value
    table.move_to_end(key)
    if len(table) > _REMEMBERED:
        table.popitem(last=False)


def block(address: str) -> str:
    """Return what stands for one sender: an IPv4 address, the /64 of an IPv6 one (a subscriber has all of it)."""
    parsed = _parsed(address) if address else None
    if isinstance(parsed, IPv6Address):
        return f"{IPv6Address(int(parsed) >> 64 << 64)}/64"
    return str(parsed) if parsed else address


@lru_cache(maxsize=4096)
def may_be_a_proxy(address: str) -> bool:
    """Return whether an address is of this machine or a private network, where a proxy for everybody else may sit."""
    parsed = _parsed(address) if address else None
    return parsed is None or not parsed.is_global


def within(address: str | None, networks: Sequence[Network]) -> bool:
    """Return whether `address` is in one of the networks."""
    parsed = _parsed(address) if address else None
    return parsed is not None and any(parsed in network for network in networks)


def named_proxies(config: Config) -> tuple[Network, ...]:
    """Return all networks that any connection trusts to name the sender."""
    named = (connection.settings.get("trusted_proxies") or () for connection in config.connections.values())
    return tuple({network for networks in named for network in networks})


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
