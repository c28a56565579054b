"""One page of a pull as it was answered: what it shows, and how many more there are."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
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


def read_page(pull: Pull, answer: Answer) -> Page:
    """Return what an answer shows; the connector has judged already that it is one."""
    data = answer.json()
    if not isinstance(data, Mapping):
        return Page(data, None, None)
    count = _whole(data.get(pull.pages.count)) if pull.pages.count else None
    return Page(data[pull.items], _whole(data.get(pull.pages.total)), count)


def read_object(pull: Pull, found: Mapping[str, Any], zone: tzinfo, *, alone: bool = False) -> PulledItem:
    """Return an object as it is kept. One that does not say which it is is known by its content: edited, it is another one."""
    content = exactjson.canonical(pull.content(found)).encode("utf-8", "surrogatepass")
    hashed = hashlib.blake2b(content, digest_size=16).hexdigest()
    return PulledItem(
        object_key=pull.object_key(found) or f"content:{hashed}",
        content=hashed,
        payload=exactjson.dumps(found),
        moment=pull.moment(found, zone),
        gone=pull.deleted is not None and found.get(pull.deleted) in (True, 1, "1", "true", "True"),
        alone=alone,
        updated=pull.updated(found, zone),
    )


def is_older(item: PulledItem, known: PulledItem) -> bool:
    """Return whether the first of two copies is the older; the one read later is newer unless both say otherwise."""
    return item.updated is not None and known.updated is not None and item.updated < known.updated


def _whole(number: Any) -> int | None:
    """Return a count, also one that was sent as text."""
    if isinstance(number, bool) or not isinstance(number, int | str):
        return None
    return int(number) if isinstance(number, int) or number.strip().isdecimal() else None
