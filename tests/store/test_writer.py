"""The writer: commits are shared, trouble is not."""

import threading
from concurrent.futures import Future
from typing import Any

import pytest
from sqlalchemy import Connection
from sqlalchemy import event as hooks

from apimonster_cli.core.errors import StoreError
from apimonster_cli.store.api import LostLeaseError
from apimonster_cli.store.database import DatabaseStore
from apimonster_cli.store.rows import Accepted, HistoryFilter, Lease
from tests.store.build import NOON, accept, claim, event, step


class Stop:
    """Holds the writer up, so that operations gather behind it."""

    def __init__(self, store: DatabaseStore) -> None:
        self._go = threading.Event()
        begun = threading.Event()

        def hold(_connection: Connection) -> None:
            begun.set()
            assert self._go.wait(30)

        self._held = store._writer.submit(hold)
        assert begun.wait(30)

    def end(self) -> None:
        self._go.set()
        self._held.result()


def count_commits(store: DatabaseStore) -> list[int]:
    commits: list[int] = []
    hooks.listen(store._engine, "commit", lambda _connection: commits.append(1))
    return commits


def in_thread(verb: Any, *given: Any, **named: Any) -> "Future[Any]":
    """Call a verb that waits in a thread of its own."""
    future: Future[Any] = Future()

    def run() -> None:
        try:
            future.set_result(verb(*given, **named))
        except Exception as error:  # noqa: BLE001  # handed on to the test
            future.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return future


def test_everything_that_waits_shares_a_commit(store: DatabaseStore) -> None:
    stop = Stop(store)
    commits = count_commits(store)
    futures = [store.accept(event(str(number), str(number))) for number in range(200)]

    stop.end()

    assert [future.result() for future in futures] == [Accepted(number + 1, duplicate=False) for number in range(200)]
    assert len(commits) == 2


