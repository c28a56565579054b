"""How the written value of a setting is read, kind by kind."""

import re
from collections.abc import Callable
from ipaddress import ip_network
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from apimonster_cli.bundles.nodes import List, Mapping, Node, Scalar, read_plain, to_data
from apimonster_cli.bundles.problem import nearest
from apimonster_cli.core.duration import parse_duration, parse_rate

_SIZES = {"": 1, "B": 1, "KB": 1000, "MB": 1000**2, "GB": 1000**3, "KIB": 1024, "MIB": 1024**2, "GIB": 1024**3}
_SIZE = re.compile(r"(\d+)\s*([A-Za-z]*)")
_ADDRESS = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([^\[\]:/\s]*)):(\d{1,5})")
_STORES = ("sqlite:///", "postgresql://")
_YES_NO = {"yes": "true", "on": "true", "y": "true", "no": "false", "off": "false", "n": "false"}


class UnusableError(ValueError):
    """A value that cannot be read as its kind. node: the item of a list that is to blame, None for the whole."""

    def __init__(self, message: str, suggestion: str | None = None, *, node: Node | None = None) -> None:
        super().__init__(message)
        self.suggestion = suggestion
        self.node = node


def read(kind: str, node: Node) -> Any:
    """Return the value of `node` in the read form of `kind` (see spec.Setting); UnusableError with a sentence otherwise."""
    try:
        return _READERS[kind](node)
    except UnusableError:
        raise
    except ValueError as error:
        raise UnusableError(str(error)) from None


def what(node: Node) -> str:
    """Return what a node is, in words for users."""
    if isinstance(node, Mapping):
        return "a mapping (keys and values)"
    if isinstance(node, List):
        return "a list"
    return "nothing" if node.value is None else f"{node.text!r}"


def text(node: Node) -> str:
    """Return the characters as written: `00042` and `1.10` stay so."""
    if not isinstance(node, Scalar) or node.value is None:
        raise UnusableError(f"text has to stand here, not {what(node)}", node=node)
    return node.text


def _integer(node: Node) -> int:
    value = read_plain(text(node))
    if isinstance(value, bool) or not isinstance(value, int):
        raise UnusableError(f"a whole number has to stand here, not {what(node)}")
    return value


def _boolean(node: Node) -> bool:
    value = read_plain(text(node))
    if not isinstance(value, bool):
        meant = _YES_NO.get(text(node).lower())
        raise UnusableError(f"true or false has to stand here, not {what(node)}", meant)
    return value


def _url(node: Node) -> str:
    address = text(node).strip()
    try:
        parts = urlsplit(address)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable or re.search(r"\s", address):
        guess = f"https://{address}" if re.fullmatch(r"[\w-]+(\.[\w-]+)+(:\d+)?(/\S*)?", address) else None
        raise UnusableError(f"{address!r} is not an address; write it like https://demo.retailcrm.ru", guess)
    return address.rstrip("/")


def _zone(node: Node) -> ZoneInfo:
    name = text(node)
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        known = available_timezones()
        near = nearest(name, known) or next((zone for zone in sorted(known) if zone.endswith(f"/{name}")), None)
        raise UnusableError(f"{name!r} is not a time zone; write one such as Europe/Moscow", near) from None


def _size(node: Node) -> int:
    found = _SIZE.fullmatch(text(node).strip())
    unit = _SIZES.get(found[2].upper()) if found else None
    if not found or unit is None or int(found[1]) == 0:
        raise UnusableError(f"{text(node)!r} is not a size; write a number and a unit, such as 500KB or 1MiB")
    return int(found[1]) * unit


def _networks(node: Node) -> tuple[Any, ...]:
    return tuple(_network(item) for item in (node.items if isinstance(node, List) else (node,)))


def _network(node: Node) -> Any:
    try:
        return ip_network(text(node), strict=False)
    except UnusableError:
        raise
    except ValueError:
        message = f"{text(node)!r} is not a network; write one such as 203.0.113.7 or 203.0.113.0/24"
        raise UnusableError(message, node=node) from None


def _texts(node: Node) -> tuple[str, ...]:
    return tuple(text(item) for item in node) if isinstance(node, List) else (text(node),)


def _mapping(node: Node) -> dict[str, Any]:
    if not isinstance(node, Mapping):
        raise UnusableError(f"keys and values have to stand here, not {what(node)}", node=node)
    found: dict[str, Any] = to_data(node)
    return found


def _path(node: Node) -> str:
    from apimonster_cli.values.errors import LanguageError
    from apimonster_cli.values.path import compile_path

    try:
        compile_path(text(node))
    except LanguageError as error:
        raise UnusableError(error.message, error.suggestion) from None
    return text(node)


def _address(node: Node) -> tuple[str, int]:
    found = _ADDRESS.fullmatch(text(node))
    if not found or not int(found[3]) <= 65535:
        raise UnusableError(f"{text(node)!r} is not a host and a port; write them like 127.0.0.1:8080")
    return found[1] or found[2] or "0.0.0.0", int(found[3])  # `:8080` asks for every interface


def _store(node: Node) -> str:
    address = text(node)
    try:
        bad_port = urlsplit(address).port == 0
    except ValueError:
        bad_port = True
    if bad_port or not address.startswith(_STORES) or address in _STORES:
        raise UnusableError(
            "a store is sqlite:///apimonster.db or postgresql://user@host/db",
            f"sqlite:///{address}" if address.endswith(".db") and "://" not in address else None,
        )
    return address


_READERS: dict[str, Callable[[Node], Any]] = {
    "text": text,
    "integer": _integer,
    "boolean": _boolean,
    "url": _url,
    "duration": lambda node: parse_duration(text(node)),
    "rate": lambda node: parse_rate(text(node)),
    "zone": _zone,
    "size": _size,
    "networks": _networks,
    "path": _path,
    "mapping": _mapping,
    "list": _texts,
    "address": _address,
    "store": _store,
}
