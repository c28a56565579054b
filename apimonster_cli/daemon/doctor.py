"""Looks at all that the daemon needs: services, clock, disk, rights, addresses, and how its deliveries stand."""

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from glob import escape
from pathlib import Path
from typing import Literal

from apimonster_cli.bundles.draft import Draft
from apimonster_cli.bundles.model import Config, Connection
from apimonster_cli.bundles.problem import all_of
from apimonster_cli.core.address import from_here, written
from apimonster_cli.core.call import Answer
from apimonster_cli.core.clock import Clock
from apimonster_cli.core.duration import format_duration
from apimonster_cli.core.errors import CallError, ConfigError
from apimonster_cli.core.personal import in_text
from apimonster_cli.engine.call import Client
from apimonster_cli.engine.online import Standing, ask_all
from apimonster_cli.store.api import Store

Level = Literal["ok", "warn", "fail"]
_MIB, _GIB = 1024**2, 1024**3
_LEAST_DISK = _GIB // 10
_ENOUGH_DISK = _GIB
_CLOCK_OFF = timedelta(seconds=10)
_CLOCK_WRONG = timedelta(minutes=5)  # what signed webhooks allow
_DAY = timedelta(days=1)
_MUCH, _TOO_MUCH = 0.5, 0.9  # of what a rate lets through in a day
_LONG = timedelta(hours=1)
_OTHERS = 0o077


@dataclass(frozen=True, slots=True)
class Finding:
    """What one look found. about: what was looked at; advice: what to do, where something is."""

    about: str
    level: Level
    said: str
    advice: str | None = None


def services(config: Config, draft: Draft, client_of: Callable[[str], Client], clock: Clock) -> Iterator[Finding]:
    """Ask the services: keys, rights, codes that the files name, and what time it is there."""
    for standing in ask_all(config, draft, client_of, clock):
        yield from _service(standing)
        yield from _clock(standing)


def _service(standing: Standing) -> Iterator[Finding]:
    name = standing.connection.name
    if standing.access is not None and standing.error is None:
        scopes = standing.access.scopes
        may = f" and has {all_of(sorted(scopes))}" if scopes else ""
        yield Finding(name, "ok", f"the key works{may}")
    for problem in standing.problems:
        level: Level = "fail" if problem.severity == "error" else "warn"
        yield Finding(name, level, problem.text, f"see {problem.place}")


def _clock(standing: Standing) -> Iterator[Finding]:
    if standing.ahead is None:
        return
    off = abs(standing.ahead)
    name = standing.connection.name
    if off <= _CLOCK_OFF:
        yield Finding("clock", "ok", f"the same time here as at {name}, within {_CLOCK_OFF.seconds} s")
        return
    where = "ahead of" if standing.ahead > timedelta() else "behind"
    level: Level = "fail" if off > _CLOCK_WRONG else "warn"
    yield Finding(
        "clock",
        level,
        f"the clock here is {format_duration(off)} {where} that of {name}",
        "let the system set its clock: timedatectl set-ntp true",
    )


def files(config: Config, store: Path) -> Iterator[Finding]:
    """Look at disk space, and at who may read what holds secrets and leads."""
    if not store.parent.is_dir():
        yield Finding("disk", "fail", f"the folder {store.parent} does not exist", "make it, or change settings.store")
        return
    yield _disk(store)
    secret = [store, *_beside(store)]
    secret += [folder / ".env" for folder in dict.fromkeys(file.parent for file in config.files)]
    there = [file for file in secret if file.exists()]
    wrong = [finding for file in there if (finding := _wrong_rights(file)) is not None]
    yield from wrong
    if there and not wrong:
        names = all_of(file.name for file in there)
        yield Finding("permissions", "ok", f"only their owner may read {names}")


def _beside(store: Path) -> list[Path]:
    """Return what holds leads beside the store: its logs, what an upgrade and a restore kept, and backups named by the day."""
    kept = store.parent.glob(f"{escape(store.name)}?*")
    backups = store.parent.glob(f"{escape(store.stem)}-*{escape(store.suffix)}")
    return sorted(file for file in {*kept, *backups} if file.suffix != ".lock")


def _disk(store: Path) -> Finding:
    free = shutil.disk_usage(store.parent).free
    size = store.stat().st_size if store.exists() else 0
    said = f"{free / _GIB:.1f} GiB free"
    if size:
        said += f", {store.name} has {size / _MIB:.1f} MiB"
    if free >= max(_ENOUGH_DISK, 2 * size):  # a new version of the program copies the store before it changes it
        return Finding("disk", "ok", said)
    return Finding(
        "disk", "fail" if free < _LEAST_DISK else "warn", said, "free some space, or shorten settings.retention"
    )


def _wrong_rights(file: Path) -> Finding | None:
    mode = file.stat().st_mode & 0o777
    if mode & _OTHERS:
        return Finding(
            "permissions", "fail", f"others may read {file.name}, its mode is {mode:04o}", f"chmod 600 {file}"
        )
    if not os.access(file, os.R_OK | os.W_OK):
        return Finding(
            "permissions", "fail", f"this user may not read and write {file.name}", f"make it the owner of {file}"
        )
    return None


