"""Connections that refuse the key or do not work, and what their deliveries do meanwhile."""

import pytest

from apimonster_cli.core.call import Answer, Request
from apimonster_cli.engine.circuit import FAILURES
from tests.engine.support import (
    DOWN,
    Benches,
    answer,
    bundle,
    connection,
    step,
)


# refused credentials -------------------------------------------------------------------------------------------------
def test_a_refused_key_pauses_the_connection_and_the_delivery_waits(make: Benches) -> None:
    made = make(bundle(step("order", attempts=1)))
    made.crm.replies = [answer(status=403)]
    made.accept()

    outcomes = made.deliver_due()

    assert outcomes == [None]
    assert [(pause.connection, pause.reason) for pause in made.store.pauses()] == [("crm", "the key is refused")]
    assert made.delivery().state == "waiting"
    assert made.engine.circuits.paused() == ["crm"]


def test_the_log_tells_when_a_connection_pauses_and_when_it_works_again(
    make: Benches, capsys: pytest.CaptureFixture[str]
) -> None:
    made = make(bundle())
    made.crm.replies = [answer(status=403), answer(status=403)]
    made.accept()

    outcomes = [made.deliver_due()]
    for _ in range(2):
        made.clock.sleep(75)  # longer than any rest
        outcomes.append(made.deliver_due())

    told = [line for line in capsys.readouterr().out.splitlines() if "connection" in line and "delivery" not in line]
    assert outcomes == [[None], [None], ["done"]]
    assert [("paused" in line, "works again" in line) for line in told] == [(True, False), (False, True)]
    assert "the key is refused" in told[0]


def test_other_deliveries_of_a_paused_connection_wait_without_a_call(make: Benches) -> None:
    made = make(bundle())
    made.crm.replies = [answer(status=403)]
    made.accept()
    made.accept()

    outcomes = made.deliver_due()

    assert outcomes == [None, None]
    assert len(made.crm.requests) == 1
    assert "is paused" in str(made.delivery(2).error)


def test_a_working_key_ends_the_pause_and_all_go_on(make: Benches) -> None:
    made = make(bundle())
    made.crm.replies = [answer(status=403)]
    made.accept()
    made.accept()
    made.deliver_due()
    made.clock.sleep(100)

    first = made.deliver_due()

    assert first == ["done", "done"]
    assert made.store.pauses() == []


def test_a_new_start_tries_a_paused_connection_with_one_delivery_at_once(make: Benches) -> None:
    made = make(bundle())
    made.crm.replies = [answer(status=403), answer(status=403)]
    made.accept()
    made.accept()
    made.deliver_due()
    made.engine = made.fresh_engine()

    made.engine.try_paused()
    before = made.store.pauses()
    outcomes = made.deliver_due()

    assert before == []
    assert outcomes == [None, None]
    assert len(made.crm.requests) == 2
    assert [pause.connection for pause in made.store.pauses()] == ["crm"]


# a connection that does not work -------------------------------------------------------------------------------------
def test_a_connection_that_keeps_failing_is_left_alone_and_others_go_on(make: Benches) -> None:
    broken, sound = connection("broken"), connection("sound")
    made = make(bundle(step(to=broken), name="a"), bundle(step(to=sound), name="b"))
    made.services["broken"].replies = [DOWN] * 100
    for _ in range(8):
        made.accept()

    outcomes = made.deliver_due()

    assert outcomes.count("done") == 8
    assert outcomes.count(None) == 8
    assert len(made.services["broken"].requests) == FAILURES


def test_a_refusal_that_only_one_delivery_gets_fails_that_one(make: Benches) -> None:
    made = make(bundle())

    def answers(request: Request) -> Answer:
        return answer(status=403 if request.json["name"] == "wrong shop" else 200)

    made.crm.replies = [answers] * 100
    made.accept({"name": "Анна"})
    poison = made.accept({"name": "wrong shop"})
    made.deliver_due()
    for _ in range(20):
        made.accept({"name": "Анна"})
        made.clock.sleep(75)  # longer than any rest
        made.deliver_due()

    delivery = made.delivery(poison)
    assert delivery.state == "failed"
    assert "the key is refused; others are not refused" in str(delivery.error)
    assert made.store.pauses() == []


def test_a_key_that_is_refused_again_and_again_fails_nothing(make: Benches) -> None:
    made = make(bundle())
    made.crm.replies = [answer(status=403)] * 100
    made.accept()
    made.accept()
    for _ in range(20):
        made.deliver_next()

    assert [made.delivery(event).state for event in (1, 2)] == ["waiting", "waiting"]


def test_an_order_that_is_wrong_shows_that_the_key_is_right(make: Benches) -> None:
    made = make(bundle())
    made.crm.replies = [answer(status=401), answer(status=400)]
    made.accept()
    made.deliver_due()
    made.clock.sleep(75)  # longer than any rest

    outcomes = made.deliver_due()

    assert outcomes == ["failed"]
    assert (made.store.pauses(), made.engine.circuits.paused()) == ([], [])
