"""What a delivery writes down while it is under way."""

from datetime import datetime, timedelta

from apimonster_cli.core.clock import Clock
from apimonster_cli.store.api import DeliveryStore, PullStore
from apimonster_cli.store.rows import (
    EndedTransaction,
    Lease,
    NewTransaction,
    Outcome,
    PageTaken,
    PulledPage,
    PullLease,
    StepResult,
)

PULL_LEASE = timedelta(minutes=5)
"""How long a pull stays taken after it last wrote something: longer than a call with its quick tries."""


class Journal:
    """The record of one attempt. Ended transactions ride along with the next thing written: a commit is what costs.

    Should the program be killed in between, a call whose end was not yet written counts as one that may have happened.
    Each verb may raise LostLeaseError or StoreError: then nothing was written and the attempt has to stop.
    """

    dry = False

    def __init__(self, store: DeliveryStore, lease: Lease) -> None:
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


class PullJournal:
    """The record of one pull. Whatever it writes holds the pull longer; LostLeaseError and StoreError as for Journal."""

    def __init__(self, store: PullStore, lease: PullLease, clock: Clock) -> None:
        self._store = store
        self._lease = lease
        self._clock = clock
        self._ended: list[EndedTransaction] = []

    def begin(self, call: NewTransaction) -> int:
        """Put a call on record before it is sent; return the transaction's id."""
        return self._store.begin_pull_call(self._lease, call, self._take(), until=self._until())

    def end(self, transaction: EndedTransaction) -> None:
        """Note what became of a call."""
        self._ended.append(transaction)

    def page(self, page: PulledPage) -> PageTaken:
        """Keep what a page brings."""
        return self._store.accept_page(self._lease, page, self._take(), until=self._until())

    def finish(self, complete: datetime | None) -> None:
        """End a complete read; the cursor moves to `complete`."""
        self._store.finish_pull(self._lease, complete=complete, ended=self._take())

    def release(self, error: str | None, again: datetime) -> None:
        """Give the pull back unfinished."""
        self._store.release_pull(self._lease, error=error, again=again, ended=self._take())

    def _until(self) -> datetime:
        return self._clock.now() + PULL_LEASE

    def _take(self) -> list[EndedTransaction]:
        taken, self._ended = self._ended, []
        return taken
