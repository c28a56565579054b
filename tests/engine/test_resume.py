"""An attempt goes on where the last one ended, and looks before it repeats what may have happened."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest

from apimonster_cli.bundles.model import Step
from apimonster_cli.core.call import Answer, Request
from apimonster_cli.core.errors import StoreError
from apimonster_cli.engine.deliver import MOST_INTERRUPTIONS, Engine
from tests.engine.support import (
    DOWN,
    LOOK,
    LOST,
    PUT,
    SECRET,
    Bench,
    Benches,
    answer,
    bundle,
    connection,
    step,
)


# finished steps ------------------------------------------------------------------------------------------------------
def test_finished_steps_are_not_repeated(make: Benches) -> None:
    made = make(bundle(step("order"), step("note", {"of": "steps.order.number"})))
    made.crm.replies = [answer({"number": "7A"}), DOWN, DOWN, DOWN]
    made.accept()
    made.deliver_due()
    made.crm.requests.clear()

    outcomes = made.deliver_next()

    assert outcomes == ["done"]
    assert [(request.json["id"][:10], request.json.get("of")) for request in made.crm.requests] == [
        ("leads/note", "7A")
    ]


def test_a_later_step_reads_the_outcome_and_a_status_of_the_services_own(make: Benches) -> None:
    reads = {"outcome": "steps.order.status", "own": "steps.order.output.status"}
    made = make(bundle(step("order"), step("note", reads)))
    made.crm.replies = [answer({"status": "new"}), answer()]
    made.accept()

    made.deliver_due()

    sent = made.crm.requests[-1].json
    assert (sent["outcome"], sent["own"]) == ("done", "new")


def test_a_mask_that_the_store_put_over_a_secret_is_never_sent(make: Benches) -> None:
    made = make(bundle(step("order"), step("note", {"of": "steps.order.number"})))
    made.crm.replies = [answer({"number": SECRET}), DOWN, DOWN, DOWN]
    made.accept()
    made.deliver_due()
    made.crm.requests.clear()

    outcomes = made.deliver_next()

    assert outcomes == ["failed"]
    assert made.crm.requests == []
    assert "masked when it was put on record" in str(made.delivery().error)


def test_a_delivery_that_was_killed_between_two_steps_goes_on_with_the_second(make: Benches) -> None:
    made = make(bundle(step("order"), step("note", {"of": "steps.order.status"})))
    made.accept()

    def dies(_request: Request) -> Answer:
        raise StoreError("the disk is full")

    made.crm.replies = [answer(), dies]
    with pytest.raises(StoreError):
        made.deliver_due()
    made.store.release_all()
    made.crm.requests.clear()
    outcomes = made.deliver_due()

    assert outcomes == ["done"]
    assert [request.path for request in made.crm.requests] == [
        "/find",
        "/put",
    ]  # the note was under way: it is looked for


def test_steps_taken_from_the_bundle_in_the_meantime_do_not_keep_a_delivery_open(make: Benches) -> None:
    made = make(bundle(step("order"), step("note")))
    made.crm.replies = [answer(), DOWN, DOWN, DOWN]
    made.accept()
    made.deliver_due()
    made.config = made.config.__class__(
        **{name: getattr(made.config, name) for name in ("settings", "connections", "redactor", "files", "base")},
        bundles={"leads": bundle(step("order"))},
    )

    outcomes = made.deliver_next()

    assert outcomes == ["done"]
    assert made.delivery().state == "done"


# steps renamed while a delivery waits ------------------------------------------------------------------------------------
def with_steps(made: Bench, *steps: Step) -> Engine:
    """Have the bundle edited, and return an engine that delivers by it."""
    made.config = replace(made.config, bundles={"leads": bundle(*steps)})
    return made.fresh_engine()


def test_a_finished_step_is_known_by_its_new_name(make: Benches) -> None:
    made = make(bundle(step("create_order"), step("note")))
    made.crm.replies = [answer({"number": "7A"}), DOWN, DOWN, DOWN]
    made.accept()
    made.deliver_due()
    made.crm.requests.clear()
    made.engine = with_steps(made, step("order"), step("note", {"of": "steps.order.number"}))

    outcomes = made.deliver_next()

    assert outcomes == ["done"]
    assert [request.json.get("of") for request in made.crm.requests] == ["7A"]


def test_a_doubtful_step_is_looked_for_by_the_name_it_was_sent_under(make: Benches) -> None:
    made = make(bundle(step("create_order")))
    made.crm.replies = [LOST, DOWN, DOWN]
    made.accept()
    made.deliver_due()
    made.crm.requests.clear()
    made.crm.replies = [answer({}), answer({"number": "7A"})]
    made.engine = with_steps(made, step("search", action=LOOK), step("order"))

    outcomes = made.deliver_next()

    assert outcomes == ["done"]
    _, looked = made.crm.requests
    assert (looked.path, looked.query[0][1][:19]) == ("/find", "leads/create_order/")


def test_a_step_that_does_something_else_is_no_renamed_one(make: Benches) -> None:
    made = make(bundle(step("order"), step("note")))
    made.crm.replies = [answer(), DOWN, DOWN, DOWN]
    made.accept()
    made.deliver_due()
    made.crm.requests.clear()
    made.engine = with_steps(made, step("search", {"name": "name"}, action=LOOK), step("note"))

    outcomes = made.deliver_next()

    assert outcomes == ["done"]
    assert [request.path for request in made.crm.requests] == ["/find", "/put"]


# doubt ---------------------------------------------------------------------------------------------------------------
def test_after_a_lost_answer_the_action_looks_before_it_writes_again(make: Benches) -> None:
    made = make(bundle())
    made.crm.replies = [LOST, answer({"number": "7A"})]
    made.accept()

    outcomes = made.deliver_due()

    assert outcomes == ["done"]
    assert [request.path for request in made.crm.requests] == ["/put", "/find"]
    assert made.delivery().steps[0].output == {"found": True, "number": "7A"}
    assert [call.state for call in made.transactions()] == ["unknown", "answered"]


def test_doubt_outlives_the_attempt(make: Benches) -> None:
    made = make(bundle())
    made.crm.replies = [LOST, DOWN, DOWN]
    made.accept()
    made.deliver_due()
    made.crm.requests.clear()
    made.crm.replies = [answer({"number": "7A"})]

    outcomes = made.deliver_next()

    assert outcomes == ["done"]
    assert [request.path for request in made.crm.requests] == ["/find"]


def test_a_call_that_was_under_way_when_the_program_was_killed_is_doubtful(make: Benches) -> None:
    made = make(bundle())
    made.accept()

    def killed(_request: Request) -> Answer:
        raise StoreError("as if the power had gone")

    made.crm.replies = [killed]
    with pytest.raises(StoreError):
        made.deliver_due()
    made.store.release_all()
    made.crm.requests.clear()
    made.deliver_due()

    assert [request.path for request in made.crm.requests] == ["/find", "/put"]


def test_a_call_that_surely_did_not_happen_is_simply_made_again(make: Benches) -> None:
    made = make(bundle())
    made.crm.replies = [DOWN, answer()]
    made.accept()

    outcomes = made.deliver_due()

    assert outcomes == ["done"]
    assert [request.path for request in made.crm.requests] == ["/put", "/put"]
    assert [call.state for call in made.transactions()] == ["turned_away", "answered"]


# doubt where only a look keeps a thing from being made twice ------------------------------------------------------------
def settling(*, timeout: timedelta) -> Step:
    return step(action=replace(PUT, settles=True), to=connection(timeout=timeout))


def test_a_call_without_an_id_of_ours_has_time_to_end_before_it_is_looked_for(make: Benches) -> None:
    made = make(bundle(settling(timeout=timedelta(seconds=30))))
    made.crm.replies = [LOST, answer({"number": "7A"})]
    made.accept()
    began = made.clock.passed

    outcomes = [*made.deliver_due(), *made.deliver_next()]

    assert outcomes == [None, "done"]
    assert [request.path for request in made.crm.requests] == ["/put", "/find"]
    assert 30 <= made.clock.passed - began < 60


def test_so_it_has_when_the_program_was_killed_meanwhile(make: Benches) -> None:
    made = make(bundle(settling(timeout=timedelta(seconds=30))))
    made.accept()
    made.crm.replies = [StoreError("as if the power had gone")]
    with pytest.raises(StoreError):
        made.deliver_due()
    made.store.release_all()
    made.crm.requests.clear()

    at_once, requests, later = made.deliver_due(), list(made.crm.requests), made.deliver_next()

    assert (at_once, requests, later) == ([None], [], ["done"])
    assert [request.path for request in made.crm.requests] == ["/find", "/put"]


def test_a_clock_that_was_set_back_keeps_nothing_from_being_looked_for(make: Benches) -> None:
    made = make(bundle(settling(timeout=timedelta(seconds=30))))
    made.accept()
    made.crm.replies = [StoreError("as if the power had gone")]
    with pytest.raises(StoreError):
        made.deliver_due()
    made.store.release_all()
    made.clock.passed -= 3600
    made.store.move(timedelta(seconds=-3600))

    outcomes = made.deliver_due()

    assert outcomes == ["done"]


# events that end the program -------------------------------------------------------------------------------------------
def interrupt(made: Bench, times: int) -> None:
    """Have the program end again and again in the middle of whatever is due."""
    for _ in range(times):
        made.clock.sleep(120)
        made.claim()
        made.store.release_all()


def test_a_delivery_that_ends_the_program_again_and_again_is_given_up(make: Benches) -> None:
    made = make(bundle(on_failure=(step("alarm", {"text": "{{ meta.error }}"}, to=connection("chat")),)))
    made.accept()
    interrupt(made, MOST_INTERRUPTIONS)

    outcomes = [*made.deliver_next(), *made.deliver_next()]

    assert outcomes == [None, "failed"]
    assert made.crm.requests == []
    assert "the program ended 20 times in a row" in str(made.delivery().error)
    assert [str(request.json["text"])[:8] for request in made.services["chat"].requests] == ["given up"]


def test_an_alarm_that_ends_the_program_is_left_out(make: Benches) -> None:
    made = make(bundle(on_failure=(step("alarm", {"text": "{{ meta.error }}"}, to=connection("chat")),)))
    made.crm.replies = [answer(status=400)]
    made.accept()
    made.deliver_due()
    interrupt(made, MOST_INTERRUPTIONS)

    outcomes = made.deliver_next()

    assert outcomes == ["failed"]
    assert (made.delivery().error, made.services["chat"].requests) == ("step order: phone is wrong", [])


def test_an_attempt_that_comes_to_its_end_clears_a_delivery(make: Benches) -> None:
    made = make(bundle())
    made.crm.replies = [DOWN] * 3
    made.accept()
    interrupt(made, MOST_INTERRUPTIONS - 1)
    made.deliver_next()
    interrupt(made, MOST_INTERRUPTIONS - 1)

    outcomes = made.deliver_next()

    assert outcomes == ["done"]


def test_one_that_ends_the_program_does_not_take_others_with_it(make: Benches) -> None:
    made = make(bundle())
    events = [made.accept() for _ in range(8)]
    poison, outcomes = 4, Counter[str | None]()

    for _ in range(60):
        for claimed in made.claim():
            if claimed.event_id == poison and claimed.interrupted < MOST_INTERRUPTIONS:
                break  # the program ends, and with it all that was claimed beside
            outcomes[made.engine.deliver(claimed, made.config.bundles["leads"])] += 1
        else:
            made.clock.sleep(1)
            continue
        made.store.release_all()

    assert outcomes == {"done": 7, "failed": 1}
    assert made.delivery(events[poison - 1]).state == "failed"
