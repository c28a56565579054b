"""The one place where an error becomes a sentence on stderr and an exit code."""

import errno
import os
import sys
import traceback
from collections.abc import Callable

from apimonster_cli.cli import output
from apimonster_cli.core.errors import SyncError
from apimonster_cli.core.redact import latest

WORK_FAILED = 1
USAGE = 2
BUG = 3
INTERRUPTED = 130

_SENTENCES = {
    errno.ENOSPC: "the disk is full; free some space and try again",
    errno.EDQUOT: "the disk quota of this user is used up; free some space and try again",
    errno.EROFS: "the disk is read-only; choose a folder that can be written to",
    errno.EACCES: "this user may not read or write it; mend its permissions or choose another place",
    errno.EPERM: "this user may not do that; mend the permissions or choose another place",
    errno.EADDRINUSE: "another program already listens on this address; stop it or choose another port",
    errno.EADDRNOTAVAIL: "this machine has no such address; use 127.0.0.1 or an address of this machine",
    errno.EMFILE: "too many files are open; raise the limit (ulimit -n) and try again",
    errno.EIO: "the disk does not answer; look at its health before anything else",
    errno.ENOENT: "there is no such file or folder",
    errno.EEXIST: "something else of that name is there already; choose another name",
    errno.EISDIR: "that is a folder, a file was expected",
    errno.ENOTDIR: "that is a file, a folder was expected",
}


def guarded(work: Callable[[], int], *, debug: bool = False) -> int:
    """Do the work and return its exit code; an error is told in a sentence and becomes a code of its own."""
    output.print_anything()
    try:
        code = work()
        sys.stdout.flush()
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        return _reader_gone()
    except Exception as error:  # noqa: BLE001 - the boundary: nothing passes it unexplained
        if debug:
            output.tell(latest().text(traceback.format_exc().rstrip()))
        return explain(error)
    return code


def explain(error: Exception) -> int:
    """Say on stderr what went wrong; return the exit code."""
    problems = getattr(error, "problems", None)
    if isinstance(error, SyncError):
        if problems:
            output.problems(problems, getattr(error, "sources", {}), to_stderr=True)
        output.tell(f"Error: {latest().text(str(error))}")
        return error.exit_code
    if isinstance(error, OSError) and error.errno in _SENTENCES:
        where = f"{error.filename}: " if error.filename else ""
        output.tell(f"Error: {where}{_SENTENCES[error.errno]}")
        return WORK_FAILED
    output.tell(
        f"Error: {type(error).__name__}: {latest().text(str(error))}\n"
        "This is a bug in sync; run again with --debug and report what it prints."
    )
    return BUG


def _reader_gone() -> int:
    """Leave quietly when whoever read our output has stopped (`sync history | head`)."""
    devnull = os.open(os.devnull, os.O_WRONLY)
    os.dup2(devnull, sys.stdout.fileno())  # or the interpreter complains when it flushes at exit
    os.close(devnull)
    return WORK_FAILED
