"""Keeps calls to public addresses: a name is resolved once, what it leads to is checked, and only that is connected to.

A name may lead elsewhere from one look to the next, and 127.0.0.1 can be written 2130706433, 0177.1 or ::ffff:7f00:1. So no
connection is opened but to an address that was checked; and the one that the open socket has is looked at once more before a
single byte is sent.
"""

import socket
from collections.abc import Callable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError, LocationParseError, NameResolutionError
from urllib3.util.connection import allowed_gai_family

_NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052: the last four bytes are an IPv4 address
_LOCAL_NAT64 = IPv6Network("64:ff9b:1::/48")  # RFC 8215; this and the next, earlier Pythons take for public
_PROTOCOLS = IPv4Network("192.0.0.0/24")


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
    if found in _LOCAL_NAT64 or found in _PROTOCOLS or (isinstance(found, IPv6Address) and found.is_site_local):
        return False
    return found.is_global and not (found.is_multicast or found.is_reserved)


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
    try:
        addresses = _resolved(host, 0, flags=socket.AI_NUMERICHOST)
    except (OSError, UnicodeError):  # a name, or nothing at all: that is for the connection to say
        return
    for address in addresses:
        _check(address)


def keep_public(adapter: HTTPAdapter) -> None:
    """Let the connections that an adapter opens by itself, not through a proxy, reach public addresses alone."""
    adapter.poolmanager.pool_classes_by_scheme = {"http": _PublicHTTPPool, "https": _PublicHTTPSPool}


class _PublicHTTPConnection(HTTPConnection):
    def _new_conn(self) -> socket.socket:
        return _connected(self, super()._new_conn)


class _PublicHTTPSConnection(HTTPSConnection):
    def _new_conn(self) -> socket.socket:
        return _connected(self, super()._new_conn)


class _PublicHTTPPool(HTTPConnectionPool):
    ConnectionCls = _PublicHTTPConnection


class _PublicHTTPSPool(HTTPSConnectionPool):
    ConnectionCls = _PublicHTTPSConnection


def _is_localhost(host: str) -> bool:
    name = host.rstrip(".").lower()
    return name == "localhost" or name.endswith(".localhost")


def _connected(connection: HTTPConnection, connect: Callable[[], socket.socket]) -> socket.socket:
    """Return a socket that is connected to one of the addresses of a connection's host, all of which are public.

    connect: resolves the host of the connection and connects to it. It is given addresses for a host, so that it finds nothing else.
    """
    name = connection._dns_host  # noqa: SLF001 - as it was written, its last dot included
    addresses = _addresses(connection)
    try:
        for address in addresses[:-1]:
            connection.host = address
            try:
                return _looked_at(connect())
            except HTTPError:  # this one cannot be reached; the next one may
                continue
        connection.host = addresses[-1]
        return _looked_at(connect())
    finally:
        connection.host = name


def _addresses(connection: HTTPConnection) -> list[str]:
    """Return the addresses of a connection's host; NotPublicError when one of them is not public."""
    name = connection._dns_host  # noqa: SLF001
    try:
        found = _resolved(name, connection.port, family=allowed_gai_family())
    except socket.gaierror as error:
        raise NameResolutionError(connection.host, connection, error) from error
    except UnicodeError as error:
        raise LocationParseError(connection.host) from error
    for address in found:
        _check(address)
    return found


def _looked_at(connected: socket.socket) -> socket.socket:
    try:
        _check(str(connected.getpeername()[0]))
    except BaseException:
        connected.close()
        raise
    return connected


def _resolved(host: str, port: int, *, family: int = socket.AF_UNSPEC, flags: int = 0) -> list[str]:
    found = socket.getaddrinfo(host.strip("[]"), port, family=family, type=socket.SOCK_STREAM, flags=flags)
    return [str(place[0]) for *_, place in found]


def _check(address: str) -> None:
    if not is_public(address):
        raise NotPublicError(address)


def _inner(address: IPv6Address) -> IPv4Address | None:
    """Return the IPv4 address that an IPv6 address leads to: mapped, 6to4 or NAT64."""
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour
