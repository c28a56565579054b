"""Calls of many deliveries sent as one."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from apimonster_cli.connectors.spec import Action, Batch
from apimonster_cli.core.call import Answer, Request
from apimonster_cli.core.errors import CallError, ConfigError, TransientError
from apimonster_cli.engine.bulk import BatchingClient, batches_of
from tests.engine.support import LOST, Service, answer, bundle, put, step

Split = Callable[[Sequence[Request], Answer], Sequence[Answer | CallError | None]]


def all_done(requests: Sequence[Request], _answer: Answer) -> Sequence[Answer | CallError | None]:
    return [answer({"name": request.json}) for request in requests]


def batch(split: Split = all_done, most: int = 4) -> Batch:
    return Batch(
        most,
        key=lambda request: str(request.json) if request.path == "/put" else None,
        join=lambda requests: Request("POST", "/many", json=[request.json for request in requests], writes=True),
        split=split,
    )


class Counting(Service):
    """A service that counts the slots taken of its rate."""

    slots = 0

    def reserve(self) -> None:
        super().reserve()
        self.slots += 1


def send(client: BatchingClient, *names: Any, path: str = "/put") -> list[Any]:
    """Send at the same time; return what came of each."""

    def one(name: Any) -> Any:
        try:
            return client.send(Request("POST", path, json=name, writes=True)).json()
        except CallError as error:
            return error

    with ThreadPoolExecutor(len(names)) as pool:
        return list(pool.map(one, names))


def test_calls_made_at_once_go_as_one_and_each_gets_its_answer() -> None:
    service = Counting()

    answers = send(BatchingClient(service, [batch()], linger=20), "a", "b", "c", "d")

    assert answers == [{"name": name} for name in "abcd"]
    assert [(sent.path, sorted(sent.json)) for sent in service.requests] == [("/many", list("abcd"))]
    assert service.slots == 1


def test_a_batch_that_is_not_full_goes_after_a_moment() -> None:
    service = Counting()

    answers = send(BatchingClient(service, [batch(most=50)], linger=1), "a", "b")

    assert answers == [{"name": "a"}, {"name": "b"}]
    assert len(service.requests) == 1


def test_more_than_fits_goes_in_several() -> None:
    service = Counting()

    answers = send(BatchingClient(service, [batch(most=2)], linger=1), *"abcde")

    assert [given["name"] for given in answers if given] == [
        name for name, given in zip("abcde", answers, strict=True) if given
    ]
    assert sum(len(sent.json) if sent.path == "/many" else 1 for sent in service.requests) == 5
    assert len(service.requests) == service.slots == 3


def test_one_alone_goes_as_it_is() -> None:
    service = Counting([answer({"alone": True})])

    answers = send(BatchingClient(service, [batch()]), "a")

    assert answers == [{"alone": True}]
    assert [sent.path for sent in service.requests] == ["/put"]


def test_what_belongs_to_no_batch_goes_as_it_is() -> None:
    service = Counting()

    send(BatchingClient(service, [batch()], linger=20), "a", "b", path="/other")

    assert [sent.path for sent in service.requests] == ["/other"] * 2
    assert service.slots == 2


def test_two_of_the_same_key_never_share_a_batch() -> None:
    service = Counting()

    send(BatchingClient(service, [batch(most=50)]), "a", "a", "a")

    assert all(sent.path == "/put" for sent in service.requests)
    assert len(service.requests) == 3


def test_what_the_joint_answer_leaves_open_is_sent_alone() -> None:
    service = Counting([answer(), answer({"alone": True})])

    def one_failed(requests: Sequence[Request], _answer: Answer) -> Sequence[Answer | CallError | None]:
        return [None if request.json == "b" else answer({"name": request.json}) for request in requests]

    answers = send(BatchingClient(service, [batch(one_failed, most=3)], linger=20), "a", "b", "c")

    assert answers == [{"name": "a"}, {"alone": True}, {"name": "c"}]
    assert [sent.path for sent in service.requests] == ["/many", "/put"]


def test_a_lost_answer_is_lost_to_all_of_them() -> None:
    service = Counting([LOST])

    answers = send(BatchingClient(service, [batch(most=3)], linger=20), "a", "b", "c")

    assert answers == [LOST] * 3


def test_a_rate_that_is_used_up_turns_all_of_them_away() -> None:
    away = TransientError("its rate is used up", may_have_happened=False, turned_away=True)
    service = Counting(turned_away=away)

    answers = send(BatchingClient(service, [batch(most=2)], linger=20), "a", "b")

    assert answers == [away] * 2
    assert service.requests == []


def test_a_mistake_while_sharing_the_answer_leaves_all_in_doubt() -> None:
    def breaks(_requests: Sequence[Request], _answer: Answer) -> Sequence[Answer | CallError | None]:
        raise KeyError("id")

    answers = send(BatchingClient(Counting(), [batch(breaks, most=2)], linger=20), "a", "b")

    assert [isinstance(error, TransientError) and error.may_have_happened for error in answers] == [True, True]


def test_a_batch_gathers_while_another_is_under_way() -> None:
    first_is_out, second_is_out = threading.Event(), threading.Event()

    def hangs(request: Request) -> Answer:
        if "a" in request.json:
            first_is_out.set()
            assert second_is_out.wait(10)
        else:
            second_is_out.set()
        return answer()

    client = BatchingClient(Counting([hangs, hangs]), [batch(most=2)], linger=20)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(send, client, "a", "b")
        assert first_is_out.wait(10)
        second = send(client, "c", "d")

    assert first.result() == [{"name": "a"}, {"name": "b"}]
    assert second == [{"name": "c"}, {"name": "d"}]


def test_bundles_of_one_step_that_can_go_together_qualify() -> None:
    together = Action("put", "Put", "put.inputs", "put.outputs", put, batches=(batch(),))

    assert list(batches_of(bundle(step(action=together)))) == list(together.batches)


def test_says_why_a_bundle_does_not_qualify() -> None:
    with pytest.raises(ConfigError, match=r"--bulk takes bundles of a single step, and leads has 2; leave --bulk out"):
        batches_of(bundle(step("a"), step("b")))
    with pytest.raises(ConfigError, match=r"and that of leads is crm\.put; leave --bulk out"):
        batches_of(bundle(step()))
