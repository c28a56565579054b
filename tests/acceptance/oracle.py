"""What has to hold after whatever went wrong: written once, asked after every fault run.

It looks at three records that know nothing of each other: what the senders were answered, what the store says, and what the
look-alike CRM holds and saw. Each rule yields what is wrong as sentences; nothing wrong is an empty list.
"""

import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from apimonster_cli.core import exactjson
from apimonster_cli.core.redact import Redactor
from apimonster_cli.sandbox.parameters import decode
from tests.acceptance import canaries
from tests.acceptance.joined import parts

Row = Mapping[str, Any]

_ENDED = ("done", "filtered", "failed")
_MOST_SHOWN = 5  # of one kind of complaint: a broken rule is usually broken often


@dataclass(frozen=True)
class Crm:
    """What the CRM holds, every call that it saw, and the most calls of any one second."""

    orders: Sequence[Row]
    notes: Sequence[Row] = ()
    requests: Sequence[Row] = ()
    peak: int = 0


@dataclass(frozen=True)
class World:
    """All that is looked at after a run.

    wanted: externalId → the fields that its order has to have in the end, by a plain model of what was acknowledged.
    acknowledged: numbers of the events that a sender was told of. wanted_notes: their texts, each unique; None: not looked at.
    same: the field of an order by whose content two orders would be one thing twice. rate: calls a second; None: no limit.
    pruned: transactions may be gone from the store.
    folder: where the run has left its files, beside the store if not told; no secret may be in them. elsewhere: connections that
    lead to others than the CRM.
    """

    store: Path
    crm: Crm
    wanted: Mapping[str, Row]
    acknowledged: frozenset[int] = frozenset()
    wanted_notes: frozenset[str] | None = None
    same: str = "phone"
    rate: float | None = None
    pruned: bool = False
    failed: frozenset[int] = field(default_factory=frozenset)
    folder: Path | None = None
    secrets: Mapping[str, str] = field(default_factory=lambda: canaries.ALL, repr=False)
    elsewhere: frozenset[str] = frozenset({"partner"})


def complaints(world: World) -> list[str]:
    """Return everything that is wrong, a few of each kind."""
    with closing(sqlite3.connect(world.store)) as database:
        database.row_factory = sqlite3.Row
        rules = (
            _integrity(database),
            _acknowledged_events_ended(world, database),
            _one_order_for_each_object(world),
            _one_note_for_each_delivery(world),
            _orders_are_as_wanted(world),
            _within_the_rate(world),
            _calls_are_on_record(world, database),
            _no_secret_was_written(world),
        )
        return [complaint for rule in rules for complaint in _short(list(rule))]


def _integrity(database: sqlite3.Connection) -> Iterator[str]:
    for (verdict,) in database.execute("PRAGMA integrity_check"):
        if verdict != "ok":
            yield f"the file is damaged: {verdict}"
    for row in database.execute("PRAGMA foreign_key_check"):
        yield f"a row of {row[0]} refers to nothing"


def _acknowledged_events_ended(world: World, database: sqlite3.Connection) -> Iterator[str]:
    states: defaultdict[int, list[str]] = defaultdict(list)
    for event, state in database.execute("SELECT event_id, state FROM deliveries"):
        states[event].append(state)
    for event in sorted(world.acknowledged):
        if event not in states:
            yield f"event {event} was acknowledged, and nothing became of it"
    for event, found in states.items():
        if not set(found) <= set(_ENDED):
            yield f"a delivery of event {event} has not ended: {', '.join(found)}"
        if "failed" in found and event not in world.failed:
            yield f"a delivery of event {event} failed"


def _one_order_for_each_object(world: World) -> Iterator[str]:
    for content, count in Counter(order.get(world.same) for order in world.crm.orders).items():
        if count > 1:
            yield f"{count} orders have the {world.same} {content}"


