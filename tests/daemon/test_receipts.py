"""Receipts: one wake-up of the loop for all that a commit finished."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import pytest

from apimonster_cli.core.errors import StoreError
from apimonster_cli.daemon.receipts import Receipts
from apimonster_cli.store.rows import Accepted


def in_writer(finish: Callable[[], Any]) -> None:
    """Do something as the store's writer does: in another thread, while the loop waits."""
    writer = threading.Thread(target=finish)
    writer.start()
    writer.join()


def set_all(kept: list[Future[Accepted]]) -> None:
    for number, future in enumerate(kept):
        future.set_result(Accepted(number, duplicate=False))


async def waiting(receipts: Receipts, kept: list[Future[Accepted]]) -> list["asyncio.Task[Accepted]"]:
    tasks = [asyncio.create_task(receipts.wait(future)) for future in kept]
    await asyncio.sleep(0)
    return tasks


def test_wakes_the_loop_once_for_a_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    woken: list[None] = []

    async def run() -> list[Accepted]:
        loop = asyncio.get_running_loop()
        wake = loop.call_soon_threadsafe

        def counted(callback: Any, *given: Any) -> Any:
            woken.append(None)
            return wake(callback, *given)

        monkeypatch.setattr(loop, "call_soon_threadsafe", counted)
        kept: list[Future[Accepted]] = [Future() for _ in range(50)]
        tasks = await waiting(Receipts(), kept)
        in_writer(lambda: set_all(kept))
        found = await asyncio.gather(*tasks)
        monkeypatch.undo()
        return found

    found = asyncio.run(run())

    assert [accepted.event_id for accepted in found] == list(range(50))
    assert len(woken) == 1


def test_takes_what_is_finished_later_and_what_was_finished_before() -> None:
    async def run() -> list[Accepted]:
        receipts = Receipts()
        first: Future[Accepted] = Future()
        second: Future[Accepted] = Future()
        first.set_result(Accepted(1, duplicate=True))
        one = await receipts.wait(first)
        (task,) = await waiting(receipts, [second])
        in_writer(lambda: second.set_result(Accepted(2, duplicate=False)))
        return [one, await task]

    assert asyncio.run(run()) == [Accepted(1, duplicate=True), Accepted(2, duplicate=False)]


def test_hands_on_what_went_wrong() -> None:
    async def run() -> list[Any]:
        kept: list[Future[Accepted]] = [Future(), Future(), Future()]
        tasks = await waiting(Receipts(), kept)

        def finish() -> None:
            kept[0].set_exception(StoreError("the disk is full"))
            kept[1].cancel()
            kept[1].set_running_or_notify_cancel()
            kept[2].set_result(Accepted(3, duplicate=False))

        in_writer(finish)
        return await asyncio.gather(*tasks, return_exceptions=True)

    full, closed, kept = asyncio.run(run())

    assert str(full) == "the disk is full"
    assert isinstance(closed, StoreError)
    assert kept == Accepted(3, duplicate=False)


def test_forgets_who_no_longer_waits() -> None:
    async def run() -> Accepted:
        kept: list[Future[Accepted]] = [Future(), Future()]
        gone, stays = await waiting(Receipts(), kept)
        gone.cancel()
        await asyncio.sleep(0)
        in_writer(lambda: set_all(kept))
        return await stays

    assert asyncio.run(run()) == Accepted(1, duplicate=False)
