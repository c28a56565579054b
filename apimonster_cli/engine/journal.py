"""What a delivery writes down while it is under way."""

from datetime import datetime

from apimonster_cli.store.api import Store
from apimonster_cli.store.rows import EndedTransaction, Lease, NewTransaction, Outcome, StepResult


class Journal:
    """The record of one attempt. Ended transactions ride along with the next thing written: a commit is what costs.

    Should the program be killed in between, a call whose end was not yet written counts as one that may have happened.
    Each verb may raise LostLeaseError or StoreError: then nothing was written and the attempt has to stop.
    """

    dry = False

    def __init__(self, store: Store, lease: Lease) -> None:
        self._store = store
        self._lease = lease
        self._ended: list[EndedTransaction] = []

    def begin(self, call: NewTransaction) -> int:
        """Put a call on record before it is sent; return the transaction's id."""
        return self._store.begin_call(self._lease, call, self._take())

    def end(self, transaction: EndedTransaction) -> None:
        """Note what became of a call."""
        self._ended.append(transaction)

    def finish(self, step: StepResult, *, outcome: Outcome | None = None, error: str | None = None) -> None:
        """Keep a finished step; with `outcome`, close the delivery in the same commit."""
        self._store.end_step(self._lease, step, self._take(), outcome=outcome, error=error)

    def put_off(self, *, until: datetime, error: str, counts: bool) -> None:
        """Give the delivery back until then."""
        self._store.put_off(self._lease, until=until, error=error, counts=counts, ended=self._take())

    def give_up(self, *, error: str, until: datetime) -> None:
        """Give the delivery up; its on_failure steps are due at `until`."""
        self._store.give_up(self._lease, error=error, until=until, ended=self._take())

    def close(self, outcome: Outcome, error: str | None = None) -> None:
        """End the delivery."""
        self._store.close(self._lease, outcome, error=error, ended=self._take())

    def _take(self) -> list[EndedTransaction]:
        taken, self._ended = self._ended, []
        return taken


class DryJournal(Journal):
    """The record of a dry run: calls, planned and reading ones, and nothing else.

    Steps and outcomes stay unwritten, so a later real run does everything. The delivery stays held by this run, which
    gives it back when it ends (or the next daemon does, after a kill); until then a later event of the same object waits.
    """

    dry = True

    def finish(self, step: StepResult, *, outcome: Outcome | None = None, error: str | None = None) -> None:
        """Keep nothing."""

    def put_off(self, *, until: datetime, error: str, counts: bool) -> None:  # noqa: ARG002  # a dry try never counts
        """Give the delivery back until then; a dry try never counts towards giving up."""
        super().put_off(until=until, error=error, counts=False)

    def give_up(self, *, error: str, until: datetime) -> None:
        """Keep nothing."""

    def close(self, outcome: Outcome, error: str | None = None) -> None:
        """Keep nothing."""
