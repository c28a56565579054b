"""One connection that does not work must not hold up the others."""

import threading

import pytest

from apimonster_cli.core.errors import TransientError
from apimonster_cli.engine.circuit import FAILURES, LONGEST_REST, PAUSE_REST, Circuit, Circuits
from apimonster_cli.store.rows import Pause
from tests.engine.support import DOWN, START, FakeClock


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def circuit(clock: FakeClock) -> Circuit:
    return Circuit("crm", clock)


def fail(circuit: Circuit, times: int = 1, error: TransientError = DOWN) -> None:
    for _ in range(times):
        circuit.enter()
        circuit.failed(error)
        circuit.leave()


def turned_away(circuit: Circuit) -> TransientError:
    with pytest.raises(TransientError) as raised:
        circuit.enter()
    return raised.value


def test_lets_calls_through() -> None:
    circuit = Circuit("crm", FakeClock())

    circuit.enter()

    assert circuit.room() is None
    assert circuit.wait() == 0


def test_rests_after_several_failures_in_a_row(circuit: Circuit) -> None:
    fail(circuit, FAILURES)

    error = turned_away(circuit)
    assert error.turned_away
    assert not error.may_have_happened
    assert error.retry_after == pytest.approx(circuit.wait())
    assert str(error) == "nobody answers; deliveries wait until connection crm works again"
    assert circuit.room() == 0


def test_an_answer_in_between_starts_the_count_again(circuit: Circuit) -> None:
    fail(circuit, FAILURES - 1)
    circuit.answered()
    fail(circuit, FAILURES - 1)

    assert not circuit.resting


def test_tries_one_call_when_the_rest_is_over(circuit: Circuit, clock: FakeClock) -> None:
    fail(circuit, FAILURES)
    clock.sleep(circuit.wait())
    seen: list[TransientError] = []

    circuit.enter()
    other = threading.Thread(target=lambda: seen.append(turned_away(circuit)))
    other.start()
    other.join()

    assert circuit.room() == 1
    assert [error.turned_away for error in seen] == [True]


def test_an_answer_to_the_trial_opens_it_to_all(circuit: Circuit, clock: FakeClock) -> None:
    fail(circuit, FAILURES)
    clock.sleep(circuit.wait())

    circuit.enter()
    circuit.answered()
    circuit.leave()

    assert circuit.room() is None


def test_rests_longer_after_each_failed_trial(circuit: Circuit, clock: FakeClock) -> None:
    fail(circuit, FAILURES)
    rests = [circuit.wait()]
    for _ in range(8):
        clock.sleep(circuit.wait())
        fail(circuit)
        rests.append(circuit.wait())

    assert rests[0] <= 2.4
    assert rests[1] > rests[0]
    assert LONGEST_REST * 0.8 <= rests[-1] <= LONGEST_REST * 1.2


def test_rests_as_long_as_the_service_asks(circuit: Circuit) -> None:
    fail(circuit, FAILURES, TransientError("busy", may_have_happened=False, retry_after=100))

    assert circuit.wait() >= 80


def test_calls_that_fail_while_it_rests_do_not_prolong_the_rest(circuit: Circuit) -> None:
    fail(circuit, FAILURES)
    rest = circuit.wait()

    circuit.failed(DOWN)

    assert circuit.wait() == rest


def test_a_trial_that_was_never_sent_leaves_room_for_another(circuit: Circuit, clock: FakeClock) -> None:
    fail(circuit, FAILURES)
    clock.sleep(circuit.wait())
    circuit.enter()
    circuit.leave()

    circuit.enter()

    assert circuit.room() == 1


def test_a_refused_key_pauses_it_once(circuit: Circuit) -> None:
    assert circuit.refused("wrong key")
    assert not circuit.refused("wrong key")

    assert circuit.paused
    assert PAUSE_REST * 0.8 <= circuit.wait() <= PAUSE_REST * 1.2
    assert str(turned_away(circuit)) == "connection crm is paused, its deliveries wait for a working key: wrong key"


def test_says_once_that_a_paused_connection_works_again(circuit: Circuit) -> None:
    circuit.refused("wrong key")

    assert circuit.answered()
    assert not circuit.answered()
    assert not circuit.paused


def test_remembers_since_when_and_why_it_is_paused(clock: FakeClock) -> None:
    circuits = Circuits(["crm", "other"], clock)
    circuits["crm"].refused("wrong key")
    clock.sleep(100)

    circuits["crm"].refused("still wrong")

    assert circuits.pauses() == [Pause("crm", START, "still wrong")]
    assert circuits["crm"].pause == circuits.pauses()[0]
    assert circuits["other"].pause is None


def test_says_why_it_rests_and_nothing_when_it_does_not(circuit: Circuit) -> None:
    before = circuit.why
    fail(circuit, FAILURES)
    resting = circuit.why
    circuit.answered()

    assert (before, circuit.why) == ("", "")
    assert resting == "nobody answers; deliveries wait until connection crm works again"


def test_what_a_reload_has_mended_was_paused_before(circuit: Circuit) -> None:
    circuit.doubt()

    assert [circuit.answered(), circuit.answered()] == [True, False]


def test_what_a_reload_has_not_mended_is_paused_anew(circuit: Circuit) -> None:
    circuit.doubt()

    assert circuit.refused("wrong key")
    assert circuit.paused


def test_a_connection_in_doubt_lets_one_call_try_at_once(clock: FakeClock) -> None:
    circuits = Circuits(["crm", "other"], clock)

    circuits.doubt(["crm", "gone"])

    assert circuits["crm"].room() == 1
    assert circuits["other"].room() is None
    assert circuits.paused() == []
    assert circuits.wait() is None


def test_knows_when_the_first_connection_may_be_tried_again(clock: FakeClock) -> None:
    circuits = Circuits(["crm", "other"], clock)
    assert circuits.wait() is None

    circuits["other"].refused("wrong key")

    assert circuits.wait() == circuits["other"].wait()
