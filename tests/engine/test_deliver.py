"""One event through one bundle: what is done, what is kept, and what errors lead to."""

from datetime import timedelta
from typing import Any

import pytest

from apimonster_cli.connectors.spec import Action, Call
from apimonster_cli.core.call import Answer, Request
from apimonster_cli.core.errors import TransientError
from apimonster_cli.store.api import LostLeaseError
from apimonster_cli.store.rows import NewEvent, TransactionState
from tests.engine.support import (
    DOWN,
    LOOK,
    SECRET,
    START,
    Benches,
    answer,
    bundle,
    held_by_nobody,
    step,
)


# the straight way ----------------------------------------------------------------------------------------------------
def test_a_step_sends_its_fields_and_keeps_what_came_back(make: Benches) -> None:
    made = make(bundle(step("order", {"name": "name", "kind": {"value": "lead"}})))
    made.crm.replies = [answer({"number": "7A"})]
    made.accept()

    outcomes = made.deliver_due()

    delivery = made.delivery()
    assert outcomes == ["done"]
    assert (delivery.state, delivery.error) == ("done", None)
    assert [kept.step for kept in delivery.steps] == ["order"]
    assert delivery.steps[0].fields == {"name": "Анна", "kind": "lead"}
    assert delivery.steps[0].origins == {"name": "path name", "kind": "constant"}
    assert delivery.steps[0].output == {"number": "7A"}
    assert [(call.state, call.status, call.writes) for call in made.transactions()] == [("answered", 200, True)]


def test_the_call_is_on_disk_before_it_is_sent(make: Benches) -> None:
    made = make(bundle())
    seen: list[TransactionState] = []

    def looks_at_the_store(_request: Request) -> Answer:
        seen.extend(call.state for call in made.transactions())
        return answer()

    made.crm.replies = [looks_at_the_store]
    made.accept()
    made.deliver_due()

    assert seen == ["sent"]


def test_an_event_that_the_filter_refuses_ends_as_filtered(make: Benches) -> None:
    made = make(bundle(only={"status": [1, 2]}))
    made.accept({"status": 9})

    outcomes = made.deliver_due()

    assert outcomes == ["filtered"]
    assert made.delivery().state == "filtered"
    assert "status is 9" in str(made.delivery().error)
    assert made.crm.requests == []


def test_an_event_that_is_too_much_for_the_filter_fails_with_the_reason(make: Benches) -> None:
    made = make(bundle(only={"text": {"matches": "(a|aa)+$"}}, on_failure=(step("note"),)))
    made.accept({"text": "a" * 4000 + "!"})

    outcomes = [*made.deliver_due(), *made.deliver_due()]

    assert outcomes == [None, "failed"]
    assert "a filter cannot be worked out: the pattern" in str(made.delivery().error)
    assert len(made.crm.requests) == 1


def test_a_step_whose_filter_refuses_is_skipped_with_the_reason(make: Benches) -> None:
    made = make(bundle(step("order", only={"vip": True}), step("note", {"was": "steps.order.status"})))
    made.accept({"vip": False})

    made.deliver_due()

    order, note = made.delivery().steps
    assert order.outcome == "skipped"
    assert "vip" in str(order.error)
    assert note.fields == {"was": "skipped"}


def test_a_step_reads_what_earlier_steps_brought(make: Benches) -> None:
    made = make(bundle(step("known", {"name": "name"}, action=LOOK), step("order", {"id": "steps.known.id"})))
    made.crm.replies = [answer({"id": 2026030112345678901}), answer()]
    made.accept()

    made.deliver_due()

    assert made.crm.requests[1].json == {"id": 2026030112345678901}


def test_a_step_reads_what_is_known_about_the_delivery(make: Benches) -> None:
    fields = {name: f"meta.{name}" for name in ("event_id", "received_at", "connection", "event", "bundle", "attempt")}
    made = make(bundle(step("order", fields)))
    made.accept()

    made.deliver_due()

    assert made.delivery().steps[0].fields == {
        "event_id": 1,
        "received_at": "2026-03-01T12:00:00+03:00",
        "connection": "site",
        "event": "site.lead",
        "bundle": "leads",
        "attempt": 1,
    }


@pytest.mark.parametrize(("key", "identity"), [("1001", "leads/order/1001"), (None, None)])
def test_the_identity_is_that_of_the_object_or_of_the_row_in_this_database(
    make: Benches, key: str | None, identity: str | None
) -> None:
    made = make(bundle())
    made.accept(key=key)
    claimed = made.claim()[0]

    made.engine.deliver(claimed, made.config.bundles["leads"])

    expected = identity or f"leads/order/{claimed.store_id}/{claimed.event_id}"
    assert made.crm.requests[0].json["id"] == expected


def test_secrets_stay_out_of_the_store(make: Benches) -> None:
    made = make(bundle(step("order", {"name": "name"})))
    made.crm.replies = [answer({"echo": f"key {SECRET}"})]
    made.accept({"name": SECRET})

    made.deliver_due()

    kept = repr(made.delivery().steps) + repr([call.answer for call in made.transactions()])
    assert SECRET not in kept
    assert "•••" in kept


def test_a_later_step_reads_what_came_although_it_is_masked_in_the_store(make: Benches) -> None:
    made = make(bundle(step("order"), step("note", {"of": "steps.order.echo"})))
    made.crm.replies = [answer({"echo": SECRET}), answer()]
    made.accept()

    made.deliver_due()

    assert made.crm.requests[-1].json["of"] == SECRET
    assert SECRET not in repr(made.delivery().steps)


