"""One target in a process of its own: `python -m tests.fuzz.drive NAME FOLDER INPUTS FLAGS…`, which tests.fuzz starts.

FOLDER gets `figures.json` and each new failure's input in `crashers/`. An input that hangs, fills the memory or ends the
interpreter ends the process with the exit code of libFuzzer, its input beside the others.
"""

import hashlib
import json
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path

_OFTEN = 1000


@dataclass(slots=True)
class Figures:
    """What a run came to. slowest: seconds of the slowest input. failures: what broke → the file of the first such input."""

    inputs: int = 0
    seconds: float = 0.0
    slowest: float = 0.0
    failures: dict[str, str] = field(default_factory=dict)


def main() -> None:
    """Run the target; libFuzzer ends the process."""
    name, folder, inputs, *flags = sys.argv[1:]
    import atheris

    with atheris.instrument_imports(include=["apimonster_cli"]):
        from tests.fuzz.target import failure, target

        chosen = target(name)
        for seed in chosen.seeds:  # what is loaded on first use has to be loaded in here, to be instrumented
            failure(chosen.check, seed)
    counted = _counted(chosen.check, failure, Path(folder), int(inputs))
    atheris.Setup([sys.argv[0], f"-runs={inputs}", f"-max_len={chosen.longest}", *flags], counted)
    atheris.Fuzz()


def _counted(
    check: Callable[[bytes], None],
    failure: Callable[[Callable[[bytes], None], bytes], str | None],
    folder: Path,
    inputs: int,
) -> Callable[[bytes], None]:
    figures = Figures()
    started = time.perf_counter()

    def one(data: bytes) -> None:
        began = time.perf_counter()
        broken = failure(check, data)
        now = time.perf_counter()
        figures.inputs += 1
        figures.seconds = now - started
        if now - began > figures.slowest:
            figures.slowest = now - began
            (folder / "slowest").write_bytes(data)
        if broken and broken not in figures.failures:
            file = folder / "crashers" / hashlib.sha256(data).hexdigest()[:12]
            file.write_bytes(data)
            figures.failures[broken] = str(file)
        elif figures.inputs % _OFTEN and figures.inputs < inputs:
            return
        (folder / "figures.json").write_text(json.dumps(asdict(figures)), encoding="utf-8")

    return one


if __name__ == "__main__":
    main()
