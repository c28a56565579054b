"""Answers used again, and calls that a step may not make: what saves the rate of a connection."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from apimonster_cli.bundles.model import Bundle, Step
from apimonster_cli.connectors.spec import Action, Call
from apimonster_cli.core.call import Answer, Request
from apimonster_cli.engine.cache import AnswerCache
from tests.engine.support import (
    DOWN,
    LOOK,
    LOST,
    Bench,
    Benches,
    FakeClock,
    answer,
    bundle,
    connection,
    step,
)

TEN_MINUTES = timedelta(minutes=10)
GET = Request("GET", "/find", query=(("name", "Анна"),))


def reading(step_id: str = "known", *, cache: timedelta | None = TEN_MINUTES, **more: Any) -> Step:
    return replace(step(step_id, action=LOOK, **more), cache=cache)


def delivered(made: Bench, name: str = "Анна") -> Any:
    """Have one event delivered and return what its first step brought."""
    event_id = made.accept({"name": name})
    assert set(made.deliver_due()) == {"done"}
    return made.delivery(event_id).steps[0].output


# cache ------------------------------------------------------------------------------------------------------------------
def test_the_same_question_is_asked_once(make: Benches) -> None:
    made = make(bundle(reading()))
    made.crm.replies = [answer({"id": 7})]

    outputs = [delivered(made), delivered(made)]

    assert outputs == [{"id": 7}, {"id": 7}]
    assert (len(made.crm.requests), len(made.transactions())) == (1, 1)


def test_another_question_is_asked(make: Benches) -> None:
    made = make(bundle(reading()))

    delivered(made, "Анна")
    delivered(made, "Иван")

    assert [request.query for request in made.crm.requests] == [(("name", "Анна"),), (("name", "Иван"),)]


def test_an_answer_grows_old(make: Benches) -> None:
    made = make(bundle(reading()))
    made.crm.replies = [answer({"id": 7}), answer({"id": 8})]

    outputs = []
    for wait in (0, 599, 1):
        made.clock.passed += wait
        outputs.append(delivered(made))

    assert outputs == [{"id": 7}, {"id": 7}, {"id": 8}]


def test_without_cache_each_delivery_asks(make: Benches) -> None:
    made = make(bundle(reading(cache=None)))

    delivered(made)
    delivered(made)

    assert len(made.crm.requests) == 2


def test_bundles_and_steps_share_answers_and_each_says_how_old_they_may_be(make: Benches) -> None:
    often = reading("often", cache=timedelta(seconds=5))
    made = make(bundle(reading(), often), bundle(reading(), name="other"))
    delivered(made)
    made.clock.passed += 6

    delivered(made)

    assert len(made.crm.requests) == 2  # of the step `often`, which wants them younger


def test_connections_share_nothing(make: Benches) -> None:
    made = make(bundle(reading("one"), reading("two", to=connection("other"))))

    delivered(made)

    assert [len(service.requests) for service in made.services.values()] == [1, 1]


@pytest.mark.parametrize("failure", [answer(status=400), answer(status=500), DOWN, LOST])
def test_an_error_is_not_kept(make: Benches, failure: Any) -> None:
    made = make(bundle(reading(attempts=1)))
    made.crm.replies = [failure] * (1 if isinstance(failure, Answer) and failure.status == 400 else 3)
    made.accept()
    assert made.deliver_due() == ["failed"]
    made.crm.replies = [answer({"id": 7})]

    assert delivered(made) == {"id": 7}


def test_a_writing_call_is_made_each_time(make: Benches) -> None:
    made = make(bundle(replace(step(), cache=TEN_MINUTES)))

    delivered(made)
    delivered(made)

    assert len(made.crm.requests) == 2


def test_requests_that_differ_in_anything_are_different_questions() -> None:
    kept = AnswerCache(FakeClock())
    requests = [
        GET,
        replace(GET, method="POST"),
        replace(GET, path="/other"),
        replace(GET, query=()),
        replace(GET, form=(("a", "1"),)),
        replace(GET, json={"a": [1]}),
        replace(GET, json={"a": [2]}),
        replace(GET, body=b"1"),
        replace(GET, headers={"Accept": "text/plain"}),
    ]

    for number, request in enumerate(requests):
        kept.keep("crm", request, answer(number))

    found = [kept.get("crm", request, within=TEN_MINUTES) for request in requests]
    assert [each and each.json() for each in found] == list(range(len(requests)))
    assert kept.get("other", GET, within=TEN_MINUTES) is None


def test_what_is_kept_is_bounded_and_the_oldest_goes_first() -> None:
    kept = AnswerCache(FakeClock(), most=100_000)
    body = Answer(200, {}, b"x" * 8_000)
    requests = [replace(GET, path=f"/{number}") for number in range(20)]

    for request in requests:
        kept.keep("crm", request, body)

    left = [request.path for request in requests if kept.get("crm", request, within=TEN_MINUTES)]
    assert left == [f"/{number}" for number in range(9, 20)]


def test_an_answer_kept_again_takes_the_room_of_the_one_before() -> None:
    kept = AnswerCache(FakeClock(), most=100_000)
    kept.keep("crm", replace(GET, path="/first"), answer())

    for _ in range(100):
        kept.keep("crm", GET, Answer(200, {}, b"x" * 8_000))

    assert kept.get("crm", replace(GET, path="/first"), within=TEN_MINUTES)


def test_an_answer_that_would_crowd_out_the_others_is_not_kept() -> None:
    kept = AnswerCache(FakeClock(), most=100_000)

    kept.keep("crm", GET, Answer(200, {}, b"x" * 10_000))

    assert kept.get("crm", GET, within=TEN_MINUTES) is None


# max_calls ---------------------------------------------------------------------------------------------------------------
def page_by_page(call: Call) -> dict[str, Any]:
    """Ask for pages until one is the last."""
    page = 1
    while call.ask(Request("GET", "/find", query=(("page", str(page)),))).json().get("more"):
        page += 1
    return {"pages": page}


PAGES = Action("pages", "Pages", "look.inputs", "look.outputs", page_by_page, writes=False)
MORE, LAST = answer({"more": True}), answer({})


def of_pages(most: int, **more: Any) -> Bundle:
    return bundle(replace(step("found", action=PAGES), max_calls=most, **more))


def test_a_step_makes_as_many_calls_as_it_may(make: Benches) -> None:
    made = make(of_pages(3))
    made.crm.replies = [MORE, MORE, LAST]

    assert delivered(made) == {"pages": 3}


def test_one_call_more_fails_the_step_for_good(make: Benches) -> None:
    made = make(of_pages(3))
    made.crm.replies = [MORE] * 10
    made.accept()

    outcomes = made.deliver_due()

    assert outcomes == ["failed"]
    assert len(made.crm.requests) == 3
    assert made.delivery().error == "step found: it needs more calls than the 3 that max_calls lets it make in one try"


def test_each_try_counts_anew(make: Benches) -> None:
    made = make(of_pages(2))
    made.crm.replies = [MORE, DOWN, MORE, DOWN, MORE, LAST]

    assert delivered(made) == {"pages": 2}


def test_what_is_answered_from_the_cache_is_no_call(make: Benches) -> None:
    made = make(of_pages(2, cache=TEN_MINUTES))
    made.crm.replies = [MORE, MORE, MORE, LAST]
    made.accept()
    first = made.deliver_due()

    second = delivered(made)

    assert first == ["failed"]
    assert second == {"pages": 4}
