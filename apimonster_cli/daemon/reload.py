"""Notices that a bundle file has changed."""

from collections.abc import Iterable
from pathlib import Path

_Stamp = tuple[tuple[int, int] | None, ...]


class Watch:
    """Looks at files' times and sizes. A change counts once two looks in a row see the same: an editor may be half way."""

    def __init__(self, files: Iterable[Path]) -> None:
        self._files = tuple(files)
        self._known = self._last = self._look()

    def changed(self) -> bool:
        """Return whether the files have changed since the last time that this said so."""
        stamp = self._look()
        settled = stamp == self._last
        self._last = stamp
        if settled and stamp != self._known:
            self._known = stamp
            return True
        return False

    def _look(self) -> _Stamp:
        return tuple(_stamp(file) for file in self._files)


def _stamp(file: Path) -> tuple[int, int] | None:
    try:
        status = file.stat()
    except OSError:
        return None  # gone, for now: that is a change too
    return status.st_mtime_ns, status.st_size
