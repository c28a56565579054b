"""One event through one bundle: filter, steps, outcome."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from apimonster_cli.bundles.model import Bundle, Config, Step
from apimonster_cli.core import log
from apimonster_cli.core.clock import Clock, Leaps
from apimonster_cli.core.errors import CallError, PermanentError, RefusedError, StoreError, TransientError
from apimonster_cli.core.meter import SILENT, Meter
from apimonster_cli.engine.cache import AnswerCache
from apimonster_cli.engine.call import Client, Line
from apimonster_cli.engine.callers import DryCaller, LiveCaller
from apimonster_cli.engine.circuit import PAUSE_REST, Circuits
from apimonster_cli.engine.context import ON_FAILURE, context_of, identity
from apimonster_cli.engine.journal import DryJournal, Journal
from apimonster_cli.engine.part import Part, parts_of
from apimonster_cli.engine.previous import event_before
from apimonster_cli.engine.pull import Order, Pulled, pull
from apimonster_cli.engine.renamed import names_on_record
from apimonster_cli.engine.retry import Again, decide
from apimonster_cli.engine.step import StepWork, redacted
from apimonster_cli.store.api import LostLeaseError, Store
from apimonster_cli.store.rows import Claimed, Outcome, StepResult

MOST_INTERRUPTIONS = 20
_LAST_WORDS = timedelta(hours=1)
"""How long on_failure steps are tried: the failed delivery keeps later events of its object waiting."""


class Engine:
    """Delivers events under one configuration. Thread-safe: workers share it.

    client_of: connection name → who sends its calls; asked whenever a step needs one. dry_run: writing calls are put on record as
    planned and not sent, and no delivery is used up: see DryJournal. meter: who counts the calls.
    """

    def __init__(  # noqa: PLR0913  # what it works with
        self,
        store: Store,
        config: Config,
        client_of: Callable[[str], Client],
        clock: Clock,
        *,
        dry_run: bool = False,
        meter: Meter = SILENT,
    ) -> None:
        self.config = config
        self.circuits = Circuits(config.connections, clock)
        self.dry_run = dry_run
        self._cache = AnswerCache(clock)
        self._store = store
        self._client_of = client_of
        self._clock = clock
        self._meter = meter

    def try_paused(self) -> None:
        """Take the pauses on record as things of the past: the key may be mended by now. One delivery of each tries first."""
        paused = [pause.connection for pause in self._store.pauses()]
        self.circuits.doubt(paused)
        for connection in paused:
            self._store.resume(connection)

    def deliver(self, claimed: Claimed, bundle: Bundle) -> Outcome | None:
        """Do what is left of a delivery; return its outcome, or None when it has been put off.

        LostLeaseError: somebody else has it now. StoreError: nothing more could be written; the delivery is still held.
        """
        journal = (DryJournal if self.dry_run else Journal)(self._store, claimed.lease)
        caller = (DryCaller if self.dry_run else LiveCaller)(self.line_to, journal)
        attempt = _Attempt(claimed, bundle, journal, caller, self.config, self._clock)
        try:
            outcome = attempt.run(event_before(self._store, claimed, bundle))
        except (StoreError, LostLeaseError):
            raise
        except Exception as error:
            attempt.log.exception("delivery broke off")
            attempt.error = f"broke off because of a mistake in this program ({type(error).__name__}); the log has more"
            outcome = "failed"
            journal.close(outcome, attempt.error)
        attempt.tell(outcome)
        return outcome

    def pull(self, order: Order) -> Pulled:
        """Do a claimed pull and put on record how it ended. LostLeaseError, StoreError as for `deliver`."""
        return pull(order, self.line_to(order.bundle.connection.name))

    def line_to(self, connection: str) -> Line:
        """Return the way to a connection."""
        return Line(
            self._client_of(connection),
            self.circuits[connection],
            self._store,
            self._clock,
            self.config.redactor,
            self._cache,
            self._meter,
        )


class _Attempt:
    """One try at a delivery."""

    def __init__(  # noqa: PLR0913, PLR0917  # what it works on, and what it works with
        self,
        claimed: Claimed,
        bundle: Bundle,
        journal: Journal,
        caller: LiveCaller,
        config: Config,
        clock: Clock,
    ) -> None:
        self.error: str | None = None
        self.log = log.get().bind(
            event_id=claimed.event_id,
            delivery_id=claimed.lease.delivery_id,
            bundle=claimed.bundle,
            attempt=claimed.lease.attempt,
        )
        self._claimed = claimed
        self._bundle = bundle
        self._journal = journal
        self._caller = caller
        self._config = config
        self._clock = clock
        self._leaps = Leaps(clock)
        self._finished = {step.step: step for step in claimed.finished}

    def run(self, previous: Any) -> Outcome | None:
        """Go on from where the last attempt ended. previous: the event before, MISSING when there is none."""
        if self._claimed.interrupted >= MOST_INTERRUPTIONS:  # first: reading the event may be what ends the program
            return self._interrupted()
        self._context = context_of(self._claimed, self._bundle, self._config.settings, previous)
        if self._claimed.failing is not None:
            return self._on_failure(self._claimed.failing)
        if self._bundle.filter is not None and not self._finished:
            try:
                refusal = self._bundle.filter.refusal(self._context.scope())
            except PermanentError as error:  # the sender's text is too much for a pattern, or a path does not fit it
                return self._fail(None, self._config.redactor.text(str(error)))
            if refusal is not None:
                return self._close("filtered", self._config.redactor.text(refusal))
        return self._steps()

    def tell(self, outcome: Outcome | None) -> None:
        """Log how the attempt ended; payloads and field values stay out of it."""
        if outcome == "failed":
            self.log.warning("delivery failed", error=self.error)
        elif outcome is not None:
            self.log.info("delivery ended", outcome=outcome, dry_run=self._journal.dry)

    def _steps(self) -> Outcome | None:
        last = len(self._bundle.steps) - 1
        names = names_on_record(self._bundle.steps, self._claimed)
        for position, (step, key) in enumerate(zip(self._bundle.steps, names, strict=True)):
            parts = self._parts(step, key)
            for part in parts:
                known = self._finished.get(part.key)
                if known is not None and (known.outcome != "failed" or step.on_error == "continue"):
                    self._context.keep(step.id, known.outcome, known.output, number=part.number)
                    continue
                if known is not None:  # the program was killed between the step's failure and the delivery's
                    return self._fail(None, f"step {part.name}: {known.error}")
                result = self._do(part, position)
                if result is None:
                    return None
                if result.outcome == "failed" and step.on_error == "fail":
                    return self._fail(result, f"step {part.name}: {result.error}")
                self._context.keep(step.id, result.outcome, result.output, number=part.number)
                ends = position == last and part is parts[-1]
                self._finish(result, outcome="done" if ends else None)
                if ends:
                    return "done"
        return self._close("done")  # all steps were finished before: the bundle has lost its last ones since

    def _parts(self, step: Step, key: str) -> list[Part]:
        """Return what there is to do for a step. One that is on record as a whole has no parts: its list was empty, or came later."""
        return [Part(step, key)] if key in self._finished else parts_of(step, key, self._context.scope(step))

    def _interrupted(self) -> Outcome | None:
        error = (
            f"given up: the program ended {self._claimed.interrupted} times in a row while it worked on this delivery, "
            "which may be what ends it; look into the log for how, and deliver it again when that is mended"
        )
        if self._claimed.failing is None and not self._journal.dry:
            return self._fail(None, error)
        self.error = self._claimed.failing or error
        return self._close("failed", self.error)

    def _fail(self, result: StepResult | None, error: str) -> Outcome | None:
        self.error = error
        if not self._bundle.on_failure:
            if result is None:
                return self._close("failed", error)
            self._finish(result, outcome="failed", error=error)
            return "failed"
        if result is not None:
            self._finish(result)
        self._journal.give_up(error=error, until=self._clock.now())
        if self._journal.dry:
            return self._on_failure(error)
        self.log.warning("delivery given up, its on_failure steps follow", error=error)
        return None

    def _on_failure(self, error: str) -> Outcome | None:
        """Run the on_failure steps once each; what fails there is recorded, and the delivery ends as failed all the same."""
        self.error = error
        self._context.failed_with(error)
        steps = self._bundle.on_failure
        names = names_on_record(steps, self._claimed, ON_FAILURE)
        for position, (step, key) in enumerate(zip(steps, names, strict=True), start=len(self._bundle.steps)):
            for part in self._parts(step, key):
                if part.key in self._finished:
                    continue
                result = self._do(part, position, last=True)
                if result is None:
                    return None
                self._context.keep(step.id, result.outcome, result.output, number=part.number)
                self._finish(result)
        return self._close("failed", error)

    def _do(self, part: Part, position: int, *, last: bool = False) -> StepResult | None:
        """Do one step; None when the delivery has been put off instead. last: a step of on_failure, not to be waited for long."""
        claimed, step, key = self._claimed, part.step, part.key
        work = StepWork(step, key, position, clock=self._clock, redactor=self._config.redactor)
        if part.ended is not None:
            return work.ended(*part.ended)
        try:
            return work.do(
                part.seen_from(self._context.scope(step)),
                self._caller,
                identity=identity(claimed, key),
                doubted=claimed.doubtful.get(key),
                hidden=self._context.hidden,
            )
        except RefusedError as error:
            if last:
                return work.failed(str(error))
            self._put_off(self._clock.now() + timedelta(seconds=PAUSE_REST), error, key, counts=False)
        except TransientError as error:
            now, leap = self._leaps.look()  # a clock that is set meanwhile has not tried for longer
            began = claimed.first_tried_at and claimed.first_tried_at + leap
            if last and error.turned_away and began is not None and now - began >= _LAST_WORDS:
                return work.failed(str(error))
            decision = decide(
                error,
                replace(step.retry, lasts=min(step.retry.lasts, _LAST_WORDS)) if last else step.retry,
                tries=claimed.tries,
                first_tried_at=began,
                now=now,
            )
            if not isinstance(decision, Again):
                return work.failed(decision.error)
            self._put_off(decision.at, error, key, counts=decision.counts)
        return None

    def _finish(self, result: StepResult, *, outcome: Outcome | None = None, error: str | None = None) -> None:
        self._journal.finish(redacted(result, self._config.redactor), outcome=outcome, error=error)

    def _put_off(self, until: datetime, error: CallError, key: str, *, counts: bool) -> None:
        message = self._config.redactor.text(f"step {key}: {error}")
        self._journal.put_off(until=until, error=message, counts=counts)
        self.log.info("delivery put off", step=key, until=until.isoformat(timespec="seconds"), error=message)

    def _close(self, outcome: Outcome, error: str | None = None) -> Outcome:
        self._journal.close(outcome, error)
        return outcome
