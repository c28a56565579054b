"""What is measured of a store from outside: its size, its log, how long intake waits, how quick questions are."""

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

from sqlalchemy import event

from apimonster_cli.bundles.model import Settings
from apimonster_cli.daemon.scheduler import Retention
from apimonster_cli.store.database import DatabaseStore
from apimonster_cli.store.open import open_store
from apimonster_cli.store.rows import HistoryFilter, NewEvent

DAY = timedelta(days=1)
LOG_BOUND = 64.0
_MIB = 1024 * 1024
_TURN = 0.05  # between two batches, as the daemon has it
_PACE = 0.01
_MEASURED = 3000
"""Single events that come in one after the other, with and without pruning beside them."""


class Clock(Protocol):
    """A clock that can be set."""

    shown: datetime

    def now(self) -> datetime: ...
    def monotonic(self) -> float: ...
    def sleep(self, seconds: float) -> None: ...


class File:
    """A store's file, seen by another program. Sizes are in MiB."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.log = path.with_name(path.name + "-wal")

    def sizes(self) -> tuple[float, float]:
        """Return the size of the file, and how much of it is free."""
        with closing(sqlite3.connect(self.path)) as database:
            pages, free, size = (
                database.execute(f"PRAGMA {name}").fetchone()[0]
                for name in ("page_count", "freelist_count", "page_size")
            )
        return pages * size / _MIB, free * size / _MIB

    def copied(self) -> float:
        """Return the size of a copy that holds the same rows as closely as SQLite can write them."""
        copy = self.path.with_name("copy.db")
        with closing(sqlite3.connect(self.path)) as database:
            database.execute("VACUUM INTO ?", (str(copy),))
        size = copy.stat().st_size
        copy.unlink()
        return size / _MIB

    def log_size(self) -> float:
        """Return the size of the log."""
        return self.log.stat().st_size / _MIB if self.log.exists() else 0.0

    def number(self, query: str, *given: Any) -> int:
        """Return the number that a query finds."""
        with closing(sqlite3.connect(self.path)) as database:
            found: int = database.execute(query, given).fetchone()[0]
        return found

    def column(self, query: str) -> set[int]:
        """Return the numbers that a query finds."""
        with closing(sqlite3.connect(self.path)) as database:
            return {row[0] for row in database.execute(query)}


class LogWatch:
    """Looks at the size of a log all the time. longest: in MiB."""

    def __init__(self, log: Path) -> None:
        self.longest = 0.0
        self._log = log
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(_PACE):
            if self._log.exists():
                self.longest = max(self.longest, self._log.stat().st_size / _MIB)


class Reader:
    """A program that has begun to read and does not end."""

    def __init__(self, path: Path) -> None:
        self._database = sqlite3.connect(path, isolation_level=None)
        self._database.execute("BEGIN")
        self._database.execute("SELECT count(*) FROM store").fetchone()

    def close(self) -> None:
        self._database.close()


def lower_durability(store: DatabaseStore) -> None:
    """Let commits return before they are synced: for what is measured in rows and bytes alone."""
    event.listen(store._engine, "connect", lambda connection, _record: connection.execute("PRAGMA synchronous = OFF"))
    store._engine.dispose()


def waits(folder: Path, clock: Clock, settings: Settings, say: Callable[[str], None]) -> float:
    """Let single events come in while nothing else goes on, then while days of old rows go; return the longest wait of the latter.

    Every commit is synced. In seconds.
    """
    store = open_store("sqlite:///apimonster.db", base=folder, daemon=True, clock=clock)
    assert isinstance(store, DatabaseStore)
    file = File(folder / "apimonster.db")
    retention = Retention(store, clock)
    while retention.work_once(settings):
        pass
    alone = [_wait(store, number) for number in range(_MEASURED)]
    clock.shown += 7 * DAY
    busy = threading.Event()
    busy.set()

    def prune() -> tuple[int, float]:
        before, began = file.number("SELECT count(*) FROM events"), time.monotonic()
        while retention.work_once(settings) and busy.is_set():
            time.sleep(_TURN)
        return before - file.number("SELECT count(*) FROM events"), time.monotonic() - began

    beside: list[float] = []
    with ThreadPoolExecutor(1) as pool, LogWatch(file.log) as watch:
        pruning = pool.submit(prune)
        while not pruning.done() and len(beside) < 20 * _MEASURED:
            beside.append(_wait(store, _MEASURED + len(beside)))
        busy.clear()
        gone, seconds = pruning.result()
    store.close_store()
    say(f"alone: {_spread(alone)}")
    say(f"while {gone} events went in {seconds:.0f} s: {_spread(beside)}; log at most {watch.longest:.0f} MiB")
    return max(beside)


def _wait(store: DatabaseStore, number: int) -> float:
    time.sleep(_PACE)
    event = NewEvent(
        "leads", "utmstat.new_lead", "accepted", datetime.now().astimezone(), "{}", repeat_key=f"wait-{number}"
    )
    began = time.perf_counter()
    store.accept(event).result()
    return time.perf_counter() - began


def _spread(seconds: list[float]) -> str:
    ordered = sorted(seconds)
    shown = (
        (name, ordered[min(len(ordered) - 1, int(len(ordered) * part))])
        for name, part in (("half", 0.5), ("99 %", 0.99))
    )
    return (
        ", ".join(f"{name} within {value * 1000:.1f} ms" for name, value in shown)
        + f", longest {ordered[-1] * 1000:.0f} ms of {len(ordered)}"
    )


def questions(folder: Path, clock: Clock) -> Iterator[str]:
    """Yield how long what people and the daemon ask takes, and of how many rows."""
    store = open_store("sqlite:///apimonster.db", base=folder, daemon=True, clock=clock)
    file = File(folder / "apimonster.db")
    rows = [
        file.number("SELECT count(*) FROM events"),
        file.number("SELECT count(*) FROM deliveries"),
        file.number("SELECT count(*) FROM transactions"),
        file.number("SELECT count(*) FROM repeat_keys"),
    ]
    yield "rows: {} events, {} deliveries, {} transactions, {} repeat keys".format(*rows)
    asked: dict[str, Callable[[], object]] = {
        "history": lambda: store.events(HistoryFilter()),
        "history of a connection": lambda: store.events(HistoryFilter(connection="site")),
        "history of a bundle": lambda: store.events(HistoryFilter(bundle="forms")),
        "history, failed": lambda: store.events(HistoryFilter(status="failed")),
        "history, waiting": lambda: store.events(HistoryFilter(status="waiting")),
        "history, unmatched": lambda: store.events(HistoryFilter(status="unmatched")),
        "history, rejected": lambda: store.events(HistoryFilter(status="rejected")),
        "history of an unknown connection": lambda: store.events(HistoryFilter(connection="nobody")),
        "history, the last hour": lambda: store.events(HistoryFilter(since=clock.now() - DAY / 24)),
        "history, a text that is in none": lambda: store.events(HistoryFilter(search="nowhere")),
        "transactions": lambda: store.transactions(HistoryFilter()),
        "transactions of an event": lambda: store.transactions(HistoryFilter(event_id=rows[0])),
        "transactions, 400": lambda: store.transactions(HistoryFilter(status="400")),
        "transactions, unknown": lambda: store.transactions(HistoryFilter(status="unknown")),
        "counts": store.counts,
        "claim": lambda: store.claim("weeks", ["orders"], limit=16, lease=DAY, now=clock.now()),
        "next due": lambda: store.next_due(["orders"]),
        "calls of the last hour": lambda: store.calls_since(clock.now() - DAY / 24),
    }
    for name, ask in asked.items():
        began = time.perf_counter()
        ask()
        yield f"{name}: {(time.perf_counter() - began) * 1000:.1f} ms"
    store.close_store()
