"""The last words of a delivery that is given up."""

from typing import Any

import pytest

from apimonster_cli.bundles.model import Bundle
from apimonster_cli.core.errors import StoreError, TransientError
from tests.engine.support import (
    DOWN,
    Benches,
    answer,
    bundle,
    connection,
    step,
)


def alarmed(**more: Any) -> Bundle:
    alarm = step("alarm", {"text": "Заявка {{ meta.event_id }}: {{ meta.error }}"}, to=connection("chat"), **more)
    return bundle(step("order"), on_failure=(alarm,))


def test_on_failure_runs_once_and_knows_the_error(make: Benches) -> None:
    made = make(alarmed())
    made.crm.replies = [answer(status=400)]
    made.accept()

    outcomes = [made.deliver_due(), made.deliver_due(), made.deliver_due()]

    assert outcomes == [[None], ["failed"], []]
    assert [request.json["text"] for request in made.services["chat"].requests] == [
        "Заявка 1: step order: phone is wrong"
    ]
    delivery = made.delivery()
    assert (delivery.state, delivery.error) == ("failed", "step order: phone is wrong")
    assert [(kept.step, kept.outcome) for kept in delivery.steps] == [("order", "failed"), ("on_failure.alarm", "done")]


def test_an_error_in_on_failure_is_kept_and_ends_there(make: Benches) -> None:
    made = make(alarmed())
    made.crm.replies = [answer(status=400)]
    made.services["chat"].replies = [answer(status=400)]
    made.accept()
    made.deliver_due()

    outcomes = made.deliver_due()

    delivery = made.delivery()
    assert outcomes == ["failed"]
    assert delivery.error == "step order: phone is wrong"
    assert [kept.outcome for kept in delivery.steps] == ["failed", "failed"]


def test_on_failure_is_not_tried_for_longer_than_an_hour(make: Benches) -> None:
    made = make(alarmed())
    made.crm.replies = [answer(status=400)]
    made.services["chat"].replies = [DOWN] * 1000
    made.accept()
    made.deliver_due()
    began = made.clock.passed

    outcomes: list[str | None] = [None]
    while outcomes == [None]:
        outcomes = made.deliver_next()

    assert outcomes == ["failed"]
    assert 3600 <= made.clock.passed - began <= 2 * 3600


def test_on_failure_does_not_wait_for_ever_for_a_connection_that_rests(make: Benches) -> None:
    made = make(alarmed())
    made.crm.replies = [answer(status=400)]
    made.services["chat"].turned_away = TransientError(
        "chat does not work", may_have_happened=False, retry_after=600, turned_away=True
    )
    made.accept()
    made.deliver_due()

    outcomes: list[str | None] = [None]
    while outcomes == [None] and made.clock.passed < 3 * 3600:
        outcomes = made.deliver_next()

    assert outcomes == ["failed"]
    assert made.delivery().steps[-1].error == "chat does not work"


def test_on_failure_goes_on_after_a_kill_without_repeating_what_failed(make: Benches) -> None:
    made = make(alarmed())
    made.crm.replies = [answer(status=400)]
    made.accept()
    made.deliver_due()
    made.claim()
    made.store.release_all()

    outcomes = made.deliver_due()

    assert outcomes == ["failed"]
    assert len(made.crm.requests) == 1
    assert len(made.services["chat"].requests) == 1


def test_a_kill_between_a_failed_step_and_the_end_of_its_delivery_does_not_let_the_next_step_go_on(
    make: Benches, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = make(bundle(step("order"), step("note"), on_failure=(step("alarm", to=connection("chat")),)))
    made.crm.replies = [answer(status=400)]
    made.accept()

    def killed(*_: Any, **__: Any) -> None:
        raise StoreError("as if the power had gone")

    with monkeypatch.context() as broken:
        broken.setattr(made.store, "give_up", killed)
        with pytest.raises(StoreError):
            made.deliver_due()
    made.store.release_all()
    outcomes = [made.deliver_due(), made.deliver_due()]

    assert outcomes == [[None], ["failed"]]
    assert len(made.crm.requests) == 1


def test_the_steps_of_on_failure_are_not_repeated_either(make: Benches) -> None:
    chat, mail = connection("chat"), connection("mail")
    alarms = (step("chat", to=chat), step("mail", to=mail))
    made = make(bundle(step("order"), on_failure=alarms))
    made.crm.replies = [answer(status=400)]
    made.services["mail"].replies = [DOWN] * 3
    made.accept()
    made.deliver_due()

    outcomes = [made.deliver_due(), made.deliver_next()]

    assert outcomes == [[None], ["failed"]]
    assert len(made.services["chat"].requests) == 1
    assert [kept.outcome for kept in made.delivery().steps] == ["failed", "done", "done"]


def test_on_failure_does_not_wait_for_a_working_key(make: Benches) -> None:
    made = make(alarmed())
    made.crm.replies = [answer(status=400)]
    made.services["chat"].replies = [answer(status=403)]
    made.accept()
    made.deliver_due()

    outcomes = made.deliver_due()

    assert outcomes == ["failed"]
    assert [(kept.step, kept.error) for kept in made.delivery().steps][1] == ("on_failure.alarm", "the key is refused")
    assert [pause.connection for pause in made.store.pauses()] == ["chat"]


def test_a_failed_step_ends_the_delivery_also_when_on_failure_has_been_taken_from_the_bundle(
    make: Benches, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = make(alarmed())
    made.crm.replies = [answer(status=400)]
    made.accept()

    def killed(*_: Any, **__: Any) -> None:
        raise StoreError("as if the power had gone")

    monkeypatch.setattr(made.store, "give_up", killed)
    with pytest.raises(StoreError):
        made.deliver_due()
    made.store.release_all()
    claimed = made.claim()[0]

    outcome = made.engine.deliver(claimed, bundle(step("order"), step("note")))

    assert outcome == "failed"
    assert (made.delivery().state, made.delivery().error) == ("failed", "step order: phone is wrong")
