"""The targets by name, and one check whose failure is told from others by where it was raised."""

import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib import import_module

NAMES = ("body", "path", "template", "filter", "bundle", "value", "exact")


@dataclass(frozen=True, slots=True)
class Target:
    """What the package's docstring says of a target. seeds: none is longer than `longest` bytes."""

    name: str
    about: str
    longest: int
    words: tuple[str, ...]
    seeds: tuple[bytes, ...]
    check: Callable[[bytes], None]


def target(name: str) -> Target:
    """Return a target, loading the part of the product that it tries."""
    module = import_module(f"tests.fuzz.{name}")
    made: Iterable[bytes] = module.seeds()
    seeds = tuple(dict.fromkeys(seed for seed in made if len(seed) <= module.LONGEST))
    return Target(name, module.ABOUT, module.LONGEST, module.WORDS, seeds, module.check)


def failure(check: Callable[[bytes], None], data: bytes) -> str | None:
    """Return what an input broke and where, the same for all inputs that break the same; None when nothing."""
    try:
        check(data)
    except Exception as error:  # noqa: BLE001 - whatever is raised here is what was looked for
        last = traceback.extract_tb(error.__traceback__)[-1]
        return f"{type(error).__name__} in {last.name}, line {last.lineno} of {last.filename.rpartition('/')[2]}"
    return None
