"""The journal: every call that came in, so that a test can count what a client really did."""

import time
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import Any

from apimonster_cli.sandbox.answers import Row
from apimonster_cli.sandbox.faults import Fault, Window

LONGEST = 200_000  # records; the counts go on beyond


@dataclass(slots=True)
class Record:
    """One call: parameters as they were sent without the key, the status answered (None: no answer), the fault applied.

    carried_out: the call reached its handler, whatever became of the answer.
    """

    number: int
    method: str
    path: str
    time: float
    parameters: dict[str, Any] = field(default_factory=dict)
    status: int | None = None
    fault: Fault | None = None
    carried_out: bool = False

    def row(self) -> Row:
        """Return the record as the control address shows it; time in seconds since 1970."""
        return {
            "number": self.number,
            "method": self.method,
            "path": self.path,
            "time": round(self.time, 6),
            "parameters": dict(self.parameters),
            "status": self.status,
            "fault": self.fault.value if self.fault else None,
            "carriedOut": self.carried_out,
        }


class Journal:
    """Records in order of arrival, and the most calls that any one second saw, those turned away included."""

    def __init__(self) -> None:
        self.records: deque[Record] = deque(maxlen=LONGEST)
        self.total = 0
        self.peak = 0
        self._window = Window()

    def open(self, method: str, path: str, now: float) -> Record:
        """Return a new record of a call that came in at `now` of a clock that only grows."""
        self.total += 1
        self._window.add(now)
        self.peak = max(self.peak, self._window.count(now))
        record = Record(self.total, method, path, time.time())
        self.records.append(record)
        return record

    def summary(self) -> Row:
        """Return the counts: total, peak a second, by status (`none` where no answer was sent) and by fault."""
        records = list(self.records)  # a copy: calls may come in meanwhile
        statuses = Counter(str(record.status) if record.status else "none" for record in records)
        faults = Counter(record.fault.value for record in records if record.fault)
        return {"total": self.total, "peakPerSecond": self.peak, "statuses": dict(statuses), "faults": dict(faults)}
