"""A million events over six virtual weeks, old rows pruned all the while: `python -m tests.acceptance.weeks --events 1000000`.

Prints a row for each virtual day, then how long intake waited and how quick the questions of people are; ends with 1 when something
that has to hold does not. `--full` syncs each commit of the weeks as well; the waits are measured with every commit synced in any case.
"""

import argparse
import resource
import shutil
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from apimonster_cli.bundles.model import Settings
from apimonster_cli.core import log
from apimonster_cli.core.redact import Redactor
from apimonster_cli.daemon.scheduler import Retention
from apimonster_cli.store.database import DatabaseStore
from apimonster_cli.store.open import open_store
from apimonster_cli.store.past import PastFilter, Replay
from tests.acceptance.measured import DAY, LOG_BOUND, File, LogWatch, Reader, lower_durability, questions, waits
from tests.acceptance.traffic import Ledger, Traffic, late, repeats_of

START = datetime(2026, 1, 1, tzinfo=UTC)
DAYS = 42
MOST = 1.3
STALL = 0.25
_BURST_DAY, _BURST_SHARE = 7, 0.25
_READER_DAY = 30
_PATIENCE = 60  # seconds of real time that a log of hundreds of MiB may take to go back into the file
_COPY_DAYS = (7, 8, 14, 20, 22, 28, 34, 36, 41)
_HOUR = timedelta(hours=1)
_SETTINGS = Settings(keep_events=14 * DAY, keep_transactions=28 * DAY)
_HEAD = ("day", "events", "failed", "calls", "MiB", "free", "copy", "ratio", "wal")


class Clock:
    """Shows what it was set to."""

    def __init__(self) -> None:
        self.shown = START

    def now(self) -> datetime:
        return self.shown

    def monotonic(self) -> float:
        return (self.shown - START).total_seconds()

    def sleep(self, seconds: float) -> None:
        self.shown += timedelta(seconds=seconds)


@dataclass
class Figures:
    """What came of a run. wrong: sentences, empty when all holds. ratio: the largest of file to copy, wal: the longest log, in MiB.

    wal_read: the longest while a program reads, held: for how many seconds it then stayed so.
    """

    wrong: list[str] = field(default_factory=list)
    ratio: float = 0.0
    wal: float = 0.0
    wal_read: float = 0.0
    held: float = 0.0
    repeats: int = 0
    late: int = 0
    mended: int = 0


