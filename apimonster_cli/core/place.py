"""A place in a file that a user wrote."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """File, line and column, both counted from 1."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"
