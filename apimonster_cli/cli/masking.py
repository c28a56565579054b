"""Rows of the store as they are shown: what is personal in them is masked, unless --reveal asks for it.

Numbers of events, orders and deliveries stay, and so does the address of the sender: it is that of a service's server, which
`allow_from` needs.
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated

import typer

from apimonster_cli.core.personal import Kind, Masks, in_text
from apimonster_cli.store.rows import DeliveryRow, EventRow, StepResult, TransactionRow

if TYPE_CHECKING:
    from apimonster_cli.connectors.catalogue import CatalogueField

Reveal = Annotated[bool, typer.Option("--reveal", help="Show phones, e-mails, names and addresses of people whole.")]
HINT = "Phones, e-mails, names and addresses of people are masked; --reveal shows them."


def event(row: EventRow) -> EventRow:
    """Return an event masked."""
    masks = _of_event(row.event)
    body = row.body and (masks.body(row.body.decode("utf-8", "replace")) or "").encode("utf-8", "replace")
    return replace(
        row,
        payload=masks.body(row.payload),
        body=body,
        object_key=words(row.object_key),
        reason=words(row.reason),
        query=masks.value(row.query),
        headers={name: masks.body(value) or "" for name, value in row.headers.items()},
    )


def delivery(row: DeliveryRow) -> DeliveryRow:
    """Return a delivery masked, its steps as well."""
    return replace(row, object_key=words(row.object_key), error=words(row.error), steps=tuple(map(step, row.steps)))


def step(row: StepResult) -> StepResult:
    """Return a step masked."""
    takes, gives = _of_action(row.action)
    return replace(
        row,
        fields=takes.value(row.fields),
        origins={target: words(origin) or "" for target, origin in row.origins.items()},
        output=gives.value(row.output),
        error=words(row.error),
    )


def transaction(row: TransactionRow) -> TransactionRow:
    """Return a transaction masked."""
    masks = Masks()
    return replace(
        row,
        url=masks.url(row.url),
        request=masks.body(row.request),
        answer=masks.body(row.answer),
        error=words(row.error),
    )


def words(text: str | None) -> str | None:
    """Return an error, a reason or an object key masked: what is personal in it is known by its form alone."""
    return None if text is None else in_text(text, free=True)


@lru_cache
def _of_event(name: str | None) -> Masks:
    from apimonster_cli.connectors import registry

    found = registry.event(name) if name else None
    if found is None:
        return Masks()
    connector, known = found
    return _declared(connector.catalogue.fields(known.fields))


@lru_cache
def _of_action(name: str) -> tuple[Masks, Masks]:
    """Return the masks of what an action takes and of what it gives."""
    from apimonster_cli.connectors import registry

    owner, _, short = name.partition(".")
    action = registry.connector(owner).action(short) if owner in registry.names() else None
    if action is None:
        return Masks(), Masks()
    fields = registry.connector(owner).catalogue.fields
    return _declared(fields(action.inputs)), _declared(fields(action.outputs))


def _declared(fields: "Mapping[str, CatalogueField]") -> Masks:
    kinds: dict[str, Kind] = {name: field.personal for name, field in fields.items() if field.personal is not None}
    return Masks(kinds.get)
