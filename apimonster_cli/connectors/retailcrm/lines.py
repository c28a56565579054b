"""Lines of an order: RetailCRM deletes those that an edit leaves out, so an edit sends back what was there."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from apimonster_cli.connectors.retailcrm.agreement import holds
from apimonster_cli.core import exactjson

_PRODUCT = ("offer", "productName")


def merge_lines(sent: Sequence[Any], there: Sequence[Any]) -> list[Any]:
    """Return the lines to send: those of the order in their order, changed where a sent line matches, then the new ones.

    A sent line matches by its id, else its external ids, else its offer, else its product name; each line once. An offer that
    the catalogue lacks has left a line tied to no product, so a line of that offer may match such a one by its name.
    """
    lines = _numbered(there)
    named = _named(sent, lines)
    changes = {_id(line): line for line in named}
    known = {line["id"] for line in lines}
    kept = [changes.get(line["id"], {"id": line["id"]}) for line in lines]
    return kept + [line for line in named if _id(line) not in known]


def replace_lines(sent: Sequence[Any], there: Sequence[Any]) -> list[Any]:
    """Return the lines to send when those of the order that none of them matches are to go; one that stays keeps its id."""
    return _named(sent, _numbered(there))


def _numbered(there: Sequence[Any]) -> list[Mapping[str, Any]]:
    return [line for line in there if isinstance(line, Mapping) and "id" in line]


def _id(line: Any) -> Any:
    return line.get("id") if isinstance(line, Mapping) else None


def _named(sent: Sequence[Any], lines: Sequence[Mapping[str, Any]]) -> list[Any]:
    """Return the sent lines, those that match one of the order with its id."""
    left = list(lines)
    named: list[Any] = []
    for line in sent:
        found = _match(line, left)
        if found is not None:
            left.remove(found)
        named.append(line if found is None else {**line, "id": found["id"]})
    return named


def change_nothing(lines: Sequence[Any], there: Sequence[Any]) -> bool:
    """Return whether sending `lines`, as the functions above gave them, would leave those of the order as they are."""
    return len(lines) == len(there) and all(map(_changes_nothing, lines, there))


def _changes_nothing(line: Any, found: Any) -> bool:
    if _id(line) is None or not isinstance(found, Mapping):
        return False
    rest = {name: value for name, value in line.items() if name not in _PRODUCT}
    return holds(rest, found) and _is_of(line, found)


def _is_of(line: Mapping[str, Any], found: Mapping[str, Any]) -> bool:
    """Return whether the line `found` is of the product that `line` names: by the first mark of its offer, as the CRM looks for it."""
    marks, names = list(_offers(line)), set(_names(line))
    tied = set(_offers(found))
    if marks and tied:
        return marks[0] in tied
    return bool(names & set(_names(found))) if marks or names else True


def _match(line: Any, others: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """Return the line of the order that `line` means; the strongest of its marks decides, the weaker ones do not."""
    if not isinstance(line, Mapping):
        return None
    for marks in (_ids, _external_ids, _offers, _names):
        wanted = set(marks(line))
        if wanted:
            found = next((other for other in others if wanted & set(marks(other))), None)
            if found is not None or marks is not _offers:
                return found
            others = [other for other in others if not any(_offers(other))]
    return None


def _ids(line: Mapping[str, Any]) -> Iterator[str]:
    if line.get("id") is not None:
        yield _text(line["id"])


def _external_ids(line: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if line.get("externalId"):
        yield "default", _text(line["externalId"])
    for entry in line.get("externalIds") or ():
        if isinstance(entry, Mapping) and entry.get("value"):
            yield _text(entry.get("code", "default")), _text(entry["value"])


def _offers(line: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    offer = line.get("offer")
    if isinstance(offer, Mapping):
        for key in ("id", "externalId", "xmlId"):
            if offer.get(key):
                yield key, _text(offer[key])


def _names(line: Mapping[str, Any]) -> Iterator[str]:
    offer = line.get("offer")
    for name in (
        line.get("productName"),
        *((offer.get("displayName"), offer.get("name")) if isinstance(offer, Mapping) else ()),
    ):
        if name:
            yield _text(name)


def _text(value: Any) -> str:
    return value.strip() if isinstance(value, str) else exactjson.dumps(value)
