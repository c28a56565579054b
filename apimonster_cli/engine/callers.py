"""Who answers a step: the service through a client, nobody (dry run), or a test case."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

import tenacity

from apimonster_cli.bundles.model import Step
from apimonster_cli.core.errors import PermanentError, TransientError
from apimonster_cli.engine.call import DryCall, Line, Planned, StepCall
from apimonster_cli.engine.journal import Journal
from apimonster_cli.values.field import Built

QUICK_TRIES = 3
QUICK_SECONDS = 5.0
_FIRST_WAIT = 0.3
_LONGEST_WAIT = 2.0


@dataclass(frozen=True, slots=True)
class Task:
    """A step whose fields are built. key: its name in the store; identity: see connectors.spec.Call.

    doubted: when a call of an earlier try was heard of last of which nobody knows whether it was carried out; None: there is none.
    """

    step: Step
    key: str
    built: Built
    identity: str
    doubted: datetime | None = None


class Caller(Protocol):
    """Answers the steps of one delivery."""

    def answer(self, task: Task) -> Mapping[str, Any]:
        """Do what the step's action does and return its outputs; CallError."""


class LiveCaller:
    """Runs actions over their connections; what fails in passing is tried again a few times within seconds."""

    call_type: type[StepCall] = StepCall

    def __init__(self, line_of: Callable[[str], Line], journal: Journal) -> None:
        self._line_of = line_of
        self._journal = journal

    def answer(self, task: Task) -> Mapping[str, Any]:
        """Run the action, and again from its start when it failed in passing; it then sees that its call may be doubtful."""
        line = self._line_of(task.step.connection.name)
        call = self.call_type(task.step, task.key, task.built.fields, task.identity, task.doubted, line, self._journal)

        def run() -> Mapping[str, Any]:
            call.made = 0
            call.let_settle()
            return task.step.action.run(call)

        once = task.step.retry.attempts == 1  # said so by the user: not even a quick second try
        return run() if once else quickly(line)(run)


def quickly(line: Line) -> tenacity.Retrying:
    """Return what tries again within seconds: what failed in passing, not what a limit of ours or a resting connection turns away."""

    def worth_another(error: BaseException) -> bool:
        return (
            isinstance(error, TransientError)
            and not error.turned_away
            and not line.circuit.resting
            and (error.retry_after or 0) <= _LONGEST_WAIT
        )

    def pause(state: tenacity.RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        asked = error.retry_after if isinstance(error, TransientError) else None
        return max(_wait(state), asked or 0)

    return tenacity.Retrying(
        retry=tenacity.retry_if_exception(worth_another), stop=_stop, wait=pause, sleep=line.clock.sleep, reraise=True
    )


_stop = tenacity.stop_any(tenacity.stop_after_attempt(QUICK_TRIES), tenacity.stop_after_delay(QUICK_SECONDS))
_wait = tenacity.wait_exponential(multiplier=_FIRST_WAIT, max=_LONGEST_WAIT) + tenacity.wait_random(0, _FIRST_WAIT)


class DryCaller(LiveCaller):
    """Reads for real and plans what would be written; a planned step brings no outputs."""

    call_type = DryCall

    def answer(self, task: Task) -> Mapping[str, Any]:
        """Run the action up to its first writing call."""
        try:
            return super().answer(task)
        except Planned:
            return {}


class CaseCaller:
    """Answers from the `responses` of a test case: a step's outputs, or the word `failed`; nothing when it has no entry.

    A step with for_each may have a list, an entry an item; else each item gets the same.
    """

    def __init__(self, responses: Mapping[str, Any]) -> None:
        self._responses = responses
        self.tasks: dict[str, Task] = {}
        """What each step would have sent, by its name in the store."""

    def answer(self, task: Task) -> Mapping[str, Any]:
        """Return the outputs that the case gives the step."""
        self.tasks[task.key] = task
        name, _, number = task.key.partition(".")
        response = self._responses.get(name) or {}
        if isinstance(response, list):
            response = dict(enumerate(response)).get(int(number or 0)) or {}
        if response == "failed":
            raise PermanentError("the test's response says that this step fails")
        outputs: Mapping[str, Any] = response
        return outputs
