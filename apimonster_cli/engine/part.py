"""What there is to do for a step: the step itself, or with `for_each` the step for each item of a list."""

from dataclasses import dataclass
from typing import Any

from apimonster_cli.bundles.model import Step
from apimonster_cli.store.rows import StepOutcome
from apimonster_cli.values.build import items_of
from apimonster_cli.values.scope import MISSING, Scope

MOST_ITEMS = 10_000
"""Of a `for_each`: more would keep a worker busy for hours, and are no lead."""


@dataclass(frozen=True, slots=True)
class Part:
    """A step, or one item of it. key: its name in the store; an item's ends in a dot and its number, from 0.

    ended: outcome and reason where there is nothing to do.
    """

    step: Step
    key: str
    number: int | None = None
    item: Any = MISSING
    ended: tuple[StepOutcome, str] | None = None

    @property
    def name(self) -> str:
        """Return what messages call it."""
        return self.step.id if self.number is None else f"{self.step.id}.{self.number}"

    def seen_from(self, scope: Scope) -> Scope:
        """Return what its paths start from, given what those of the step do."""
        return scope if self.number is None else scope.inside(self.item)


def parts_of(step: Step, key: str, scope: Scope) -> list[Part]:
    """Return what there is to do for a step called `key` in the store; never nothing."""
    if step.for_each is None:
        return [Part(step, key)]
    try:
        items = items_of(step.for_each.read(scope), step.for_each.text, "for_each")
    except ValueError as error:
        return [Part(step, key, ended=("failed", str(error)))]
    if not items:
        return [Part(step, key, ended=("skipped", f"{step.for_each.text} has no items"))]
    if len(items) > MOST_ITEMS:
        many = f"{step.for_each.text} has {len(items)} items, more than the {MOST_ITEMS} that for_each takes"
        return [Part(step, key, ended=("failed", many))]
    return [Part(step, f"{key}.{number}", number, item) for number, item in enumerate(items)]
