"""One page of a pull as it was answered: what it shows, and how many more there are."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any

from apimonster_cli.connectors.spec import Pull
from apimonster_cli.core import exactjson
from apimonster_cli.core.call import Answer
from apimonster_cli.store.rows import PulledItem


@dataclass(frozen=True, slots=True)
class Page:
    """The objects of a page, how many pages there are, and how many objects on all of them; None where that is not said."""

    objects: Sequence[Mapping[str, Any]]
    pages: int | None
    count: int | None


@dataclass(frozen=True, slots=True)
class Shown:
    """An object of a page and when the service says that it was last changed."""

    item: PulledItem
    updated: datetime | None

    def is_older_than(self, other: "Shown") -> bool:
        """Return whether this is the older of two copies; the one read later is newer unless both say otherwise."""
        return self.updated is not None and other.updated is not None and self.updated < other.updated


def read_page(pull: Pull, answer: Answer) -> Page:
    """Return what an answer shows; the connector has judged already that it is one."""
    data = answer.json()
    if not isinstance(data, Mapping):
        return Page(data, None, None)
    count = _whole(data.get(pull.pages.count)) if pull.pages.count else None
    return Page(data[pull.items], _whole(data.get(pull.pages.total)), count)


def read_object(pull: Pull, found: Mapping[str, Any], zone: tzinfo, *, alone: bool = False) -> Shown:
    """Return an object as it is kept. One that does not say which it is is known by its content: edited, it is another one."""
    content = exactjson.canonical(pull.content(found)).encode("utf-8", "surrogatepass")
    hashed = hashlib.blake2b(content, digest_size=16).hexdigest()
    item = PulledItem(
        object_key=pull.object_key(found) or f"content:{hashed}",
        content=hashed,
        payload=exactjson.dumps(found),
        moment=pull.moment(found, zone),
        gone=pull.deleted is not None and found.get(pull.deleted) in (True, 1, "1", "true", "True"),
        alone=alone,
    )
    return Shown(item, pull.updated(found, zone))


def _whole(number: Any) -> int | None:
    """Return a count, also one that was sent as text."""
    if isinstance(number, bool) or not isinstance(number, int | str):
        return None
    return int(number) if isinstance(number, int) or number.strip().isdecimal() else None