# errors --------------------------------------------------------------------------------------------------------------
def test_what_fails_in_passing_is_tried_a_few_times_and_then_put_off(make: Benches) -> None:
    made = make(bundle())
    made.crm.replies = [DOWN, DOWN, DOWN]
    made.accept()

    outcomes = made.deliver_due()

    delivery = made.delivery()
    assert outcomes == [None]
    assert len(made.crm.requests) == 3
    assert (delivery.state, delivery.error) == ("waiting", "step order: nobody answers")
    assert delivery.due_at > made.clock.now()
    assert made.clock.passed < 5


def test_a_service_that_asks_for_longer_is_not_asked_again_at_once(make: Benches) -> None:
    made = make(bundle())
    made.crm.replies = [TransientError("busy", may_have_happened=False, retry_after=120)]
    made.accept()

    made.deliver_due()

    assert len(made.crm.requests) == 1
    assert made.delivery().due_at == START + timedelta(seconds=120)


def test_one_attempt_is_one_call_without_quick_tries(make: Benches) -> None:
    made = make(bundle(step("order", attempts=1)))
    made.crm.replies = [DOWN, answer()]
    made.accept()

    outcomes = made.deliver_due()

    assert outcomes == ["failed"]
    assert len(made.crm.requests) == 1


def test_gives_up_after_the_attempts_that_the_step_allows(make: Benches) -> None:
    made = make(bundle(step("order", attempts=2)))
    made.crm.replies = [DOWN] * 6
    made.accept()
    made.deliver_due()

    outcomes = made.deliver_next()

    delivery = made.delivery()
    assert outcomes == ["failed"]
    assert delivery.state == "failed"
    assert str(delivery.error).startswith("step order: given up after 2 tries in ")
    assert delivery.steps[0].fields == {"name": "Анна"}


def test_a_limit_of_ours_puts_off_without_counting(make: Benches) -> None:
    made = make(bundle(step("order", attempts=1)))
    made.crm.turned_away = TransientError("over the rate", may_have_happened=False, retry_after=3, turned_away=True)
    made.accept()

    outcomes = [made.deliver_due(), made.deliver_next(), made.deliver_next()]

    assert outcomes == [[None], [None], [None]]
    assert made.transactions() == []
    assert made.claim() == []
    made.crm.turned_away = None
    assert made.deliver_next() == ["done"]


def test_a_validation_error_fails_at_once_with_the_services_own_words(make: Benches) -> None:
    made = make(bundle())
    made.crm.replies = [answer(status=400)]
    made.accept()

    outcomes = made.deliver_due()

    assert outcomes == ["failed"]
    assert made.delivery().error == "step order: phone is wrong"
    assert [(call.state, call.status) for call in made.transactions()] == [("answered", 400)]


def test_a_field_without_its_value_fails_the_step(make: Benches) -> None:
    made = make(bundle(step("order", {"phone": {"from": "phone", "required": True}})))
    made.accept({"name": "Анна"})

    outcomes = made.deliver_due()

    assert outcomes == ["failed"]
    assert "phone" in str(made.delivery().error)
    assert made.crm.requests == []


def test_a_mistake_in_an_action_fails_the_delivery_alone(make: Benches) -> None:
    def breaks(_call: Call) -> dict[str, Any]:
        raise ZeroDivisionError

    made = make(bundle(step("order", action=Action("bad", "Bad", "in", "out", breaks))))
    made.accept()

    outcomes = made.deliver_due()

    assert outcomes == ["failed"]
    assert "a mistake in this program (ZeroDivisionError)" in str(made.delivery().error)


def test_a_step_that_may_fail_lets_the_next_one_go_on(make: Benches) -> None:
    made = make(bundle(step("note", on_error="continue"), step("order", {"note": "steps.note.status"})))
    made.crm.replies = [answer(status=400), answer()]
    made.accept()

    outcomes = made.deliver_due()

    assert outcomes == ["done"]
    assert [kept.outcome for kept in made.delivery().steps] == ["failed", "done"]
    assert made.delivery().steps[1].fields == {"note": "failed"}


def test_a_last_step_that_may_fail_ends_the_delivery_as_done(make: Benches) -> None:
    made = make(bundle(step("order"), step("note", on_error="continue")))
    made.crm.replies = [answer(), answer(status=400)]
    made.accept()

    assert made.deliver_due() == ["done"]
    assert made.delivery().state == "done"


def test_a_holder_that_has_lost_the_delivery_stops(make: Benches) -> None:
    made = make(bundle())
    made.accept()
    claimed = made.claim()[0]

    with pytest.raises(LostLeaseError):
        made.engine.deliver(held_by_nobody(claimed), made.config.bundles["leads"])

    assert made.crm.requests == []


# order ---------------------------------------------------------------------------------------------------------------
def test_events_of_one_object_go_through_in_the_order_they_came(make: Benches) -> None:
    made = make(bundle())
    made.crm.replies = [DOWN, DOWN, DOWN]
    made.accept({"name": "first"}, key="7")
    made.accept({"name": "second"}, key="7")
    made.accept({"name": "other"}, key="8")

    while made.store.next_due(["leads"]):
        made.deliver_next()

    assert [request.json["name"] for request in made.crm.requests] == ["first"] * 3 + ["other", "first", "second"]


def test_half_an_emoji_does_not_stop_an_event(make: Benches) -> None:
    made = make(bundle(step(fields={"name": "name", "deep": "list.0.b"})))
    event = NewEvent(
        connection="site",
        event="site.lead",
        status="accepted",
        received_at=made.clock.now(),
        payload='{"name": "Anna \\ud83d", "list": [{"b": "\\ud83d\\ude00 \\uDE00"}]}',
        bundles=("leads",),
    )
    made.store.accept(event).result(timeout=10)

    made.deliver_due()

    sent = made.crm.requests[0].json
    assert (sent["name"], sent["deep"]) == ("Anna \ufffd", "\U0001f600 \ufffd")
