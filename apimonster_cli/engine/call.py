"""What an action works through: each call put on record before it is sent, and what became of it afterwards."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from apimonster_cli.bundles.model import Connection, Step
from apimonster_cli.core import crash, log
from apimonster_cli.core.call import Answer, Request
from apimonster_cli.core.clock import Clock
from apimonster_cli.core.errors import CallError, PermanentError, RefusedError, TransientError
from apimonster_cli.core.meter import SILENT, Meter
from apimonster_cli.core.redact import Redactor
from apimonster_cli.engine.cache import AnswerCache
from apimonster_cli.engine.circuit import Circuit
from apimonster_cli.engine.journal import Journal
from apimonster_cli.store.api import Store
from apimonster_cli.store.rows import EndedTransaction, NewTransaction, TransactionState

LONGEST_ANSWER = 65_536
"""Characters of an answer that are kept in the store; the action sees it whole."""


LONGEST_STILL = 60.0
"""Seconds between the record of a call and the call; well below every lease."""


class Planned(Exception):  # noqa: N818  # no error: a dry run ends an action here
    """A writing call that a dry run put on record instead of sending."""


class Client(Protocol):
    """Who sends the calls of one connection: transport.client.Client, or a test's own."""

    def describe(self, request: Request) -> tuple[str, str | None]:
        """Return address and body as text, redacted."""

    def reserve(self) -> None:
        """Take a slot of the connection's rate; TransientError (turned away) when that is too far off."""

    def send(self, request: Request) -> Answer:
        """Make the call; TransientError or PermanentError when no answer came."""


@dataclass(frozen=True, slots=True)
class Line:
    """The way to one connection: who sends, whether calls may go out, who keeps the record and the answers, who counts."""

    client: Client
    circuit: Circuit
    store: Store
    clock: Clock
    redactor: Redactor
    cache: AnswerCache
    meter: Meter = SILENT


