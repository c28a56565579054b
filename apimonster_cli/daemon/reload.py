"""Notices that a bundle file has changed, or the `.env` beside it."""

from collections.abc import Iterable
from pathlib import Path

_Stamp = tuple[tuple[int, int] | None, ...]


class Watch:
    """Looks at files' times and sizes. A change counts once two looks in a row see the same: an editor may be half way.

    What counts as known was seen before the files are read: a change in the middle of that is another change.
    """

    def __init__(self, files: Iterable[Path]) -> None:
        self.follow(files)

    def follow(self, files: Iterable[Path]) -> None:
        """Look at these files from now on, as they are."""
        bundles = tuple(files)
        self._files = (*bundles, *dict.fromkeys(file.parent / ".env" for file in bundles))
        self.take()

    def take(self) -> None:
        """Count the files as known as they are: they are about to be read."""
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
