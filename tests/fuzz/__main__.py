"""Feed parsers what nobody would think of: `python -m tests.fuzz [targets] --inputs 1000000 [--seed N]`.

Each target runs in a process of its own, guided by what of the product its inputs reach. Prints a table; inputs that raise
what they must not, hang or fill the memory are kept in the folder of `--keep`, and the command then ends with 1.
`--again FILE` tries one kept input.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from tests.fuzz.drive import Figures
from tests.fuzz.target import NAMES, Target, target

_COLUMNS = "| target | inputs | seconds | slowest, ms | failures |"


@dataclass(frozen=True, slots=True)
class _Bounds:
    """Of one input and its process. hang: seconds. memory: MB."""

    inputs: int
    seed: int
    hang: int
    memory: int


def main(arguments: list[str]) -> int:
    """Run the targets one after the other and return the exit code."""
    asked = _arguments(arguments)
    if asked.again:
        target(asked.targets[0]).check(Path(asked.again).read_bytes())
        return 0
    if find_spec("atheris") is None:
        sys.stderr.write("The fuzzer needs atheris; install it with: pip install -e '.[fuzz]'\n")
        return 2
    bounds = _Bounds(asked.inputs, asked.seed, asked.hang, asked.memory)
    sys.stdout.write(f"{_COLUMNS}\n{'|---' * _COLUMNS.count(' | ')}|---|\n")
    failed: list[str] = []
    for name in asked.targets or NAMES:
        kept = Path(asked.keep) / name
        with tempfile.TemporaryDirectory(prefix=f"fuzz-{name}-") as scratch:
            figures = _run(target(name), Path(scratch), kept, bounds)
        sys.stdout.write(
            f"| {name} | {figures.inputs} | {figures.seconds:.0f} | {figures.slowest * 1000:.0f} | {len(figures.failures)} |\n"
        )
        sys.stdout.flush()
        failed += [f"{name}: {what}: {file}" for what, file in figures.failures.items()]
    sys.stdout.write("".join(f"\n{line}" for line in failed or ["nothing broke"]) + "\n")
    return 1 if failed else 0


def _run(target: Target, folder: Path, kept: Path, bounds: _Bounds) -> Figures:
    """Let one target run to its end, or to what ends it, and return its figures; kept inputs move to `kept`."""
    flags = _prepare(target, folder, bounds)
    command = [sys.executable, "-m", "tests.fuzz.drive", target.name, str(folder), str(bounds.inputs), *flags]
    with (folder / "log").open("wb") as log:
        ended = subprocess.run(
            command, stdout=log, stderr=log, check=False, env={**os.environ, "PYTHONHASHSEED": str(bounds.seed)}
        )
    written = folder / "figures.json"
    figures = Figures(**json.loads(written.read_text(encoding="utf-8"))) if written.exists() else Figures()
    if ended.returncode or figures.inputs < bounds.inputs:
        what = f"the process ended with {ended.returncode} after some {figures.inputs} inputs"
        figures.failures[what] = str(kept / "log")
        shutil.copy(folder / "log", folder / "crashers" / "log")
    if figures.failures:
        shutil.copytree(folder / "crashers", kept, dirs_exist_ok=True)
    figures.failures = {what: str(kept / Path(file).name) for what, file in figures.failures.items()}
    return figures


def _prepare(target: Target, folder: Path, bounds: _Bounds) -> list[str]:
    """Write what a run starts from into its folder and return the flags of libFuzzer."""
    corpus, words = folder / "corpus", folder / "words"
    corpus.mkdir()
    (folder / "crashers").mkdir()
    for number, seed in enumerate(target.seeds):
        (corpus / f"seed-{number:04}").write_bytes(seed)
    words.write_text("".join(f'"{_escaped(word)}"\n' for word in target.words), encoding="ascii")
    return [
        f"-seed={bounds.seed}",
        f"-timeout={bounds.hang}",
        f"-rss_limit_mb={bounds.memory}",
        f"-dict={words}",
        f"-artifact_prefix={folder / 'crashers'}/",
        "-print_final_stats=1",
        str(corpus),
    ]


def _escaped(word: str) -> str:
    return "".join(f"\\x{byte:02x}" for byte in word.encode("utf-8", "surrogatepass"))


def _arguments(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("targets", nargs="*", metavar="target", help=f"of {', '.join(NAMES)}; all unless named")
    parser.add_argument("--inputs", type=int, default=1_000_000, help="of each target")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--hang", type=int, default=20, help="seconds after which one input counts as hanging")
    parser.add_argument("--memory", type=int, default=1024, help="MB that a target may take")
    parser.add_argument(
        "--keep", default=Path(tempfile.gettempdir(), "crashers"), help="the folder for inputs that broke something"
    )
    parser.add_argument("--again", metavar="FILE", help="try one kept input on the one target named")
    asked = parser.parse_args(arguments)
    if unknown := set(asked.targets) - set(NAMES):
        parser.error(f"there is no target {', '.join(sorted(unknown))}; known are {', '.join(NAMES)}")
    if asked.again and len(asked.targets) != 1:
        parser.error("--again takes one target")
    return asked


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
