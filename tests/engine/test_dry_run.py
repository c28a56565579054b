"""A dry run reads, plans, and uses nothing up."""

from dataclasses import replace

from tests.engine.support import (
    DOWN,
    LOOK,
    Benches,
    answer,
    bundle,
    connection,
    step,
)


def test_a_dry_run_reads_and_plans_and_uses_nothing_up(make: Benches) -> None:
    known = step("known", {"name": "name"}, action=LOOK)
    made = make(bundle(known, step("order", {"was": "steps.known.id"}), step("note")), dry_run=True)
    made.crm.replies = [answer({"id": 5})]
    made.accept()

    outcomes = made.deliver_due()

    assert outcomes == ["done"]
    assert [request.path for request in made.crm.requests] == ["/find"]
    assert [(call.step, call.state) for call in made.transactions()] == [
        ("known", "answered"),
        ("order", "planned"),
        ("note", "planned"),
    ]
    assert made.delivery().state == "running"


def test_a_real_run_after_a_dry_one_does_everything(make: Benches) -> None:
    made = make(bundle(step("order"), step("note")), dry_run=True)
    made.accept()
    made.deliver_due()
    made.store.hand_back("w")
    made.engine = made.fresh_engine()

    outcomes = made.deliver_due()

    assert outcomes == ["done"]
    assert [request.path for request in made.crm.requests] == ["/put", "/put"]


def test_a_dry_run_uses_up_no_filtered_event_either(make: Benches) -> None:
    made = make(bundle(only={"vip": True}), dry_run=True)
    made.accept()

    outcomes = made.deliver_due()

    assert outcomes == ["filtered"]
    assert made.delivery().state == "running"


def test_a_dry_run_tries_a_failed_reading_call_again_later_without_counting(make: Benches) -> None:
    made = make(bundle(step("known", action=LOOK, attempts=2)), dry_run=True)
    made.crm.replies = [DOWN] * 3
    made.accept()

    outcomes = made.deliver_due()

    assert outcomes == [None]
    assert made.delivery().state == "waiting"
    made.clock.sleep(60)
    assert made.claim()[0].tries == 0


def test_a_dry_run_plans_on_failure_too(make: Benches) -> None:
    alarm = step("alarm", {"text": "meta.error"}, to=connection("chat"))
    required = step("order", {"phone": {"from": "phone", "required": True}})
    made = make(bundle(required, on_failure=(alarm,)), dry_run=True)
    made.accept()

    outcomes = made.deliver_due()

    assert outcomes == ["failed"]
    assert [(call.step, call.state) for call in made.transactions()] == [("on_failure.alarm", "planned")]
    assert made.delivery().state == "running"


def test_a_payload_that_cannot_be_read_fails_its_delivery_alone(make: Benches) -> None:
    made = make(bundle())
    event = made.accept()
    claimed = replace(made.claim()[0], payload="{")

    outcome = made.engine.deliver(claimed, made.config.bundles["leads"])

    assert outcome == "failed"
    assert made.delivery(event).state == "failed"
    assert "a mistake in this program" in str(made.delivery(event).error)
