"""The known fields of events and actions: id, title, type; lookup and near misses."""

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from apimonster_cli.core.personal import Kind


@dataclass(frozen=True, slots=True)
class CatalogueField:
    """One field as the service knows it.

    id: dotted; `.0.` stands for every element of a list, in event fields as in action fields.
    title: in the service's own words and language; None where it has none.
    type: string integer number boolean date time datetime array object.
    format: PHP date letters of a date that is written (`Y-m-d H:i:s`).
    ref: the reference that a code comes from; of an object: that its names come from. required: the service refuses the call without it.
    personal: what of a person it tells, and so how it is masked, `none` for nothing; None where its name says as much.
    """

    id: str
    title: str | None
    type: str
    format: str | None = None
    ref: str | None = None
    enum: tuple[str, ...] = ()
    required: bool = False
    note: str | None = None
    personal: Kind | None = None


class Catalogue:
    """The lists of fields in one connector's fields.yaml, read on first use.

    The file maps the name of a list to its rows. A row that is only a name takes in the whole list of that name, which
    stands further up; a later row with the same id takes an earlier one's place. A name instead of rows: the same list.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)

    def fields(self, name: str) -> Mapping[str, CatalogueField]:
        """Return the list called `name`: id → field, in the service's order; KeyError when there is no such list."""
        return self._lists[name]

    def names(self) -> list[str]:
        """Return the names of all lists."""
        return list(self._lists)

    @cached_property
    def _lists(self) -> dict[str, dict[str, CatalogueField]]:
        data = YAML(typ="safe").load((self.folder / "fields.yaml").read_text(encoding="utf-8"))
        lists: dict[str, dict[str, CatalogueField]] = {}
        for name, rows in data.items():
            if isinstance(rows, str):
                lists[name] = lists[rows]
                continue
            fields = lists[name] = {}
            for row in rows:
                fields.update(lists[row] if isinstance(row, str) else {row["id"]: _field(row)})
        return lists


def lookup(fields: Mapping[str, CatalogueField], path: str) -> CatalogueField | None:
    """Return the field that a dotted path names, whatever the list index in it: `items.3.quantity` is `items.0.quantity`."""
    return fields.get(".".join("0" if part.isdigit() else part for part in path.split(".")))


def is_open(prefixes: Sequence[str], path: str) -> bool:
    """Return whether `path` is, or lies below, one of `prefixes`; the prefix `*` takes in everything.

    A `*` in the last name of a prefix stands for any letters, and takes in that one level alone, elements of a list included:
    `data.*` is any field right below data, `data.contacts.0.con_*` any of a contact whose name starts so.
    """
    parts = ["0" if part.isdigit() else part for part in path.split(".")]
    return any(prefix == "*" or _takes_in(prefix.split("."), parts) for prefix in prefixes)


def _takes_in(prefix: list[str], parts: list[str]) -> bool:
    *above, last = prefix
    if "*" not in last:
        return parts[: len(prefix)] == prefix
    here, below = parts[len(above) : len(prefix)], parts[len(prefix) :]
    return parts[: len(above)] == above and any(fnmatchcase(name, last) for name in here) and set(below) <= {"0"}


def near(fields: Mapping[str, CatalogueField], path: str, count: int = 1) -> list[str]:
    """Return ids that were perhaps meant by `path`, the nearest first."""
    lowered = {field_id.lower(): field_id for field_id in fields}
    found = difflib.get_close_matches(path.lower(), lowered, n=count, cutoff=0.72)
    if not found:
        tail = path.lower().rsplit(".", 1)[-1]
        found = [key for key in lowered if key.rsplit(".", 1)[-1] == tail][:count]
    return [lowered[key] for key in found]


def _field(row: Mapping[str, Any]) -> CatalogueField:
    return CatalogueField(
        id=row["id"],
        title=row.get("title"),
        type=row["type"],
        format=row.get("format"),
        ref=row.get("ref"),
        enum=tuple(str(value) for value in row.get("enum", ())),
        required=bool(row.get("required", False)),
        note=row.get("note"),
        personal=row.get("personal"),
    )
