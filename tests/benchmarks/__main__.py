"""Runs the benchmarks and prints one table: `python -m tests.benchmarks [names] [--runs N]`.

A benchmark is a module with ABOUT, one line, and `run()`, which measures once and returns label → figure. Machines are
noisy: look at the ratios, which are taken within one run, and at the spread.
"""

import argparse
import os
import statistics
import sys
from collections.abc import Callable
from importlib import import_module

BENCHMARKS = ("accept", "acknowledge", "arrive", "deliver", "memory", "start")


def main(arguments: list[str]) -> int:
    """Measure what is asked for, everything unless named; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="name", help=f"one of {', '.join(BENCHMARKS)}; all unless named")
    parser.add_argument("--runs", type=int, default=1, help="how often each is measured")
    asked = parser.parse_args(arguments)
    unknown = set(asked.names) - set(BENCHMARKS)
    if unknown:
        parser.error(f"there is no benchmark {', '.join(sorted(unknown))}")
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # a user's programs have their bytecode at hand
    sys.stdout.write(f"{'':<58}{'min':>10}{'median':>10}{'max':>10}\n")
    for name in asked.names or BENCHMARKS:
        benchmark = import_module(f"tests.benchmarks.{name}")
        sys.stdout.write(f"{name}: {benchmark.ABOUT}\n")
        for line in _rows(benchmark.run, asked.runs):
            sys.stdout.write(line)
            sys.stdout.flush()
    return 0


def _rows(run: Callable[[], dict[str, float]], runs: int) -> list[str]:
    measured = [run() for _ in range(runs)]
    return [_row(label, [one[label] for one in measured]) for label in measured[0]]


def _row(label: str, figures: list[float]) -> str:
    shown = (min(figures), statistics.median(figures), max(figures))
    return f"  {label:<56}" + "".join(f"{figure:>10,.{0 if figure >= 100 else 2}f}" for figure in shown) + "\n"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
