"""Runs one case of a bundle's `tests:`: the real filter, fields and steps, with nobody called and nothing stored."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from apimonster_cli.bundles.model import Bundle, Case, Config
from apimonster_cli.core import exactjson
from apimonster_cli.core.clock import Clock, SystemClock
from apimonster_cli.core.place import Place
from apimonster_cli.engine.callers import CaseCaller
from apimonster_cli.engine.context import Context
from apimonster_cli.engine.part import Part, parts_of
from apimonster_cli.engine.step import StepWork
from apimonster_cli.store.rows import StepResult
from apimonster_cli.values.convert import text
from apimonster_cli.values.scope import MISSING

RECEIVED_AT = "2026-01-01T12:00:00+00:00"
"""`meta.received_at` of every case, so that what is expected does not change from day to day."""


@dataclass(frozen=True, slots=True)
class Difference:
    """Where a case came out otherwise than expected. what: `order.firstName`, `order`, or `the event` as a whole."""

    place: Place
    what: str
    expected: str
    got: str

    def __str__(self) -> str:
        return f"{self.place}: {self.what}: expected {self.expected}, got {self.got}"


def run_case(bundle: Bundle, case: Case, config: Config, *, clock: Clock | None = None) -> list[Difference]:
    """Run `case` and return every difference; none when all came out as expected.

    Steps answer what `responses` says, nothing when it says nothing; the word `failed` makes a step fail. Of the fields only
    those that `expect` names are compared; a step with for_each has a list of these, or a word for all. A step that fails without being expected to is a difference too.
    """
    run = _Run(bundle, case, config, clock or SystemClock())
    refusal = run.refusal()
    if case.expect == "filtered":
        return [] if refusal is not None else [Difference(case.place, "the event", "filtered", "its steps were done")]
    if refusal is not None:
        return [Difference(case.place, "the event", "its steps are done", f"filtered: {refusal}")]
    run.steps()
    return list(run.differences())


class _Run:
    def __init__(self, bundle: Bundle, case: Case, config: Config, clock: Clock) -> None:
        self._bundle = bundle
        self._case = case
        self._redactor = config.redactor
        self._clock = clock
        self._caller = CaseCaller(case.responses)
        self._results: dict[str, StepResult] = {}
        meta = {
            "event_id": 1,
            "received_at": RECEIVED_AT,
            "connection": bundle.connection.name,
            "event": bundle.events[0].name,
            "bundle": bundle.name,
            "attempt": 1,
            "change": "created" if bundle.pull else None,
            "headers": {},
            "query": {},
            "error": None,
        }
        self._context = Context(case.event, meta, bundle, config.settings)

    def refusal(self) -> str | None:
        return self._bundle.filter.refusal(self._context.scope()) if self._bundle.filter is not None else None

    def steps(self) -> None:
        for step in self._bundle.steps:
            for part in parts_of(step, step.id, self._context.scope(step)):
                result = self._do(part)
                if result.outcome == "failed" and step.on_error == "fail":
                    self._context.failed_with(f"step {part.name}: {result.error}")
                    self._on_failure()
                    return

    def _on_failure(self) -> None:
        for step in self._bundle.on_failure:
            for part in parts_of(step, step.id, self._context.scope(step)):
                self._do(part)

    def differences(self) -> Iterator[Difference]:
        expected: Mapping[str, Any] = self._case.expect or {}
        for step, wanted in expected.items():
            yield from self._step_differences(step, wanted)
        for step, result in self._results.items():
            if result.outcome == "failed" and step.partition(".")[0] not in expected:
                yield Difference(self._case.place, step, "no failure", f"failed: {result.error}")

    def _do(self, part: Part) -> StepResult:
        step = part.step
        work = StepWork(step, part.key, len(self._results), clock=self._clock, redactor=self._redactor)
        if part.ended is None:
            scope = part.seen_from(self._context.scope(step))
            result = work.do(scope, self._caller, identity=f"{self._bundle.name}-{part.key}-test")
        else:
            result = work.ended(*part.ended)
        self._context.keep(step.id, result.outcome, result.output, number=part.number)
        self._results[part.key] = result
        return result

    def _step_differences(self, step: str, wanted: Any) -> Iterator[Difference]:
        place = self._case.places.get(step, self._case.place)
        items = [key for key in self._results if key.startswith(f"{step}.")]
        result = self._results.get(items[0] if items else step)
        if result is None:
            yield Difference(place, step, _shown(wanted), "it was not reached")
        elif isinstance(wanted, list):
            yield from self._item_differences(step, wanted, place, items)
        elif isinstance(wanted, str):
            outcome = self._context.scope().steps[step]["status"] if items else result.outcome
            if outcome != wanted:
                yield Difference(place, step, wanted, outcome if items else _outcome(result))
        elif result.outcome != "done" and step not in self._caller.tasks:
            yield Difference(place, step, "fields that are sent", _outcome(result))
        else:
            yield from self._field_differences(step, wanted)

    def _item_differences(self, step: str, wanted: list[Any], place: Place, items: list[str]) -> Iterator[Difference]:
        whole = self._results.get(step)  # there is one where there are no items
        if len(items) != len(wanted) or (whole and whole.outcome == "failed"):
            got = _outcome(whole) if whole else _count(items)
            yield Difference(place, step, _count(wanted), got)
            return
        for item, each in zip(items, wanted, strict=True):
            yield from self._step_differences(item, each)

    def _field_differences(self, step: str, wanted: Mapping[str, Any]) -> Iterator[Difference]:
        built = self._caller.tasks[step].built
        for target, expected in wanted.items():
            got = _at(built.fields, target)
            if not _same(expected, got):
                place = self._case.places.get(f"{step}.{target}", self._case.place)
                shown = (
                    f"nothing: {built.left_out.get(target, 'no such field is sent')}" if got is MISSING else _shown(got)
                )
                yield Difference(place, f"{step}.{target}", _shown(expected), self._redactor.text(shown))


def _count(items: Sequence[Any]) -> str:
    return f"{len(items)} item{'' if len(items) == 1 else 's'}"


def _outcome(result: StepResult) -> str:
    return f"{result.outcome}: {result.error}" if result.error else result.outcome


def _at(fields: Any, target: str) -> Any:
    """Return what stands at a dotted target, a number indexing a list; MISSING when nothing does."""
    found = fields
    for part in target.split("."):
        if isinstance(found, list) and part.isdigit() and int(part) < len(found):
            found = found[int(part)]
        elif isinstance(found, Mapping) and part in found:
            found = found[part]
        else:
            return MISSING
    return found


def _same(expected: Any, got: Any) -> bool:
    """Return whether `got` is what was expected: of an object only the keys that are named, of a number its value."""
    if isinstance(expected, Mapping):
        return isinstance(got, Mapping) and all(_same(value, got.get(key, MISSING)) for key, value in expected.items())
    if isinstance(expected, list):
        same_length = isinstance(got, list) and len(got) == len(expected)
        return same_length and all(_same(one, other) for one, other in zip(expected, got, strict=True))
    if _is_number(expected):
        return Decimal(str(expected)) == Decimal(str(got)) if _is_number(got) else bool(text(expected) == got)
    return type(expected) is type(got) and bool(expected == got)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


def _shown(value: Any) -> str:
    return exactjson.dumps(value)
