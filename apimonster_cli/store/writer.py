"""The one thread that writes: everything that waits goes into one transaction and one commit.

There is no timer. A lone operation is committed at once; under load the next batch gathers while this one syncs to disk.
"""

import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine

from apimonster_cli.core import crash
from apimonster_cli.core.errors import StoreError
from apimonster_cli.store import dialect, errors
from apimonster_cli.store.api import LostLeaseError
from apimonster_cli.store.longlog import LongLog

MOST_AT_ONCE = 256

Result = TypeVar("Result")
Item = TypeVar("Item")


@dataclass(slots=True, eq=False)
class _Operation:
    """Something to write. With an `item` it is carried out together with all others of the batch that have the same `run`."""

    run: Callable[..., Any]
    wakes: Callable[[Any], bool]
    item: Any = None
    together: bool = False
    future: "Future[Any]" = field(default_factory=Future)


class Writer:
    """Carries out operations in the order they are submitted, those that wait at the same moment in one commit.

    An operation checks before it writes: LostLeaseError means that it wrote nothing, so the rest of its batch goes on. Any
    other error undoes the batch; where the operation is at fault and not the database, the others are done again without it.
    """

    def __init__(self, engine: Engine, path: Path) -> None:
        self._engine = engine
        self._path = path
        self._waiting: SimpleQueue[_Operation | None] = SimpleQueue()
        self._gate = threading.Lock()
        self._closed = False
        self._listeners: tuple[Callable[[], None], ...] = ()
        self._connection: Connection | None = None
        self._log = LongLog(engine, path)
        self._thread = threading.Thread(target=self._work, name="store-writer", daemon=True)
        self._thread.start()

    def on_work(self, wake: Callable[[], None]) -> None:
        """Have `wake` called after each commit of an operation whose `wakes` said yes to its result."""
        self._listeners = (*self._listeners, wake)

    def submit(
        self, operation: Callable[[Connection], Result], *, wakes: Callable[[Result], bool] = lambda _: False
    ) -> "Future[Result]":
        """Queue `operation`; the future is done once its commit is on disk, or failed and nothing was written."""
        return self._put(_Operation(operation, wakes))

    def submit_item(
        self,
        operation: Callable[[Connection, Sequence[Item]], Sequence[Result]],
        item: Item,
        *,
        wakes: Callable[[Result], bool] = lambda _: False,
    ) -> "Future[Result]":
        """Queue `item`: `operation` gets all such items of a batch at once and returns a result for each."""
        return self._put(_Operation(operation, wakes, item, together=True))

    def run(
        self, operation: Callable[[Connection], Result], *, wakes: Callable[[Result], bool] = lambda _: False
    ) -> Result:
        """Carry out `operation` and return its result once that is on disk."""
        return self.submit(operation, wakes=wakes).result()

    def close(self) -> None:
        """Finish what is queued and stop."""
        with self._gate:
            if not self._closed:
                self._closed = True
                self._waiting.put(None)
        self._thread.join()

    def _put(self, operation: _Operation) -> "Future[Any]":
        with self._gate:  # nothing may be queued behind the end, where nobody would ever answer it
            if self._closed:
                raise StoreError(f"the store {self._path} is closed: the program is stopping")
            self._waiting.put(operation)
        return operation.future

    def _work(self) -> None:
        while (operation := self._waiting.get()) is not None:
            batch = [each for each in self._gather(operation) if each.future.set_running_or_notify_cancel()]
            if batch:
                self._carry_out(batch)
            self._look_after_log()
        self._log.close()
        self._hang_up()

    def _gather(self, first: _Operation) -> list[_Operation]:
        batch = [first]
        while len(batch) < MOST_AT_ONCE:
            try:
                operation = self._waiting.get_nowait()
            except Empty:
                break
            if operation is None:
                self._waiting.put(None)  # the end: nothing comes behind it
                break
            batch.append(operation)
        return batch

    def _carry_out(self, batch: Sequence[_Operation]) -> None:
        try:
            outcomes = self._commit(batch)
        except Exception as error:  # noqa: BLE001  # whatever it is, those who wait have to hear of it, and the thread lives on
            self._undo()
            if len(batch) == 1 or errors.concerns_all(error):
                for operation in batch:
                    operation.future.set_exception(self._as_told(error))
            else:
                for operation in batch:
                    self._carry_out([operation])
        else:
            self._tell(batch, outcomes)

    def _commit(self, batch: Sequence[_Operation]) -> dict[_Operation, Any]:
        if self._connection is None:
            self._connection = self._engine.connect()
        dialect.begin(self._connection)
        outcomes: dict[_Operation, Any] = {}
        for run, members in _grouped(batch):
            outcomes.update(zip(members, run(self._connection, [each.item for each in members]), strict=True))
        for operation in batch:
            if not operation.together:
                try:
                    outcomes[operation] = operation.run(self._connection)
                except LostLeaseError as error:
                    outcomes[operation] = error
        crash.point("before-commit")
        self._connection.commit()
        crash.point("after-commit")
        return outcomes

    def _tell(self, batch: Sequence[_Operation], outcomes: dict[_Operation, Any]) -> None:
        wake = False
        for operation in batch:
            outcome = outcomes[operation]
            if isinstance(outcome, LostLeaseError):
                operation.future.set_exception(outcome)
            else:
                wake = wake or operation.wakes(outcome)
                operation.future.set_result(outcome)
        for listener in self._listeners if wake else ():
            try:
                listener()
            except Exception:  # noqa: BLE001  # a listener at fault may not stop the store for all others
                from apimonster_cli.core import log  # costs more to import than all the rest of this package

                log.get().exception("a listener of the store failed")

    def _as_told(self, error: Exception) -> Exception:
        """Return the error for one caller: each gets its own, since raising one adds to its traceback."""
        if not isinstance(error, errors.OF_DATABASE):
            return error
        told = errors.store_error(error, self._path)
        told.__cause__ = error
        return told

    def _undo(self) -> None:
        if self._connection is None:
            return
        try:
            self._connection.rollback()
        except errors.OF_DATABASE:
            self._hang_up()  # closing the file undoes as well; the next batch opens it again

    def _look_after_log(self) -> None:
        try:
            if self._connection is not None:
                self._log.look(self._connection)
        except errors.OF_DATABASE:
            self._hang_up()  # the next batch opens it again, and is told what is wrong

    def _hang_up(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.invalidate()
            connection.close()


def _grouped(batch: Sequence[_Operation]) -> Iterable[tuple[Callable[..., Any], list[_Operation]]]:
    groups: dict[Callable[..., Any], list[_Operation]] = {}
    for operation in batch:
        if operation.together:
            groups.setdefault(operation.run, []).append(operation)
    return groups.items()
