"""One daemon for a SQLite file: a lock that ends with the process, however it ends."""

import os
from pathlib import Path

from apimonster_cli.core.errors import StoreError


class TakenError(StoreError):
    """Another process is the daemon of this store."""


def is_taken(store: Path) -> bool:
    """Return whether a process is the daemon of the file `store` at this moment."""
    import fcntl

    try:
        file = os.open(store.with_name(store.name + ".lock"), os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(file)
    return False


class DaemonLock:
    """Holds `<file>.lock` until released; the process id is written inside. TakenError when another process has it."""

    def __init__(self, store: Path) -> None:
        import fcntl  # absent on Windows, where only the commands beside a daemon would work

        self._file: int | None = os.open(store.with_name(store.name + ".lock"), os.O_CREAT | os.O_RDWR, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(self._file, 32, 0).decode("ascii", "replace").strip()
            self.release()
            process = f" (process {holder})" if holder else ""
            raise TakenError(
                f"another daemon{process} is using {store}; stop it first or give this one another settings.store"
            ) from None
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, f"{os.getpid()}\n".encode(), 0)

    def release(self) -> None:
        """Let another daemon have the store. The file stays: removing it would let two processes lock two files."""
        if self._file is not None:
            os.close(self._file)
            self._file = None
