"""Deliveries: taken up when due, step by step, until they end."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Integer, and_, bindparam, case, func, insert, or_, select, update

from apimonster_cli.store import leases, transactions
from apimonster_cli.store.due import Wanted, rows_due
from apimonster_cli.store.prepared import Prepared
from apimonster_cli.store.rows import (
    Claimed,
    EndedTransaction,
    FinishedStep,
    Lease,
    Outcome,
    StepResult,
)
from apimonster_cli.store.tables import PRIORITIES, deliveries, is_free, is_open, steps
from apimonster_cli.store.tables import transactions as calls

_IDS = bindparam("ids", type_=Integer, expanding=True)
_TAKE = (
    update(deliveries)
    .where(deliveries.c.id.in_(_IDS))
    .values(
        state="running",
        worker=bindparam("taken_by"),
        attempt=deliveries.c.attempt + 1,
        due_at=bindparam("until"),
        first_tried_at=func.coalesce(deliveries.c.first_tried_at, bindparam("now", type_=deliveries.c.due_at.type)),
    )
)
_FINISHED = (
    select(steps.c.delivery_id, steps.c.step, steps.c.action, steps.c.outcome, steps.c.output, steps.c.error)
    .where(steps.c.delivery_id.in_(_IDS))
    .order_by(steps.c.delivery_id, steps.c.position)
)
# However often a step looked and found nothing since: a call without an answer may still arrive, so it stays in doubt until
# its step is finished. The price is one look more. A step of a replayed delivery has even been told that its call arrived.
_DONE_BEFORE = and_(
    calls.c.state == "answered", calls.c.status.between(200, 299), calls.c.sent_at < deliveries.c.first_tried_at
)
_IN_DOUBT = and_(calls.c.writes.is_(True), or_(calls.c.state.in_(("sent", "unknown")), _DONE_BEFORE))
_LAST_HEARD_OF = func.coalesce(calls.c.ended_at, calls.c.sent_at)
_BEGUN = (
    select(calls.c.delivery_id, calls.c.step, calls.c.action, func.max(case((_IN_DOUBT, _LAST_HEARD_OF))))
    .join(deliveries, deliveries.c.id == calls.c.delivery_id)
    .where(calls.c.delivery_id.in_(_IDS))
    .group_by(calls.c.delivery_id, calls.c.step, calls.c.action)
    .order_by(calls.c.delivery_id, func.min(calls.c.id))
)
_INSERT_STEP = Prepared(insert(steps))
_AT_STEP = Prepared(leases.held.values(at_step=bindparam("step_now")))
_PUT_OFF = Prepared(
    leases.held.values(
        state="waiting",
        worker=None,
        due_at=bindparam("until"),
        error=bindparam("why"),
        tries=deliveries.c.tries + bindparam("counted"),
        turned_away=bindparam("uncounted"),
        interrupted=0,
    )
)
_GIVE_UP = Prepared(
    leases.held.values(
        state="waiting",
        worker=None,
        due_at=bindparam("until"),
        error=bindparam("why"),
        failing=bindparam("why"),
        # the steps of on_failure have their own time and tries
        tries=0,
        first_tried_at=None,
        turned_away=False,
        interrupted=0,
    )
)
_ENDED = leases.held.values(
    state=bindparam("outcome"),
    worker=None,
    closed_at=bindparam("now"),
    due_at=bindparam("now"),
    error=func.coalesce(bindparam("why", type_=deliveries.c.error.type), deliveries.c.failing),
    turned_away=False,
)
_CLOSE = Prepared(_ENDED)
_CLOSE_AT_STEP = Prepared(_ENDED.values(at_step=bindparam("step_now")))
_LET_FOLLOW = Prepared(update(deliveries).where(deliveries.c.behind == bindparam("closed")).values(behind=None))
_COUNT_OPEN = select(func.count()).select_from(deliveries).where(is_open, deliveries.c.bundle == bindparam("of_bundle"))
_COUNT_DUE = _COUNT_OPEN.where(
    is_free,
    or_(deliveries.c.state == "running", deliveries.c.due_at <= bindparam("by", type_=deliveries.c.due_at.type)),
)
_BY_BUNDLE = select(deliveries.c.bundle, func.count()).where(is_open).group_by(deliveries.c.bundle)
_NEXT_DUE = (
    select(deliveries.c.due_at)
    .where(
        is_free,
        deliveries.c.priority == bindparam("wanted"),
        deliveries.c.bundle.in_(bindparam("bundles", expanding=True)),
    )
    .order_by(deliveries.c.due_at)
    .limit(1)
)


@dataclass(frozen=True, slots=True)
class _Progress:
    """What earlier attempts at a delivery have left on record: see Claimed."""

    finished: dict[str, FinishedStep] = field(default_factory=dict)
    doubtful: dict[str, datetime] = field(default_factory=dict)
    actions: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Wait:
    """How long a delivery waits, and why; counts: its try counts towards giving up."""

    until: datetime
    error: str
    counts: bool


@dataclass(frozen=True, slots=True)
class Ending:
    """How and when a delivery ended."""

    outcome: Outcome
    error: str | None
    at: datetime


def claim(connection: Connection, wanted: Wanted, store_id: str) -> list[Claimed]:
    """Take due deliveries; a constant number of statements, however many there are."""
    due = rows_due(connection, wanted)
    if not due:
        return []
    connection.execute(
        _TAKE,
        {"ids": [row.id for row in due], "taken_by": wanted.worker, "until": wanted.until, "now": wanted.now},
    )
    progress = _progress(connection, [row.id for row in due if row.attempt])
    return [
        Claimed(
            lease=Lease(row.id, wanted.worker, row.attempt + 1),
            event_id=row.event_id,
            event=row.event,
            connection=row.connection,
            bundle=row.bundle,
            object_key=row.object_key,
            received_at=row.received_at,
            payload=row.payload,
            query=row.query,
            headers=row.headers,
            finished=tuple(progress[row.id].finished.values()),
            doubtful=progress[row.id].doubtful,
            actions=progress[row.id].actions,
            store_id=store_id,
            tries=row.tries,
            first_tried_at=row.first_tried_at,
            failing=row.failing,
            interrupted=row.interrupted,
            bulk=bool(row.priority),
            change=row.change,
        )
        for row in due
    ]


def end_step(
    connection: Connection,
    lease: Lease,
    step: StepResult,
    ended: Sequence[EndedTransaction],
    ending: Ending | None,
) -> bool:
    """Keep a finished step; with `ending` close the delivery and return whether another one may follow now."""
    if ending is None:
        leases.change(connection, _AT_STEP, lease, {"step_now": step.step})
    else:
        leases.change(connection, _CLOSE_AT_STEP, lease, {**_closing(ending), "step_now": step.step})
    transactions.end(connection, lease, ended)
    _INSERT_STEP.once(connection, _step_row(lease.delivery_id, step))
    return ending is not None and _let_follow(connection, lease)


def put_off(connection: Connection, lease: Lease, wait: Wait, ended: Sequence[EndedTransaction]) -> None:
    """Let the delivery wait until then."""
    values = {"until": wait.until, "why": wait.error, "counted": int(wait.counts), "uncounted": not wait.counts}
    leases.change(connection, _PUT_OFF, lease, values)
    transactions.end(connection, lease, ended)


def give_up(connection: Connection, lease: Lease, wait: Wait, ended: Sequence[EndedTransaction]) -> None:
    """Let the delivery wait for its on_failure steps, which have their own time and tries."""
    leases.change(connection, _GIVE_UP, lease, {"until": wait.until, "why": wait.error})
    transactions.end(connection, lease, ended)


def close(connection: Connection, lease: Lease, ending: Ending, ended: Sequence[EndedTransaction]) -> bool:
    """End the delivery; return whether another one of its object may follow now."""
    leases.change(connection, _CLOSE, lease, _closing(ending))
    transactions.end(connection, lease, ended)
    return _let_follow(connection, lease)


def count_open(connection: Connection, bundle: str, due_by: datetime | None) -> int:
    """Return how many deliveries of a bundle have not ended; due_by: only those under way, or to be taken up by then."""
    if due_by is None:
        return connection.scalar(_COUNT_OPEN, {"of_bundle": bundle}) or 0
    return connection.scalar(_COUNT_DUE, {"of_bundle": bundle, "by": due_by}) or 0


def count_by_bundle(connection: Connection) -> dict[str, int]:
    """Return how many deliveries have not ended, of each bundle that has any."""
    return {bundle: number for bundle, number in connection.execute(_BY_BUNDLE)}  # noqa: C416  # dict() loses the types


def next_due(connection: Connection, bundles: Sequence[str]) -> datetime | None:
    """Return when the first open delivery that waits for no other is due."""
    asked = ({"wanted": priority, "bundles": list(bundles)} for priority in PRIORITIES)
    found = (connection.scalar(_NEXT_DUE, each) for each in asked)
    return min((due for due in found if due is not None), default=None)


def _closing(ending: Ending) -> dict[str, Any]:
    return {"outcome": ending.outcome, "why": ending.error, "now": ending.at}


def _let_follow(connection: Connection, lease: Lease) -> bool:
    return _LET_FOLLOW.once(connection, {"closed": lease.delivery_id}).rowcount > 0


def _progress(connection: Connection, ids: Sequence[int]) -> defaultdict[int, _Progress]:
    progress: defaultdict[int, _Progress] = defaultdict(_Progress)
    if not ids:  # a first attempt has made none
        return progress
    for row in connection.execute(_FINISHED, {"ids": ids}):
        progress[row.delivery_id].finished[row.step] = FinishedStep(row.step, row.outcome, row.output, row.error)
        progress[row.delivery_id].actions[row.step] = row.action
    for delivery_id, step, action, doubted in connection.execute(_BEGUN, {"ids": ids}):
        begun = progress[delivery_id]
        begun.actions.setdefault(step, action)
        if doubted is not None and step not in begun.finished:
            begun.doubtful[step] = doubted
    return progress


def _step_row(delivery_id: int, step: StepResult) -> dict[str, Any]:
    return {
        "delivery_id": delivery_id,
        "step": step.step,
        "position": step.position,
        "action": step.action,
        "outcome": step.outcome,
        "ended_at": step.ended_at,
        "fields": step.fields,
        "origins": step.origins,
        "output": step.output,
        "error": step.error,
    }
