"""Where problems are gathered while a file is read, so that all of them are told at once."""

from dataclasses import dataclass, field

from apimonster_cli.bundles.nodes import Node
from apimonster_cli.bundles.problem import Problem, Severity


@dataclass(slots=True)
class Report:
    """Problems as they are found, and the places of secrets that stand in the files."""

    problems: list[Problem] = field(default_factory=list)

    def add(self, problem: Problem) -> None:
        """Take a problem; the same one again (an alias used twice) is dropped."""
        if problem not in self.problems:
            self.problems.append(problem)

    def at(
        self,
        node: Node,
        rule: str,
        message: str,
        suggestion: str | None = None,
        *,
        severity: Severity = "error",
    ) -> None:
        """Take a problem that stands at `node`."""
        self.add(Problem(node.place, rule, message, suggestion, severity, node.width))

    def tells_at(self, node: Node) -> bool:
        """Return whether a problem of this very place is told already."""
        return any(problem.place == node.place for problem in self.problems)

    @property
    def errors(self) -> int:
        """Return how many problems are errors."""
        return sum(problem.severity == "error" for problem in self.problems)
