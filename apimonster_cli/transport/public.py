"""Keeps calls to public addresses: what is at a name is checked where it is resolved, and again on the open socket.

A name may lead elsewhere from one look to the next, and 127.0.0.1 can be written 2130706433, 0177.1 or ::ffff:7f00:1. So the
address that counts is the one the socket is connected to, and it is looked at before a single byte is sent.
"""

import socket
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

_NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052: the last four bytes are an IPv4 address


class NotPublicError(Exception):
    """A call would have gone to this machine, a private network or an address that is nobody's."""

    def __init__(self, address: str) -> None:
        super().__init__(address)
        self.address = address


def is_public(address: str) -> bool:
    """Return whether an IP address, as text, is one of the public internet, also where it carries an IPv4 address inside."""
    found = ip_address(address)
    inner = _inner(found) if isinstance(found, IPv6Address) else None
    if inner is not None:
        return is_public(str(inner))
    site_local = isinstance(found, IPv6Address) and found.is_site_local
    return found.is_global and not (found.is_multicast or found.is_reserved or site_local)


def is_loopback(host: str) -> bool:
    """Return whether a host, as it is written in an address, is this machine: localhost, 127.0.0.1 and its like, ::1."""
    if _is_localhost(host):
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def check_written(host: str) -> None:
    """Raise NotPublicError when a host is written as an address, in whatever notation, or as localhost, that is not public.

    A proxy would resolve a name by itself; of such a host nobody needs to be asked.
    """
    if _is_localhost(host):
        raise NotPublicError(host)
    _check_all(host, 0, socket.AI_NUMERICHOST)


def keep_public(adapter: HTTPAdapter) -> None:
    """Let the connections that an adapter opens by itself, not through a proxy, reach public addresses alone."""
    adapter.poolmanager.pool_classes_by_scheme = {"http": _PublicHTTPPool, "https": _PublicHTTPSPool}


class _PublicHTTPConnection(HTTPConnection):
    def _new_conn(self) -> socket.socket:
        return _connected(self.host, self.port, super()._new_conn)


class _PublicHTTPSConnection(HTTPSConnection):
    def _new_conn(self) -> socket.socket:
        return _connected(self.host, self.port, super()._new_conn)


class _PublicHTTPPool(HTTPConnectionPool):
    ConnectionCls = _PublicHTTPConnection


class _PublicHTTPSPool(HTTPSConnectionPool):
    ConnectionCls = _PublicHTTPSConnection


def _is_localhost(host: str) -> bool:
    name = host.rstrip(".").lower()
    return name == "localhost" or name.endswith(".localhost")


def _connected(host: str, port: int, connect: Callable[[], socket.socket]) -> socket.socket:
    _check_all(host, port)
    connected = connect()
    try:
        _check(str(connected.getpeername()[0]))
    except BaseException:
        connected.close()
        raise
    return connected


def _check_all(host: str, port: int, flags: int = 0) -> None:
    """Check every address of a host. One that cannot be resolved is left to the connection, which says so in its own way."""
    try:
        found = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM, flags=flags)
    except (OSError, UnicodeError):
        return
    for *_, place in found:
        _check(str(place[0]))


def _check(address: str) -> None:
    if not is_public(address):
        raise NotPublicError(address)


def _inner(address: IPv6Address) -> IPv4Address | None:
    """Return the IPv4 address that an IPv6 address leads to: mapped, 6to4 or NAT64."""
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour
