"""The whole storm, seed after seed: `python -m tests.acceptance.headline --leads 10000 --kills 30 --seeds 1-20`.

Prints a table, a row as soon as a seed is done; ends with 1 when the oracle had anything to say. `--keep` leaves the folders.
"""

import argparse
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tests.acceptance.storm import FAULTS, Figures, Storm, run

_COLUMNS = "| seed | events | repeats | calls | faults | most calls a second | storm, s | drained, s | orders | notes | wrong |"


def main() -> int:
    """Let the storms pass one after the other and return the exit code."""
    asked = _arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the programs of the storm end as well
    _tell(f"{asked.leads} leads, {asked.kills} kills, {asked.rate} calls a second, {asked.faults}", "")
    _tell(_COLUMNS, "|---" * _COLUMNS.count(" | ") + "|---|")
    wrong: list[str] = []
    for seed in _seeds(asked.seeds):
        folder = Path(tempfile.mkdtemp(prefix=f"storm-{seed}-", dir=asked.folder))
        storm = Storm(asked.leads, asked.kills, seed, asked.rate, asked.faults)
        try:
            figures = run(folder, storm)
        except AssertionError as error:
            wrong.append(f"seed {seed}, kept in {folder}: {error}")
            _tell(f"| {seed} | did not end |")
            continue
        _tell(_row(figures))
        wrong += [f"seed {seed}: {sentence}" for sentence in figures.wrong]
        if not figures.wrong and not asked.keep:
            shutil.rmtree(folder)
    _tell("", *(wrong or [f"nothing wrong, {time.strftime('%Y-%m-%d')}"]))
    return 1 if wrong else 0


def _tell(*lines: str) -> None:
    for line in lines:
        print(line, flush=True)  # noqa: T201  # what a command line is for


def _row(figures: Figures) -> str:
    cells = (
        figures.storm.seed,
        figures.events,
        figures.repeats,
        figures.calls,
        sum(figures.faults.values()),
        figures.peak,
        f"{figures.stormy:.0f}",
        f"{figures.drained:.0f}",
        figures.orders,
        figures.notes,
        len(figures.wrong),
    )
    return f"| {' | '.join(map(str, cells))} |"


def _seeds(text: str) -> Iterator[int]:
    for part in text.split(","):
        first, _, last = part.partition("-")
        yield from range(int(first), int(last or first) + 1)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.acceptance.headline", description=__doc__)
    parser.add_argument("--leads", type=int, default=10_000)
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--seeds", default="1", help="such as 1-20 or 1,5,9")
    parser.add_argument("--rate", type=int, default=200, help="calls a second that the daemon may make")
    parser.add_argument("--faults", default=FAULTS)
    parser.add_argument("--folder", help="where the stores are kept meanwhile")
    parser.add_argument("--keep", action="store_true", help="leave the stores and logs")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
