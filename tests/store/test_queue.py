"""The queue under whatever workers, kills, clocks and people do to it in any order."""

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.store.queue_machine import QueueMachine

USUAL = settings(max_examples=20, stateful_step_count=40, suppress_health_check=list(HealthCheck))


def test_keeps_its_promises() -> None:
    run_state_machine_as_test(QueueMachine, settings=USUAL)


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_keeps_its_promises_for_long() -> None:
    long = settings(USUAL, max_examples=2000, stateful_step_count=60)

    run_state_machine_as_test(QueueMachine, settings=long)