class Weeks:
    """The weeks of one store."""

    def __init__(self, folder: Path, events: int, seed: int, *, full: bool, turn: int = 1) -> None:
        self.clock = Clock()
        self.file = File(folder / "apimonster.db")
        self.figures = Figures()
        store = open_store("sqlite:///apimonster.db", base=folder, daemon=True, clock=self.clock)
        assert isinstance(store, DatabaseStore)
        self.store = store
        if not full:
            lower_durability(store)
        self._turn = turn
        self._daily = round(events * (1 - _BURST_SHARE) / DAYS)
        self._burst = events - self._daily * DAYS
        self._pool = ThreadPoolExecutor(16, "deliver")
        self.traffic = Traffic(store, self._pool, seed)
        self._retention = Retention(store, self.clock)

    @property
    def ledger(self) -> Ledger:
        """What was done, apart from the store."""
        return self.traffic.ledger

    def pass_by(self) -> None:
        """Let the weeks pass."""
        _say(_HEAD)
        try:
            for day in range(DAYS):
                reading = Reader(self.file.path) if day == _READER_DAY else None
                with LogWatch(self.file.log) as watch:
                    self._day(day)
                    if reading:
                        reading.close()
                        self.figures.wal_read = watch.longest
                        self._work_once_more()
                if not reading:
                    self.figures.wal = max(self.figures.wal, watch.longest)
                self._look(day, watch.longest)
        finally:
            self._pool.shutdown()

    def _day(self, day: int) -> None:
        if day == DAYS // 2:
            self.figures.mended = self.traffic.mend(START + 8 * DAY, self.clock.shown)
        turns = 24 // self._turn
        for turn in range(turns):
            count = self._daily * (turn + 1) // turns - self._daily * turn // turns
            if day == _BURST_DAY and turn == turns // 2:
                self.traffic.come_in(self._burst, self.clock.shown, _HOUR, bulk=True)
            with ThreadPoolExecutor(1) as beside:
                pruning = beside.submit(self._prune)
                self.traffic.come_in(count, self.clock.shown, self._turn * _HOUR)
                self.clock.shown += self._turn * _HOUR
                self.traffic.deliver(self.clock.shown)
                pruning.result()

    def _prune(self) -> None:
        while self._retention.work_once(_SETTINGS):
            pass

    def _work_once_more(self) -> None:
        """Commit until the log that a reader held has begun anew; only what is then in it counts."""
        began = time.monotonic()
        while self.store.writable() and self.file.log_size() > LOG_BOUND:
            self.figures.held = time.monotonic() - began
            if self.figures.held > _PATIENCE:
                self._wrong(f"the log is still {self.file.log_size():.0f} MiB {_PATIENCE} s after the reader ended")
                return

    # what has to hold at the end of each day ------------------------------------------------------------------------
    def _look(self, day: int, log: float) -> None:
        size, free = self.file.sizes()
        copy = self.file.copied() if day in _COPY_DAYS else 0.0
        ratio = size / copy if copy else 0.0
        self.figures.ratio = max(self.figures.ratio, ratio)
        if ratio > MOST:
            self._wrong(f"day {day}: the file is {ratio:.2f} times its data")
        if free * MOST > size * (MOST - 1) + MOST:
            self._wrong(f"day {day}: {free:.0f} of {size:.0f} MiB of the file are free")
        if day != _READER_DAY and log > LOG_BOUND:
            self._wrong(f"day {day}: the log was {log:.0f} MiB long")
        self._look_at_rows(day)
        if day != _READER_DAY:  # nothing is pruned meanwhile
            self._look_at_what_is_gone(day)
        calls = self.file.number("SELECT count(*) FROM transactions")
        shown = (f"{copy:.0f}", f"{ratio:.2f}") if copy else ("", "")
        _say((day, self.ledger.accepted, len(self.ledger.failed), calls, size, free, *shown, log))

    def _look_at_rows(self, day: int) -> None:
        kept = self.file.column(
            "SELECT e.id FROM events e JOIN deliveries d ON d.event_id = e.id WHERE d.state = 'failed'"
        )
        waiting = self.file.column("SELECT event_id FROM deliveries WHERE closed_at IS NULL")
        without_calls = self.file.number(
            "SELECT count(*) FROM deliveries d WHERE state = 'failed' AND at_step IS NOT NULL"
            " AND NOT EXISTS (SELECT 1 FROM transactions t WHERE t.delivery_id = d.id)"
        )
        for held, sentence in (
            (kept == set(self.ledger.failed), "failed deliveries are not those that failed"),
            (waiting == self.ledger.open, "open deliveries are not those that wait"),
            (without_calls == 0, f"{without_calls} failed deliveries have lost their calls"),
        ):
            if not held:
                self._wrong(f"day {day}: {sentence}")

    def _look_at_what_is_gone(self, day: int) -> None:
        """Send events again whose rows are gone, and older versions of them."""
        before = self.clock.shown - _SETTINGS.keep_events - 2 * self._turn * _HOUR
        kept = self.ledger.open | set(self.ledger.failed)
        gone = [each for each in repeats_of(self.ledger.some, before) if each[0] not in kept][-60:]
        old = self.file.number(
            "SELECT count(*) FROM events e WHERE received_at < ? AND NOT EXISTS (SELECT 1 FROM deliveries d"
            " WHERE d.event_id = e.id AND (d.closed_at IS NULL OR d.state = 'failed'))",
            f"{before:%Y-%m-%dT%H:%M:%S.%fZ}",
        )
        if old or any(self.store.event(number) for number, _ in gone):
            self._wrong(f"day {day}: {old} events that should have been pruned are there")
        items = [Replay(number, event.bundles[0], None) for number, event in gone]
        past = self.store.past(PastFilter(event_ids=tuple(number for number, _ in gone))) if gone else []
        if past or self.store.replay(items, now=self.clock.shown) != items:
            self._wrong(f"day {day}: a pruned event was delivered again")
        answers = [(number, self.store.accept(event).result()) for number, event in gone]
        if any(not answer.duplicate or answer.event_id != number for number, answer in answers):
            self._wrong(f"day {day}: a repeat of a pruned event was taken for a new one")
        versions = [late(event, self.clock.shown) for _, event in gone if event.version]
        rows = [self.store.event(self.store.accept(event).result().event_id) for event in versions]
        if any(row is None or row.status != "stale" for row in rows):
            self._wrong(f"day {day}: a late version of a pruned event was taken for a new one")
        self.figures.repeats += len(answers)
        self.figures.late += len(rows)

    def _wrong(self, sentence: str) -> None:
        self.figures.wrong.append(sentence)


def _say(cells: tuple[object, ...] | str) -> None:
    if isinstance(cells, tuple):
        cells = "| " + " | ".join(f"{cell:.0f}" if isinstance(cell, float) else str(cell) for cell in cells) + " |"
    print(cells, flush=True)  # noqa: T201  # what a command line is for


def main() -> int:
    """Let the weeks pass, measure, and return the exit code."""
    asked = _arguments()
    folder = Path(tempfile.mkdtemp(prefix="weeks-", dir=asked.folder))
    log.configure(Redactor(()), warnings_only=True)
    began = time.monotonic()
    weeks = Weeks(folder, asked.events, asked.seed, full=asked.full)
    _say(
        f"{asked.events} events in {DAYS} days, seed {asked.seed}; {'every commit synced' if asked.full else 'commits not synced'}"
    )
    weeks.pass_by()
    figures = weeks.figures
    _say(
        f"{time.monotonic() - began:.0f} s, {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MiB of memory"
    )
    _say(
        f"file at most {figures.ratio:.2f} times its data; log at most {figures.wal:.0f} MiB, {figures.wal_read:.0f} while read "
        f"and short again {figures.held:.0f} s after"
    )
    _say(
        f"{figures.repeats} repeats and {figures.late} late versions of pruned events, {figures.mended} failed ones mended"
    )
    weeks.store.close_store()
    for line in questions(folder, weeks.clock):
        _say(line)
    longest = waits(folder, weeks.clock, _SETTINGS, _say)
    if longest > STALL:
        figures.wrong.append(f"an event waited {longest * 1000:.0f} ms while old rows went")
    _say("\n".join(figures.wrong or ["nothing wrong"]))
    if not asked.keep:
        shutil.rmtree(folder)
    return 1 if figures.wrong else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.acceptance.weeks", description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--full", action="store_true", help="sync each commit of the weeks to disk")
    parser.add_argument("--folder", help="where the store is kept meanwhile")
    parser.add_argument("--keep", action="store_true", help="leave the store")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
