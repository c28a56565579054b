"""The receipt of `sync forget`: what was erased, and what is left where. It names nobody."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import TYPE_CHECKING, Any

from apimonster_cli.cli import masking, output

if TYPE_CHECKING:
    from apimonster_cli.store.remains import State
    from apimonster_cli.store.traces import Erased, TracedEvent, Traces

LEFT = "Still to be delivered, and therefore left"
# Tables, and what one of their rows is called where people read it.
_TABLES: Mapping[str, str] = {
    "events": "event",
    "deliveries": "delivery",
    "steps": "step",
    "transactions": "transaction",
    "pulled": "pulled object",
    "versions": "version",
    "cursors": "error of a pull",
    "pauses": "reason of a pause",
}
_FILE: "Mapping[State, str]" = {
    "clean": "nothing is left in its bytes",
    "left": "not looked through: what is left above is in it",
    "log": "some program has read the store all the while, so its log still holds what was erased; end it, then do this again",
    "pages": "what was erased is still in unused parts of it: stop the daemon, do this again, and the file is written anew",
}
_ELSEWHERE = (
    "copies that sync backup has written elsewhere: delete them, or restore each, do this again and back it up anew",
    "the journal of the system: lines of the log show no phone and no e-mail, but what other programs log may",
    "the services that sent the events, and those that were called: they keep what they have, and what they send anew comes in anew",
)


@dataclass(frozen=True, slots=True)
class Receipt:
    """All that a receipt says. looked_for: masked. file: what became of the bytes of the store."""

    at: datetime
    looked_for: str
    found: "Traces"
    erased: "Erased"
    left: "tuple[TracedEvent, ...]"
    file: "State"
    copies: tuple[str, ...]

    @property
    def complete(self) -> bool:
        """Return whether nothing is left in the store."""
        return not self.left and self.file == "clean"

    def as_object(self) -> dict[str, Any]:
        """Return the receipt as the object that `--json` prints."""
        return {
            "at": self.at,
            "looked_for": self.looked_for,
            "complete": self.complete,
            "erased": {table: self.erased.rows[table] for table in _TABLES},
            "events": sorted(self.erased.events),
            "left": [
                {"event": event.id, "deliveries": {each.bundle: each.state for each in event.deliveries}}
                for event in self.left
            ],
            "file": {"state": self.file, "said": _FILE[self.file]},
            "made": self._made(),
            "called": list(self.found.called),
            "copies": list(self.copies),
            "elsewhere": list(_ELSEWHERE),
        }

    def say(self, zone: tzinfo) -> None:
        """Print the receipt for a person to read and keep."""
        rows = self.erased.rows
        erased = ", ".join(counted(rows[table], thing) for table, thing in _TABLES.items() if rows[table])
        output.heading("Receipt")
        output.facts(
            {
                "when": output.moment(self.at, zone),
                "looked for": self.looked_for,
                "erased": erased or "nothing",
                "events": ", ".join(map(str, sorted(self.erased.events))),
                "called": ", ".join(self.found.called),
                "store": _FILE[self.file],
            }
        )
        if self.left:
            output.heading(LEFT)
            for event in self.left:
                states = ", ".join(f"{each.bundle}: {each.state}" for each in event.deliveries)
                output.say(
                    f"  event {event.id} ({states}); sync show {event.id} tells what it waits for. Then do this again"
                )
        made = self._made()
        if made:
            output.heading("Made in other services, to be removed there")
            columns = ("event", "bundle", "action", "ids")
            rows_made = ((each["event"], each["bundle"], each["action"], _listed(each["ids"])) for each in made)
            output.table(columns, rows_made)
        output.heading("Left elsewhere")
        if self.copies:
            output.say(f"  copies of the store beside it: {', '.join(self.copies)}")
        for place in _ELSEWHERE:
            output.say(f"  {place}")

    def _made(self) -> list[dict[str, Any]]:
        """Return what was made for erased events. An id may be made of a phone: it is masked."""
        gone = set(self.erased.events)
        return [
            {
                "event": each.event_id,
                "bundle": each.bundle,
                "action": each.action,
                "ids": {
                    name: masking.words(value) if isinstance(value, str) else value for name, value in each.ids.items()
                },
            }
            for each in self.found.made
            if each.event_id in gone
        ]


def counted(number: int, thing: str) -> str:
    """Return a number of things in words: `1 delivery`, `2 deliveries`, `2 errors of a pull`."""
    first, space, rest = thing.partition(" of ")
    many = f"{first[:-1]}ies" if first.endswith("y") else f"{first}s"
    return f"{number} {thing if number == 1 else f'{many}{space}{rest}'}"


def _listed(ids: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in ids.items())
