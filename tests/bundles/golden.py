"""Golden files: bundle files with mistakes in problems/, each with what is said of them in an .out file; silent/ has none."""

from pathlib import Path

from apimonster_cli.bundles.load import Loaded, load
from apimonster_cli.bundles.problem import snippet
from apimonster_cli.bundles.rules.docs import VARIABLES

HERE = Path(__file__).parent
PROBLEMS = HERE / "problems"
SILENT = HERE / "silent"


def cases(folder: Path) -> list[Path]:
    """Return every case: a .yaml file, or a folder of several that are loaded together."""
    return sorted(path for path in folder.iterdir() if path.suffix == ".yaml" or path.is_dir())


def loaded(case: Path) -> Loaded:
    """Load a case with the variables that all cases know."""
    return load([Path(case.name)], environ=VARIABLES, cwd=case.parent)


def output(result: Loaded) -> str:
    """Return what the command line would print: each problem's line and the source line with a caret."""
    lines: list[str] = []
    for problem in result.problems:
        lines.append(problem.line())
        lines.append(snippet(problem, result.sources[problem.place.file]))
    return "\n".join(line for line in lines if line) + "\n"
