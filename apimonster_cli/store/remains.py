"""What is left of a text in the files of a store: in the bytes themselves, beside all that its rows say."""

import sqlite3
import time
from pathlib import Path
from typing import Literal

from apimonster_cli.store import dialect
from apimonster_cli.store.lock import is_taken
from apimonster_cli.store.traces import Holds

_SMALL = 64 * 1024 * 1024  # bytes; written anew in about a second, and so long a webhook may have to wait
_PATIENCE_SECONDS = 20
_AT_ONCE = 4 * 1024 * 1024
_OVERLAP = 4096  # bytes: a text on the seam of two reads is in one of them whole
_OWN = ("", "-wal", "-shm", "-journal", ".lock")
_DATABASE, _LOG = b"SQLite format 3\0", (b"\x37\x7f\x06\x82", b"\x37\x7f\x06\x83")

State = Literal["clean", "left", "log", "pages"]
"""Where a text still is: nowhere; in rows, so that nobody has looked further; in the log; in unused parts of the file."""


def clean(store: Path, holds: Holds, *, emptied: bool) -> State:
    """Look through the bytes of a store whose rows are rid of a text; write it anew where some of it is left. emptied: its log is."""
    if not in_files(store, holds):
        return "clean"
    if not emptied:
        return "log"
    anew = write_anew(store)
    return "clean" if anew and not in_files(store, holds) else "pages"


def in_files(store: Path, holds: Holds) -> list[Path]:
    """Return those files of a database in whose bytes a text is.

    No connection of this process may be open: closing a file that one uses would take its locks away.
    """
    return [file for file in (store, store.with_name(store.name + "-wal")) if file.is_file() and _in_file(file, holds)]


def write_anew(store: Path) -> bool:
    """Write a store anew, so that no unused part of its file holds anything; False when that could not be done.

    Nobody can write meanwhile, so beside a daemon only a small one is.
    """
    if is_taken(store) and store.stat().st_size > _SMALL:
        return False
    try:
        dialect.compact(store)
        return dialect.empty_log(store, time.monotonic() + _PATIENCE_SECONDS)
    except sqlite3.Error:  # no room for the copy that this takes, or somebody writes on and on: the file is as it was
        return False


def copies(store: Path) -> list[Path]:
    """Return the files beside a store that look like copies of it: those of `sync backup`, of updates, and of `sync restore`."""
    own = {store.name + end for end in _OWN}
    beside = (file for file in store.parent.iterdir() if file.name.startswith(store.stem) and file.name not in own)
    return sorted(file for file in beside if file.is_file() and _begins(file).startswith((_DATABASE, *_LOG)))


def _begins(file: Path) -> bytes:
    with file.open("rb") as stream:
        return stream.read(len(_DATABASE))


def _in_file(file: Path, holds: Holds) -> bool:
    before = b""
    with file.open("rb", buffering=0) as stream:
        while piece := stream.read(_AT_ONCE):
            if holds((before + piece).decode("utf-8", "replace")):
                return True
            before = piece[-_OVERLAP:]
    return False
