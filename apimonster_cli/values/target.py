"""The left side of a field map: dotted targets, and the nested object that they make."""

from collections.abc import Iterable, Mapping
from typing import Any

from apimonster_cli.values.errors import LanguageError

TargetKeys = tuple[str | int, ...]


def parse_target(text: str) -> TargetKeys:
    """Return the keys of a dotted target, numbers as list indexes: `items.0.quantity`; LanguageError when it is none."""
    keys: list[str | int] = []
    for part in text.split("."):
        if not part or part != part.strip() or set(part) & set("[]{}$"):
            raise LanguageError(f'"{text}" is not a target; write names with dots: items.0.quantity', rule="field")
        if part.isascii() and part.isdigit():
            if part != str(int(part)):
                raise LanguageError(f'"{text}" counts a list with {part}; write {int(part)}', rule="field")
            keys.append(int(part))
        else:
            keys.append(part)
    if isinstance(keys[0], int):
        raise LanguageError(f'"{text}" starts with a number; a target starts with a name', rule="field")
    return tuple(keys)


def conflicts(targets: Mapping[str, TargetKeys]) -> list[LanguageError]:
    """Return a mistake for every target that cannot stand beside another: inside its value, or making a list an object."""
    by_keys = {keys: target for target, keys in targets.items()}
    children: dict[TargetKeys, tuple[type, str]] = {}
    found: list[LanguageError] = []
    for target, keys in targets.items():
        for length in range(1, len(keys)):
            parent = keys[:length]
            if parent in by_keys:
                found.append(_conflict(target, f"{target} lies inside {by_keys[parent]}, which has a value of its own"))
                break
            kind, first = children.setdefault(parent, (type(keys[length]), target))
            if kind is not type(keys[length]):
                name = ".".join(map(str, parent))
                found.append(_conflict(target, f"{target} and {first} make {name} a list and an object at once"))
                break
    return found


def lists_of(targets: Iterable[TargetKeys]) -> tuple[TargetKeys, ...]:
    """Return the ways to everything that becomes a list, the innermost first."""
    found = {keys[:at] for keys in targets for at, key in enumerate(keys) if isinstance(key, int)}
    return tuple(sorted(found, key=len, reverse=True))


def close_gaps(fields: dict[Any, Any], lists: Iterable[TargetKeys]) -> None:
    """Turn the objects at `lists`, whose keys are indexes, into lists without gaps; innermost first."""
    for *parents, last in lists:
        node: Any = fields
        for key in parents:
            node = node.get(key, {})
        if last in node:
            node[last] = [element for _, element in sorted(node[last].items())]


def _conflict(target: str, message: str) -> LanguageError:
    return LanguageError(message, rule="field", at=(target,))
