"""Connections that refuse the key or do not work, and what their deliveries do meanwhile."""

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
