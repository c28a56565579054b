"""One connection as the listener sees it: its address, its limits, and what its webhooks become."""

import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from apimonster_cli.bundles.model import Config, Connection
from apimonster_cli.connectors.spec import Recognised
from apimonster_cli.core import log
from apimonster_cli.core.clock import Clock
from apimonster_cli.core.errors import ConfigError
from apimonster_cli.core.redact import Redactor
from apimonster_cli.daemon.body import Payload, read_query
from apimonster_cli.daemon.limits import InboundRate, named_proxies
from apimonster_cli.daemon.signature import Signature, compile_signature
from apimonster_cli.store.rows import NewEvent

Headers = Iterable[tuple[bytes, bytes]]

# Headers that are about the connection and not about the event, or that may hold a secret, are not kept.
_NOT_KEPT = re.compile(
    r"accept|accept-encoding|connection|content-length|expect|keep-alive|te|trailer|transfer-encoding|upgrade"
    r"|.*(auth|cookie|token|secret|passw|credential|session|signature|api-?key|access-?key).*"
)
_NO_DIGEST = hashlib.sha256(b"").digest()  # of no token: tokens have at least 12 characters


@dataclass(slots=True)
class Arrival:
    """A webhook as it came in. raw: the body, freed from its content encoding; the query where the method is GET."""

    received_at: datetime
    remote: str | None
    headers: Headers
    content_type: str | None
    query: bytes
    raw: bytes


class Door:
    """Where the webhooks of one connection come in."""

    def __init__(self, connection: Connection, config: Config, clock: Clock) -> None:
        settings = connection.settings
        assert connection.connector.hook  # noqa: S101 - doors are made for such connections only
        self.connection = connection
        self.hook = connection.connector.hook
        token = str(settings["token"])
        self.digest = hashlib.sha256(token.encode()).digest()
        self._token = Redactor([token])
        self.methods = frozenset(settings.get("methods") or ("POST",))
        self.max_body: int = settings.get("max_body") or 1024 * 1024
        self.allow_from = tuple(settings.get("allow_from") or ())
        self.trusted_proxies = tuple(settings.get("trusted_proxies") or ())
        self.rate = InboundRate(settings["rate"], clock) if settings.get("rate") else None
        self.signature = _signature(connection)
        self._redactor = config.redactor
        self._bundles = _bundles_by_event(connection, config)
        self._takes = {name: tuple(event.name for event in bundle.events) for name, bundle in config.bundles.items()}
        self._bulk = {event.name for event in self.hook.events if event.bulk}

    def is_address_check(self, payload: Payload) -> bool:
        """Return whether a form builder only tries the address."""
        return self.hook.is_address_check(payload.value)

    def event(self, arrival: Arrival, payload: Payload) -> NewEvent:
        """Return a webhook as it is to be kept: an event, or unmatched."""
        known = self._recognise(payload, arrival.raw)
        return NewEvent(
            connection=self.connection.name,
            event=known.event,
            status="accepted" if known.event else "unmatched",
            received_at=arrival.received_at,
            payload=payload.text,
            body=None if payload.as_sent else arrival.raw,
            content_type=arrival.content_type,
            query=self._kept_query(arrival.query),
            headers=self._kept_headers(arrival.headers),
            remote=arrival.remote,
            object_key=known.object_key,
            repeat_key=known.repeat_key,
            repeat=known.repeat,
            bundles=self._bundles.get(known.event, ()) if known.event else (),
            bulk=known.event in self._bulk,
            version=known.version,
            stale=self.connection.settings.get("stale") or "drop",
            takes=self._takes if known.version is not None else {},
            reason=None if known.event else f"no event of {self.connection.connector.title} looks like this",
        )

    def rejected(self, arrival: Arrival, reason: str) -> NewEvent:
        """Return a webhook that cannot be read as it is to be kept: for people to look at."""
        return NewEvent(
            connection=self.connection.name,
            event=None,
            status="rejected",
            received_at=arrival.received_at,
            payload=None,
            body=arrival.raw,
            content_type=arrival.content_type,
            headers=self._kept_headers(arrival.headers),
            remote=arrival.remote,
            reason=reason,
        )

    def _recognise(self, payload: Payload, raw: bytes) -> Recognised:
        try:
            return self.hook.recognise(payload.value, self.connection.settings, raw)
        except Exception:  # noqa: BLE001 - a mistake in a connector must not lose a lead: it is kept as unmatched
            log.get().exception("a webhook could not be recognised", connection=self.connection.name)
            return Recognised(None)

    def _kept_headers(self, headers: Headers) -> dict[str, str]:
        kept: dict[str, str] = {}
        for raw_name, raw_value in headers:
            name = _kept_name(raw_name)
            if name is not None:
                value = raw_value.decode("latin-1")
                kept[name] = f"{kept[name]}, {value}" if name in kept else value
        # Proxies may hand on the address that was called, and with it the token.
        return {name: self._token.text(value) for name, value in kept.items()}

    def _kept_query(self, query: bytes) -> Mapping[str, Any]:
        if not query:
            return {}
        kept: Mapping[str, Any] = self._redactor.value(read_query(query).value)
        return kept


class Doors:
    """All doors, found by the path of an address. proxies: all networks that any of them trusts to name the sender."""

    def __init__(self, config: Config, clock: Clock) -> None:
        self._doors = {
            name: Door(connection, config, clock)
            for name, connection in config.connections.items()
            if connection.connector.hook
        }
        self.proxies = named_proxies(config)

    def find(self, path: str) -> Door | None:
        """Return the door at `/hooks/{connection}/{token}`, in the same time whether connection or token is wrong."""
        name, _, token = path.removeprefix("/hooks/").partition("/")
        door = self._doors.get(name)
        given = hashlib.sha256(token.removesuffix("/").encode("utf-8", "replace")).digest()
        right = hmac.compare_digest(given, door.digest if door else _NO_DIGEST)
        return door if right and door else None


@lru_cache(maxsize=1024)
def _kept_name(name: bytes) -> str | None:
    text = name.decode("latin-1")
    return None if _NOT_KEPT.fullmatch(text) else text


def _bundles_by_event(connection: Connection, config: Config) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for bundle in config.bundles.values():
        if bundle.connection.name == connection.name:
            for event in bundle.events:
                found[event.name] = (*found.get(event.name, ()), bundle.name)
    return found


def _signature(connection: Connection) -> Signature | None:
    setting = connection.settings.get("signature")
    try:
        return compile_signature(setting) if setting else None
    except ValueError as error:
        raise ConfigError(f"{connection.place}: the signature of {connection.name} cannot be used: {error}") from None