def test_many_threads_share_commits(store: DatabaseStore) -> None:
    commits = count_commits(store)
    start = threading.Barrier(16)

    def send() -> None:
        start.wait()
        for future in [store.accept(event()) for _ in range(50)]:
            future.result()

    threads = [threading.Thread(target=send) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert store.counts().events == 800
    assert len(commits) < 400


def test_a_commit_carries_no_more_than_a_bounded_batch(store: DatabaseStore) -> None:
    stop = Stop(store)
    commits = count_commits(store)
    futures = [store.accept(event()) for _ in range(600)]

    stop.end()

    assert futures[-1].result().event_id == 600
    assert len(commits) == 1 + 3


def test_answers_nobody_before_the_commit(store: DatabaseStore) -> None:
    answered: list[bool] = []
    stop = Stop(store)
    future = store.accept(event())
    hooks.listen(store._engine, "commit", lambda _connection: answered.append(future.done()))

    stop.end()

    assert future.result().event_id == 1
    assert answered == [False, False]


def test_a_lost_lease_spoils_nothing_else(store: DatabaseStore) -> None:
    accept(store, event())
    (claimed,) = claim(store)
    commits = count_commits(store)
    stop = Stop(store)
    lost = in_thread(store.close, Lease(1, "w9", 1), "done")
    kept = in_thread(store.end_step, claimed.lease, step())
    taken = store.accept(event())
    _until_waiting(store, 3)

    stop.end()

    assert isinstance(lost.exception(30), LostLeaseError)
    assert kept.exception(30) is None
    assert taken.result().event_id == 2
    assert len(commits) == 2


def test_an_operation_at_fault_spoils_nothing_else(store: DatabaseStore) -> None:
    accept(store, event())
    (claimed,) = claim(store)
    store.end_step(claimed.lease, step())
    stop = Stop(store)
    before = store.accept(event(event="a"))
    wrong = store.accept(event(connection=None))
    twice = in_thread(store.end_step, claimed.lease, step(), outcome="done")
    _until_waiting(store, 3)

    stop.end()

    assert isinstance(wrong.exception(30), StoreError)
    assert isinstance(twice.exception(30), StoreError)
    assert before.result().event_id == 2
    assert store.deliveries(1)[0].state == "running"


def test_a_mistake_in_an_operation_reaches_its_caller(store: DatabaseStore) -> None:
    def wrong(_connection: Connection) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        store._writer.run(wrong)

    assert accept(store, event()) == [1]


def test_an_event_whose_sender_went_away_in_time_is_not_kept(store: DatabaseStore) -> None:
    stop = Stop(store)
    future = store.accept(event())
    cancelled = future.cancel()

    stop.end()

    assert cancelled
    assert accept(store, event()) == [1]


def test_a_full_disk_answers_nobody_and_works_again_afterwards(store: DatabaseStore) -> None:
    def limit_pages(connection: Connection, room: int) -> None:
        used = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {used + room}").all()

    accept(store, event())
    store._writer.run(lambda connection: limit_pages(connection, 4))
    stop = Stop(store)
    futures = [store.accept(event(payload="x" * 50_000)) for _ in range(3)]

    stop.end()

    for future in futures:
        with pytest.raises(StoreError, match="the disk is full; make room and it goes on by itself"):
            future.result()
    assert [row.id for row in store.events(HistoryFilter())] == [1]
    assert len({id(future.exception()) for future in futures}) == 3
    store._writer.run(lambda connection: limit_pages(connection, 1000))
    assert accept(store, event(payload="x" * 50_000)) == [2]


def test_a_commit_that_fails_answers_nobody(store: DatabaseStore, monkeypatch: pytest.MonkeyPatch) -> None:
    connection = store._writer.run(lambda connection: connection)
    with monkeypatch.context() as patched:
        patched.setattr(connection, "commit", _fail)
        futures = [store.accept(event()) for _ in range(3)]
        errors = [future.exception(30) for future in futures]
        works = store.writable()

    assert [str(error) for error in errors] == [
        f"the store {store._path} cannot grow: the disk is full; make room and it goes on by itself"
    ] * 3
    assert not works
    assert store.writable()
    assert accept(store, event()) == [1]


def test_opens_the_file_again_when_its_connection_is_gone(store: DatabaseStore) -> None:
    driver = store._writer.run(lambda connection: connection.connection.dbapi_connection)
    assert driver is not None
    driver.close()

    error = store.accept(event()).exception(30)

    assert isinstance(error, StoreError)
    assert accept(store, event()) == [1]


def test_tells_when_there_is_work(store: DatabaseStore) -> None:
    woken: list[str] = []
    store.on_work(lambda: woken.append("up"))

    def wakes(verb: Any, *given: Any, **named: Any) -> bool:
        before = len(woken)
        result = verb(*given, **named)
        if isinstance(result, Future):
            result.result()
        store.writable()  # listeners are called before the next operation
        return len(woken) > before

    assert wakes(store.accept, event("7", "a"))
    assert not wakes(store.accept, event("7", "a"))
    assert not wakes(store.accept, event(bundles=()))
    assert wakes(store.accept, event("7", "b"))
    (claimed,) = claim(store)
    assert not wakes(store.put_off, claimed.lease, until=NOON, error="down", counts=False)
    assert not wakes(store.resume, "crm")
    store.pause("crm", reason="wrong key", now=NOON)
    assert wakes(store.resume, "crm")
    assert not wakes(store.hand_back, "w1")
    (claimed,) = claim(store)
    assert wakes(store.hand_back, "w1")
    (claimed,) = claim(store)
    assert wakes(store.close, claimed.lease, "done")
    (claimed,) = claim(store)
    assert not wakes(store.close, claimed.lease, "done")


def test_a_listener_at_fault_stops_nothing(store: DatabaseStore, capsys: pytest.CaptureFixture[str]) -> None:
    def wrong() -> None:
        raise ZeroDivisionError

    woken: list[str] = []
    store.on_work(wrong)
    store.on_work(lambda: woken.append("up"))

    accept(store, event(), event())
    store.close_store()

    assert woken
    assert "a listener of the store failed" in "".join(capsys.readouterr())


def test_finishes_what_is_queued_when_it_closes(store: DatabaseStore) -> None:
    stop = Stop(store)
    futures = [store.accept(event()) for _ in range(300)]
    closing = in_thread(store.close_store)

    stop.end()

    assert closing.exception(30) is None
    assert [future.result(0).event_id for future in futures] == list(range(1, 301))


def test_takes_nothing_after_it_closed(store: DatabaseStore) -> None:
    store.close_store()

    with pytest.raises(StoreError, match="is closed: the program is stopping"):
        store.accept(event())
    assert not store.writable()


def _fail() -> None:
    import sqlite3

    from sqlalchemy.exc import OperationalError

    error = sqlite3.OperationalError("database or disk is full")
    error.sqlite_errorname = "SQLITE_FULL"
    raise OperationalError("COMMIT", None, error)


def _until_waiting(store: DatabaseStore, count: int) -> None:
    """Wait until the threads have queued what they do."""
    gate = threading.Event()
    for _ in range(3000):
        if store._writer._waiting.qsize() >= count:
            return
        gate.wait(0.01)
    raise AssertionError("the operations were not queued")
