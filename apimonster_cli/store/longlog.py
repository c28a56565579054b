"""A long log, written back into the database beside the writer.

The commit that finds the log long enough writes it back, which takes no time worth telling while the log is short. It grows long
while some program reads on and on; once that has ended, everybody who waits for that commit would wait for all of it.
"""

import threading
from pathlib import Path

from sqlalchemy import Connection, Engine

from apimonster_cli.store import dialect, errors

_PAUSE_SECONDS = 0.25
_FEW_PAGES = 2000  # that the writer is left with at the end: half of what it writes back by itself at other times


class LongLog:
    """Looks after the log between two commits of the writer."""

    def __init__(self, engine: Engine, path: Path) -> None:
        self._engine = engine
        self._path = path
        self._over = threading.Event()
        self._thread: threading.Thread | None = None

    def look(self, writing: Connection) -> None:
        """Hand a long log to a thread, or take over again what that has left; `writing` is in no transaction."""
        if self._thread is None:
            if dialect.log_is_held(self._path):
                dialect.write_back_by_itself(writing, wanted=False)
                self._thread = threading.Thread(target=self._write_back, name="store-log", daemon=True)
                self._thread.start()
        elif not self._thread.is_alive():
            self._thread = None
            dialect.write_back_by_itself(writing, wanted=True)

    def close(self) -> None:
        """Leave the log as it is."""
        self._over.set()
        if self._thread is not None:
            self._thread.join()

    def _write_back(self) -> None:
        try:
            with self._engine.connect() as connection:
                while dialect.write_back(connection) > _FEW_PAGES and not self._over.wait(_PAUSE_SECONDS):
                    pass
        except errors.OF_DATABASE as error:
            from apimonster_cli.core import log  # costs more to import than all the rest of this package

            log.get().warning("the log of the store could not be written back yet", error=str(error))