def addresses(config: Config, *, daemon: bool, ask: Callable[[str, str], Answer]) -> Iterator[Finding]:
    """Look at the port and the public address. daemon: one is running; ask: (address, path) → the answer to a GET, CallError."""
    settings = config.settings
    shown = written(settings.listen)
    if not daemon:
        yield Finding("daemon", "warn", "none is running: nothing is received", "start sync run")
        yield _port(settings.listen, shown)
    else:
        yield _listener(shown, from_here(settings.listen), ask)
    if not any(connection.connector.hook for connection in config.connections.values()):
        return
    if settings.public_url is None:
        yield Finding(
            "public address", "warn", "settings.public_url is not set", "set it to the address that senders use"
        )
    elif not daemon:
        yield Finding("public address", "warn", f"{settings.public_url} was not tried without a daemon")
    else:
        yield _public(settings.public_url.rstrip("/"), ask)


def _port(listen: tuple[str, int], shown: str) -> Finding:
    from apimonster_cli.daemon.front import bind

    try:
        bind(listen).close()
    except ConfigError as error:
        return Finding("listen", "fail", str(error), "see settings.listen")
    return Finding("listen", "ok", f"{shown} is free to listen on")


def _listener(shown: str, address: str, ask: Callable[[str, str], Answer]) -> Finding:
    try:
        answer = ask(address, "/readyz")
        parts = answer.json()
    except (CallError, ValueError) as error:
        return Finding("listen", "fail", f"the daemon does not answer at {shown}: {_why(error)}", "look into its log")
    if answer.status != 200:
        wrong = [f"{name} {said}" for name, said in parts.items() if name in ("store", "listener") and said != "ok"]
        return Finding("listen", "fail", f"the daemon is not ready: {', '.join(wrong)}", "look into its log")
    return Finding("listen", "ok", f"the daemon takes webhooks at {shown}")


def _public(url: str, ask: Callable[[str, str], Answer]) -> Finding:
    """Try the public address: /healthz, or where only /hooks/ is handed on, the way that we refuse a wrong address there."""
    try:
        if _status(ask(url, "/healthz")) == "ok" or _status(ask(url, "/hooks/")) == "refused":
            return Finding("public address", "ok", f"{url} leads to the daemon")
    except CallError as error:
        return Finding(
            "public address",
            "fail",
            f"{url} cannot be reached from here: {_why(error)}",
            "check name, certificate and firewall; senders may still reach it when only this machine cannot",
        )
    return Finding(
        "public address",
        "fail",
        f"{url} is answered by something else than the daemon",
        "let the web server hand /hooks/ on to settings.listen",
    )


def _why(error: Exception) -> str:
    said = str(error).partition(": ")[2] or str(error)  # without the name that the client was given
    return said.partition(": check url of the connection")[0]  # there is none: the advice below says what to check


def _status(answer: Answer) -> str | None:
    try:
        body = answer.json()
    except ValueError:
        return None
    return body.get("status") if isinstance(body, dict) else None


def work(config: Config, store: Store, now: datetime) -> Iterator[Finding]:
    """Look at how deliveries, pulls, connections and rates stand."""
    yield from _deliveries(store, now)
    for pause in store.pauses():
        yield Finding(
            pause.connection,
            "fail",
            f"paused for {format_duration(now - pause.since)}: {in_text(pause.reason, free=True)}",
            "mend the key; its deliveries then go on by themselves",
        )
    for state in store.pull_states():
        if state.failures and state.error:
            said = f"{state.failures} pulls failed in a row: {in_text(state.error, free=True)}"
            yield Finding(state.bundle, "warn", said, "it is tried again by itself")
    made = store.calls_since(now - _DAY)
    for connection in config.connections.values():
        if connection.connector.url is not None:
            yield _head_room(connection, made.get(connection.name, 0))


def _deliveries(store: Store, now: datetime) -> Iterator[Finding]:
    counts = store.counts()
    waiting = counts.deliveries.get("waiting", 0) + counts.deliveries.get("running", 0)
    failed = store.figures().failed
    if waiting and counts.oldest_waiting and now - counts.oldest_waiting > _LONG:
        since = format_duration(now - counts.oldest_waiting)
        said = f"{waiting} under way, the oldest for {since}"
        yield Finding("deliveries", "warn", said, "sync history --status waiting, then sync show ID, tell what for")
    else:
        yield Finding("deliveries", "ok", f"{waiting} under way")
    if failed:
        said = f"{failed} failed"
        yield Finding(
            "deliveries",
            "warn",
            said,
            "sync history --status failed shows them; once the cause is mended, sync replay --failed delivers them",
        )


def _head_room(connection: Connection, made: int) -> Finding:
    about = f"calls to {connection.name}"
    rate = connection.settings.get("rate")
    if not rate:
        return Finding(about, "ok", f"{made} in 24 hours, no limit set")
    most = rate * _DAY.total_seconds()
    said = f"{made} in 24 hours, {made / most:.1%} of what {_shown(rate)} lets through"
    if made < most * _MUCH:
        return Finding(about, "ok", said)
    level: Level = "fail" if made >= most * _TOO_MUCH else "warn"
    return Finding(about, level, said, "filter events that need no call, or raise rate if the service allows more")


def _shown(rate: float) -> str:
    return f"{rate:g}/s" if rate >= 1 else f"{rate * 60:g}/m"