class Record(Protocol):
    """Who keeps what is sent and what became of it: the journal of a delivery, or of a pull."""

    def begin(self, call: NewTransaction) -> int:
        """Put a call on record before it is sent; return the transaction's id."""

    def end(self, transaction: EndedTransaction) -> None:
        """Note what became of a call."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """Makes calls of one connection, each on record before it is sent.

    step, action: what the record calls them. kept: characters of an answer that are kept in the store. asker: for whom the calls
    are, the same at every try.
    """

    connection: Connection
    step: str
    action: str
    line: Line
    record: Record
    kept: int = LONGEST_ANSWER
    asker: str = ""

    def ask(self, request: Request) -> Answer:
        """Make one call and return its answer; CallError when it fails or the connector judges the answer to be none."""
        circuit = self.line.circuit
        circuit.enter()
        try:
            self.line.client.reserve()
            began = self.line.clock.monotonic()
            transaction = self.begin(request)
            crash.point("after-intent")
            if self.line.clock.monotonic() - began > LONGEST_STILL:
                raise self._late(request, transaction)
            return self._send(request, transaction)
        finally:
            circuit.leave()

    def _late(self, request: Request, transaction: int) -> TransientError:
        """Return the error of a call that may not be sent any more.

        The program stood still between the record and the call: stopped, or asleep with its machine. If that was longer than its
        lease, another has the delivery now, and has looked for what this call would make without finding it.
        """
        error = TransientError(
            "the program stood still before the call was sent", may_have_happened=False, turned_away=True
        )
        self._end(transaction, request, None, error)
        self._count(_state(None, error), None, None)
        return error

    def begin(self, request: Request, state: TransactionState = "sent") -> int:
        """Put a call on record."""
        url, text = self.line.client.describe(request)
        return self.record.begin(
            NewTransaction(
                step=self.step,
                connection=self.connection.name,
                action=self.action,
                method=request.method,
                url=url,
                request=text,
                writes=request.writes,
                sent_at=self.line.clock.now(),
                state=state,
            )
        )

    def _send(self, request: Request, transaction: int) -> Answer:
        shown: Answer | None = None
        judge = self.connection.connector.judge
        began = self.line.clock.monotonic()
        try:
            answer = self.line.client.send(request)
            crash.point("before-outcome")
            shown = _shown(answer, self.line.redactor)
            if judge is not None:
                judge(request, shown)  # what it quotes it may cut off, and half a secret is not known again
        except CallError as error:
            told = self._alone(error, request)
            self._count(_state(shown, told), shown, began)
            self._end(transaction, request, shown, told)
            raise told from error.__cause__
        self._count(_state(shown, None), shown, began)
        self._end(transaction, request, shown, None)
        return answer

    def _count(self, outcome: TransactionState, answer: Answer | None, began: float | None) -> None:
        """Let the call be counted; began: when it was sent, None when it was not."""
        seconds = None if began is None else self.line.clock.monotonic() - began
        status = answer.status if answer else None
        self.line.meter.called(self.connection.name, self.action, outcome, status, seconds)

    def _alone(self, error: CallError, request: Request) -> CallError:
        """Return `error`, or what it means when only this asker is refused: the others must not wait for it again and again."""
        if isinstance(error, RefusedError) and self.line.circuit.blames(self._kind(request), self.asker):
            return PermanentError(f"{error}; others are not refused, so this one is not tried again")
        return error

    def _kind(self, request: Request) -> str:
        return f"{self.action} {request.method}"

    def _end(self, transaction: int, request: Request, answer: Answer | None, error: CallError | None) -> None:
        """Put on record what became of a call. answer: without secrets."""
        line = self.line
        now = line.clock.now()
        message = None if error is None else line.redactor.text(str(error))
        self.record.end(
            EndedTransaction(
                transaction_id=transaction,
                state=_state(answer, error),
                ended_at=now,
                status=answer.status if answer else None,
                answer=_kept(answer.text(), self.kept) if answer else None,
                error=message,
            )
        )
        name = self.connection.name
        if isinstance(error, RefusedError):
            if line.circuit.refused(str(message)):
                log.get().warning(
                    "connection paused, its deliveries wait for a working key", connection=name, reason=message
                )
                line.store.pause(name, reason=str(message), now=now)
        elif isinstance(error, TransientError):
            line.circuit.failed(error)
        elif answer is not None and line.circuit.answered(self._kind(request)):  # one that says no works as well
            line.store.resume(name)
            log.get().info("connection works again", connection=name)


@dataclass(slots=True)
class StepCall:
    """What the action of one step is handed: connectors.spec.Call.

    made: calls made since the action was begun last; what is answered from the cache is none.
    key: the step's name in the store. doubted: see callers.Task; also set as soon as a writing call of this attempt ends
    without saying what became of it.
    """

    step: Step
    key: str
    fields: Mapping[str, Any]
    identity: str
    doubted: datetime | None
    line: Line
    journal: Journal
    made: int = 0

    @property
    def options(self) -> Mapping[str, Any]:
        """Return the action's own keys of the step."""
        return self.step.options

    @property
    def settings(self) -> Mapping[str, Any]:
        """Return the connection's settings."""
        return self.step.connection.settings

    @property
    def doubtful(self) -> bool:
        """Return whether an earlier try may have reached the service."""
        return self.doubted is not None

    def let_settle(self) -> None:
        """Give a call without a clear end time to come to it, where only a look keeps its thing from being made twice.

        As long again as an answer may take: a call may be under way, or a service at work on it, after its answer was given up on,
        and what it makes after the look is not seen. TransientError (turned away) until then.
        """
        if self.doubted is None or not self.step.action.settles:
            return
        longest: timedelta = self.settings["timeout"]
        left = self.doubted + longest - self.line.clock.now()
        if timedelta() < left <= longest:  # longer ones come of a clock that was set
            raise TransientError(
                f"connection {self.step.connection.name}: what became of an earlier call is not known; it is looked up once that call "
                "cannot be under way any more",
                may_have_happened=False,
                retry_after=left.total_seconds(),
                turned_away=True,
            )

    def ask(self, request: Request) -> Answer:
        """Make one call and return its answer; CallError when it fails or the connector judges the answer to be none."""
        within, connection = self.step.cache, self.step.connection.name
        if within is None or request.writes:
            return self._send(request)
        answer = self.line.cache.get(connection, request, within=within)
        if answer is None:
            answer = self._send(request)
            self.line.cache.keep(connection, request, answer)
        return answer

    def _send(self, request: Request) -> Answer:
        most = self.step.max_calls
        if most is not None and self.made >= most:
            raise PermanentError(f"it needs more calls than the {most} that max_calls lets it make in one try")
        self.made += 1
        try:
            return self._exchange.ask(request)
        except TransientError as error:
            if request.writes and error.may_have_happened:
                self.doubted = self.line.clock.now()
            raise

    def plan(self, request: Request) -> None:
        """Put a call on record that will not be sent."""
        exchange = self._exchange
        exchange.begin(request, "planned")
        self.line.meter.called(exchange.connection.name, exchange.action, "planned", None, None)

    @property
    def _exchange(self) -> Exchange:
        step = self.step
        return Exchange(step.connection, self.key, step.action_name, self.line, self.journal, asker=self.identity)


class DryCall(StepCall):
    """Makes reading calls for real; the first writing one is planned and ends the action."""

    def ask(self, request: Request) -> Answer:
        """Make a reading call; Planned for a writing one."""
        if request.writes:
            self.plan(request)
            raise Planned
        return StepCall.ask(self, request)


def _state(answer: Answer | None, error: CallError | None) -> TransactionState:
    if isinstance(error, TransientError):
        return "unknown" if error.may_have_happened else "turned_away"
    return "unknown" if answer is None else "answered"


def _shown(answer: Answer, redactor: Redactor) -> Answer:
    """Return an answer without the secrets that it quotes."""
    text = answer.text()
    masked = redactor.text(text)
    headers = {name: redactor.text(value) for name, value in answer.headers.items()}
    return Answer(answer.status, headers, answer.body if masked == text else masked.encode())


def _kept(text: str, most: int) -> str:
    left_out = len(text) - most
    return text if left_out <= 0 else f"{text[:most]}… and {left_out} more characters"
