"""Durations as users write them: `30s`, `10m`, `24h`, `3d`; and rates: `10/s`."""

import re
from datetime import timedelta

_UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|[smhdw])")
_RATE = re.compile(r"(\d+(?:\.\d+)?)\s*/\s*([smh])")


def parse_duration(text: str) -> timedelta:
    """Return the duration that `text` means; ValueError with a sentence when it means none."""
    found = _DURATION.fullmatch(text.strip())
    if not found:
        raise ValueError(f"{text!r} is not a duration; write a number and a unit, such as 30s, 10m, 24h or 3d")
    return timedelta(seconds=float(found[1]) * _UNITS[found[2]])


def parse_rate(text: str) -> float:
    """Return calls a second that `text` means, such as `10/s` or `90/m`; ValueError with a sentence when it means none."""
    found = _RATE.fullmatch(text.strip())
    if not found or float(found[1]) == 0:
        raise ValueError(f"{text!r} is not a rate; write a number above zero and a unit, such as 10/s or 90/m")
    return float(found[1]) / _UNITS[found[2]]


def format_duration(duration: timedelta) -> str:
    """Return `duration` in its two largest units: `2h 5m`, `350ms`."""
    seconds = duration.total_seconds()
    if seconds < 1:
        return f"{round(seconds * 1000)}ms"
    parts: list[str] = []
    rest = round(seconds)
    for unit in ("d", "h", "m", "s"):
        count, rest = divmod(rest, int(_UNITS[unit]))
        if count:
            parts.append(f"{count}{unit}")
    return " ".join(parts[:2])