def _one_note_for_each_delivery(world: World) -> Iterator[str]:
    if world.wanted_notes is None:
        return
    written = Counter(str(note["text"]) for note in world.crm.notes)
    for text, count in written.items():
        if count > 1:
            yield f"{count} notes say {text!r}"
    for text in sorted(world.wanted_notes - written.keys()):
        yield f"no note says {text!r}"
    for text in sorted(written.keys() - world.wanted_notes):
        yield f"nobody asked for the note {text!r}"


def _orders_are_as_wanted(world: World) -> Iterator[str]:
    orders = {str(order.get("externalId")): order for order in world.crm.orders}
    for name, wanted in world.wanted.items():
        if name not in orders:
            yield f"there is no order {name}"
            continue
        found = {key: orders[name].get(key) for key in wanted}
        if found != dict(wanted):
            yield f"order {name} is {found}, not {dict(wanted)}"
    for name in orders.keys() - world.wanted.keys():
        yield f"nobody asked for the order {name}"


def _within_the_rate(world: World) -> Iterator[str]:
    if world.rate is not None and world.crm.peak > world.rate:
        yield f"{world.crm.peak} calls came within one second, {world.rate:g} are allowed"


def _no_secret_was_written(world: World) -> Iterator[str]:
    yield from canaries.Search(world.secrets).folder(world.folder or world.store.parent)


# each transaction is one call that the CRM saw, and the reverse ------------------------------------------------------
_UNSENT = "state IN ('sent', 'turned_away') AND status IS NULL"
"""The program was killed before it sent the call, or before it noted the answer; or there was no connection at all."""


def _calls_are_on_record(world: World, database: sqlite3.Connection) -> Iterator[str]:
    if not world.crm.requests:
        return
    query = f"SELECT connection, method, url, request, {_UNSENT} FROM transactions WHERE state <> 'planned'"  # noqa: S608
    sure: Counter[str] = Counter()
    perhaps: Counter[str] = Counter()
    for connection, method, url, request, unsent in database.execute(query):
        if connection in world.elsewhere:
            continue
        (perhaps if unsent else sure)[_call_on_record(method, url, request)] += 1
    masked = Redactor(world.secrets.values())
    came = [request for request in world.crm.requests if _came_whole(request)]
    seen = Counter(_call_seen(masked.value(request)) for request in came if not parts(request))
    # What went together with others may have had to go again by itself, still as one call of one delivery.
    together = Counter(_call_seen(masked.value(part)) for request in came for part in parts(request))
    for call in seen.keys() | together.keys() | sure.keys():
        least, most = sure[call], sure[call] + perhaps[call]
        times = seen[call] + together[call]
        if times < least:
            yield f"on record {least} times, seen {times} times: {call}"
        elif max(seen[call], min(together[call], 1)) > most and not world.pruned:
            yield f"seen {times} times, on record {most} times: {call}"


def _call_on_record(method: str, url: str, request: str | None) -> str:
    parts = urlsplit(url)
    return _call(method, parts.path, decode(_quoted(parts.query)) | decode(_quoted(request or "")))


def _call_seen(request: Row) -> str:
    return _call(request["method"], request["path"], request["parameters"])


def _came_whole(request: Row) -> bool:
    """Return whether a call came in to its end: not where its sender was killed in the middle of it."""
    return bool(request["parameters"] or request["status"] or request["fault"])


def _call(method: str, path: str, parameters: Row) -> str:
    return f"{method} {unquote(path)} {exactjson.canonical(dict(parameters))}"


def _quoted(shown: str) -> str:
    """Return parameters as they go on the wire; on record they are as people read them. No value of the tests holds an `&`."""
    pairs = (pair.partition("=") for pair in shown.split("&") if pair)
    return "&".join(f"{quote(name)}={quote(value)}" for name, _, value in pairs)


def _short(found: list[str]) -> list[str]:
    left_out = len(found) - _MOST_SHOWN
    return found if left_out <= 0 else [*found[:_MOST_SHOWN], f"… and {left_out} more such"]
