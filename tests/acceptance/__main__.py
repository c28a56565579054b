"""All that is too long for each push, one after the other: `python -m tests.acceptance [--seed N]`.

The storm on twenty seeds, the weeks with a million events, every `--slow` test, the month of 20,000 deals, and the fuzzer where atheris is
installed: half a day on two cores. Ends with 1 when anything did not hold; what each said stands above.
"""

import argparse
import subprocess
import sys
from importlib.util import find_spec

STORMS = ["-m", "tests.acceptance.headline", "--leads", "10000", "--kills", "30"]
WEEKS = ["-m", "tests.acceptance.weeks", "--events", "1000000"]
SLOW = ["-m", "pytest", "--slow", "--deals", "20000", "-n", "0", "tests"]
FUZZ = ["-m", "tests.fuzz", "--inputs", "1000000"]


def main() -> int:
    """Run them all and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.acceptance", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="the first of the twenty seeds, and the seed of all else")
    seed = parser.parse_args().seed
    runs = [
        [*STORMS, "--seeds", f"{seed}-{seed + 19}"],
        [*WEEKS, "--seed", str(seed)],
        [*SLOW, "--seed", str(seed)],
        *([[*FUZZ, "--seed", str(seed)]] if find_spec("atheris") else []),
    ]
    broken = [run for run in runs if subprocess.run([sys.executable, *run], check=False).returncode]
    for run in broken:
        sys.stderr.write(f"did not hold: python {' '.join(run)}\n")
    if not find_spec("atheris"):
        sys.stderr.write("The fuzzer was left out; it needs: pip install -e '.[fuzz]'\n")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
