"""One step: filter → fields → action → outputs, as the result that is kept."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from apimonster_cli.bundles.model import Step
from apimonster_cli.core import exactjson, log
from apimonster_cli.core.clock import Clock
from apimonster_cli.core.errors import CallError, RefusedError, StoreError, TransientError
from apimonster_cli.core.redact import MASK, Redactor
from apimonster_cli.engine.callers import Caller, Task
from apimonster_cli.store.api import LostLeaseError
from apimonster_cli.store.rows import StepOutcome, StepResult
from apimonster_cli.values.field import Built
from apimonster_cli.values.scope import Scope

_HIDDEN = (
    "a value that an earlier step brought is the same as a secret of the files; it was masked when it was put on record before "
    "the program was interrupted, and a mask is not sent: read the value from the event, or take it out of the secrets"
)


class StepWork:
    """A step on its way to its result."""

    def __init__(self, step: Step, key: str, position: int, *, clock: Clock, redactor: Redactor) -> None:
        self.step = step
        self.key = key
        self._position = position
        self._clock = clock
        self._redactor = redactor
        self._built: Built | None = None

    def do(
        self, scope: Scope, caller: Caller, *, identity: str, doubted: datetime | None = None, hidden: bool = False
    ) -> StepResult:
        """Do the step and return its result, secrets and all; TransientError and RefusedError when it has to wait for another try.

        doubted: see callers.Task. hidden: outputs of earlier steps come from the store, with secrets masked in them.
        Anything unforeseen fails the step alone: one poison event must not stop the worker.
        """
        try:
            refusal = self.step.filter.refusal(scope) if self.step.filter is not None else None
            if refusal is not None:
                return self._result("skipped", error=refusal)
            self._built = self.step.fields.build(scope)
            if hidden and MASK in exactjson.dumps(self._built.fields):
                return self.failed(_HIDDEN)
            task = Task(self.step, self.key, self._built, identity, doubted)
            return self._result("done", output=caller.answer(task))
        except (TransientError, RefusedError, StoreError, LostLeaseError):
            raise
        except CallError as error:
            return self.failed(str(error))
        except Exception as error:  # noqa: BLE001  # logged whole, and told to the user as a failed step
            log.get().exception("step broke off", step=self.key, place=str(self.step.place))
            return self.failed(
                f"step {self.key} broke off because of a mistake in this program ({type(error).__name__}); the log has more"
            )

    def failed(self, error: str) -> StepResult:
        """Return the result of a step that failed with `error`."""
        return self._result("failed", error=error)

    def ended(self, outcome: StepOutcome, error: str) -> StepResult:
        """Return the result of a step that there was nothing to do for."""
        return self._result(outcome, error=error)

    def _result(
        self, outcome: StepOutcome, *, output: Mapping[str, Any] | None = None, error: str | None = None
    ) -> StepResult:
        built = self._built
        return StepResult(
            step=self.key,
            position=self._position,
            action=self.step.action_name,
            outcome=outcome,
            ended_at=self._clock.now(),
            fields=built.fields if built else {},
            origins={target: str(origin) for target, origin in built.origins.items()} if built else {},
            output=output or {},
            error=None if error is None else self._redactor.text(error),
        )


def redacted(result: StepResult, redactor: Redactor) -> StepResult:
    """Return a result as it may be put on record; later steps of the same attempt read it as it came."""
    return replace(
        result,
        fields=redactor.value(dict(result.fields)),
        origins=redactor.value(dict(result.origins)),
        output=redactor.value(dict(result.output)),
    )
