"""`sync pull`: the past of a bundle that pulls."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from apimonster_cli.cli import masking, output
from apimonster_cli.cli.boundary import WORK_FAILED
from apimonster_cli.cli.opening import ConfigFiles, load_config
from apimonster_cli.cli.stopping import stop_asked
from apimonster_cli.core.clock import SystemClock
from apimonster_cli.core.errors import ConfigError, SyncError

if TYPE_CHECKING:
    from apimonster_cli.bundles.model import Bundle, Config, PullPlan
    from apimonster_cli.connectors.spec import Window
    from apimonster_cli.daemon.backfill import Backfill
    from apimonster_cli.engine.pull import Progress, Pulled
    from apimonster_cli.store.api import Store

_TURN = 0.2  # seconds between two looks at how far the deliveries are


def command(
    bundle: Annotated[str, typer.Argument(help="The bundle whose past is read.")],
    *,
    since: Annotated[str, typer.Option("--from", help="The first day, such as 2026-03-01.")],
    until: Annotated[
        str | None, typer.Option("--to", help="The last day, itself included; today unless set.", show_default=False)
    ] = None,
    bulk: Annotated[
        bool, typer.Option("--bulk", help="Create orders 50 at a time; for bundles of a single step.")
    ] = False,
    config_files: ConfigFiles = None,
) -> int:
    """Read the deals of a period again and deliver what is new or has changed.

    Stopped or killed, the same command goes on where it was; done twice, it does nothing twice. A daemon that runs beside it
    delivers; otherwise this command does. Exit code 1 when not all was read, or a delivery failed or has to wait.
    """
    config = load_config(config_files)
    chosen, plan = find_bundle(config, bundle)
    period = parse_period(since, until, plan)
    from apimonster_cli.core import log
    from apimonster_cli.daemon.backfill import Backfill

    log.configure(config.redactor, warnings_only=True)
    clock = SystemClock()
    with stop_asked() as stopping, open_for_backfill(config) as (store, alone):
        if bulk and not alone:
            raise ConfigError(
                "--bulk has to deliver by itself, and a daemon is using the store; stop the daemon first, or leave --bulk out"
            )
        backfill = Backfill(config, chosen, store, clock, bulk=bulk, stopping=stopping)
        if not alone:
            pulled = read(backfill, plan, period)
            output.say(f"{_read_words(pulled)} The daemon delivers them.")
            return _ended(pulled, bundle)
        return deliver(backfill, plan, period, store, bundle, stopping)


def find_bundle(config: "Config", name: str) -> "tuple[Bundle, PullPlan]":
    """Return the bundle called `name` and what it pulls; ConfigError when there is none, or it pulls nothing."""
    from apimonster_cli.bundles.problem import nearest, one_of

    found = config.bundles.get(name)
    if found is None:
        near = nearest(name, config.bundles)
        hint = f"did you mean {near}?" if near else f"there is {one_of(config.bundles)}"
        raise ConfigError(f"there is no bundle {name}; {hint}")
    if found.pull is None:
        raise ConfigError(f"{name} has nothing to pull: {found.events[0].name} arrives by webhook")
    return found, found.pull


def parse_period(since: str, until: str | None, plan: "PullPlan") -> "Window":
    """Return the days from `since` to `until`, both included, in the zone of the connection's dates."""
    from apimonster_cli.connectors.spec import Window

    first = _day("--from", since)
    last = _day("--to", until) if until is not None else datetime.now(plan.zone).date()
    if last < first:
        raise ConfigError(f"--from {first} is after --to {last}; write the earlier day first")
    after = last + timedelta(days=1)
    return Window(*(datetime.combine(day, time(), plan.zone) for day in (first, after)))


@contextmanager
def open_for_backfill(config: "Config") -> "Iterator[tuple[Store, bool]]":
    """Open the store as its only user, or beside a daemon that runs; give it and which of the two it is."""
    from apimonster_cli.store.lock import TakenError
    from apimonster_cli.store.open import open_store

    address, base, clock = config.settings.store, config.base, SystemClock()
    try:
        store, alone = open_store(address, base=base, daemon=True, clock=clock), True
    except TakenError:
        store, alone = open_store(address, base=base, daemon=False, clock=clock), False
    try:
        if alone:
            store.release_all()
        yield store, alone
    finally:
        store.close_store()


def read(backfill: "Backfill", plan: "PullPlan", period: "Window") -> "Pulled":
    """Read the period with a progress bar of its days."""
    days = (period.end.date() - period.start.date()).days

    with output.progress(f"Reading {days} days of {plan.pull.event.name}", days) as advance:

        def told(progress: "Progress") -> None:
            before = (progress.window.start.date() - period.start.date()).days
            whole = progress.pages is None or progress.page >= progress.pages
            advance(before + whole)

        return backfill.read(plan, period, told)


def deliver(  # noqa: PLR0913, PLR0917 - what it works on, and with
    backfill: "Backfill",
    plan: "PullPlan",
    period: "Window",
    store: "Store",
    bundle: str,
    stopping: Callable[[], bool],
) -> int:
    """Read the period and deliver meanwhile; return the exit code once nothing of the bundle is due any more."""
    with backfill.delivering() as drained:
        pulled = read(backfill, plan, period)
        output.say(_read_words(pulled))
        waiting = store.open_deliveries(bundle)
        with output.progress(f"Delivering {waiting} of them", waiting) as advance:
            while not stopping() and not drained(_TURN):
                advance(max(0, waiting - store.open_deliveries(bundle)))
    failed, left = backfill.failed, store.open_deliveries(bundle)
    if failed:
        output.say(f"{failed} deliveries failed: sync history --bundle {bundle} --status failed")
    if left:
        output.say(f"{left} deliveries wait for another try: sync run delivers them")
    return _ended(pulled, bundle) or (WORK_FAILED if failed or left else 0)


def _ended(pulled: "Pulled", bundle: str) -> int:
    if pulled.complete:
        return 0
    why = masking.words(pulled.error) or "it was stopped"
    raise SyncError(f"not all of {bundle} was read: {why}; the same command goes on from there")


def _read_words(pulled: "Pulled") -> str:
    taken = pulled.taken
    return f"{taken.created} new, {taken.updated} changed, {taken.deleted} deleted, {taken.unchanged} as they were."


def _day(option: str, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ConfigError(f"{option} {text}: write a day such as 2026-03-01") from None
