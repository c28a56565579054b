"""One event through one bundle: what is done, kept, repeated and given up."""

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from apimonster_cli.bundles.model import Bundle
from apimonster_cli.connectors.spec import Action, Call
from apimonster_cli.core.call import Answer, Request
from apimonster_cli.core.errors import StoreError, TransientError
from apimonster_cli.engine.circuit import FAILURES
from apimonster_cli.store.api import LostLeaseError
from apimonster_cli.store.rows import TransactionState
from tests.engine.support import (
    DOWN,
    LOOK,
    LOST,
    SECRET,
    START,
    Bench,
    answer,
    bench,
    bundle,
    connection,
    held_by_nobody,
    step,
)


class Benches:
    """Makes benches that are closed after the test."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self._folder = folder
        self._stack = stack

    def __call__(self, *bundles: Bundle, **more: Any) -> Bench:
        return self._stack.enter_context(bench(self._folder, *bundles, **more))


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Benches]:
    with ExitStack() as stack:
        yield Benches(tmp_path, stack)


# the straight way ------------------------------------------------------------------------------------------------------
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


@pytest.mark.parametrize(("key", "identity"), [("1001", "leads-order-1001"), (None, None)])
def test_the_identity_is_that_of_the_object_or_of_the_row_in_this_database(
    make: Benches, key: str | None, identity: str | None
) -> None:
    made = make(bundle())
    made.accept(key=key)
    claimed = made.claim()[0]

    made.engine.deliver(claimed, made.config.bundles["leads"])

    expected = identity or f"leads-order-{claimed.store_id}-{claimed.event_id}"
    assert made.crm.requests[0].json["id"] == expected


def test_secrets_stay_out_of_the_store(make: Benches) -> None:
    made = make(bundle(step("order", {"name": "name"})))
    made.crm.replies = [answer({"echo": f"key {SECRET}"})]
    made.accept({"name": SECRET})

    made.deliver_due()

    kept = repr(made.delivery().steps) + repr([call.answer for call in made.transactions()])
    assert SECRET not in kept
    assert "•••" in kept


# finished steps ----------------------------------------------------------------------------------------------------------
def test_finished_steps_are_not_repeated(make: Benches) -> None:
    made = make(bundle(step("order"), step("note", {"of": "steps.order.number"})))
    made.crm.replies = [answer({"number": "7A"}), DOWN, DOWN, DOWN]
    made.accept()
    made.deliver_due()
    made.crm.requests.clear()

    outcomes = made.deliver_next()

    assert outcomes == ["done"]
    assert [(request.json["id"][:10], request.json.get("of")) for request in made.crm.requests] == [
        ("leads-note", "7A")
    ]


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


# doubt -------------------------------------------------------------------------------------------------------------------
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


# errors ------------------------------------------------------------------------------------------------------------------
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


# refused credentials -------------------------------------------------------------------------------------------------------
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


# a connection that does not work ---------------------------------------------------------------------------------------------
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


# on_failure ------------------------------------------------------------------------------------------------------------------
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


# order -------------------------------------------------------------------------------------------------------------------------
def test_events_of_one_object_go_through_in_the_order_they_came(make: Benches) -> None:
    made = make(bundle())
    made.crm.replies = [DOWN, DOWN, DOWN]
    made.accept({"name": "first"}, key="7")
    made.accept({"name": "second"}, key="7")
    made.accept({"name": "other"}, key="8")

    while made.store.next_due(["leads"]):
        made.deliver_next()

    assert [request.json["name"] for request in made.crm.requests] == ["first"] * 3 + ["other", "first", "second"]


# dry run -----------------------------------------------------------------------------------------------------------------------
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


def test_a_dry_run_plans_on_failure_too(make: Benches) -> None:
    alarm = step("alarm", {"text": "meta.error"}, to=connection("chat"))
    required = step("order", {"phone": {"from": "phone", "required": True}})
    made = make(bundle(required, on_failure=(alarm,)), dry_run=True)
    made.accept()

    outcomes = made.deliver_due()

    assert outcomes == ["failed"]
    assert [(call.step, call.state) for call in made.transactions()] == [("on_failure.alarm", "planned")]
    assert made.delivery().state == "running"
