"""What a path, a template or a filter can see while one event is worked through."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from enum import Enum
from typing import Any, Final


class _Missing(Enum):
    """The type of MISSING."""

    MISSING = "MISSING"

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return "MISSING"


MISSING: Final = _Missing.MISSING
"""Where a path leads when it leads nowhere."""


def is_empty(value: Any) -> bool:
    """Return whether a value counts as empty: missing, null, "", [] or {}. 0 and false are values."""
    return value is None or value is MISSING or (isinstance(value, str | list | dict) and not value)


@dataclass(frozen=True, slots=True)
class Locale:
    """What a bare value leaves open.

    source_zone: where the sender's dates without a zone were written. target_zone: where the receiver reads them.
    phone_region: the country of a phone number that does not name one, as two letters.
    """

    source_zone: tzinfo = UTC
    target_zone: tzinfo = UTC
    phone_region: str = "RU"


@dataclass(frozen=True, slots=True)
class Scope:
    """The event, what is known about it, and the outputs of earlier steps by id.

    item: inside `each`, the item that plain paths start from; MISSING outside.
    previous: the event before this one of the same object, for filters that ask what has changed; MISSING when there is none.
    merged, merged_previous: both events with the fields that were made from them, which all but `event` reads; MISSING when
    there are none.
    """

    event: Any
    meta: Mapping[str, Any] = field(default_factory=dict)
    steps: Mapping[str, Any] = field(default_factory=dict)
    locale: Locale = field(default_factory=Locale)
    item: Any = MISSING
    previous: Any = MISSING
    merged: Any = MISSING
    merged_previous: Any = MISSING

    @property
    def fields(self) -> Any:
        """Return the event with the fields that were made from it."""
        return self.event if self.merged is MISSING else self.merged

    @property
    def base(self) -> Any:
        """Return what plain paths start from: the item inside `each`, else the fields."""
        return self.fields if self.item is MISSING else self.item

    def inside(self, item: Any) -> "Scope":
        """Return this scope as one item of an `each` sees it."""
        before = self.previous, self.merged, self.merged_previous
        return Scope(self.event, self.meta, self.steps, self.locale, item, *before)

    def before(self) -> "Scope | None":
        """Return this scope as it would be for the previous event; None when there is none."""
        if self.previous is MISSING:
            return None
        return Scope(self.previous, self.meta, self.steps, self.locale, merged=self.merged_previous)
