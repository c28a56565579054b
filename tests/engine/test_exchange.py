"""One call: on record before it is sent, and not sent when it is too late for it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from apimonster_cli.bundles.model import Connection
from apimonster_cli.connectors.http import CONNECTOR as HTTP
from apimonster_cli.core.call import Answer, Request
from apimonster_cli.core.errors import TransientError
from apimonster_cli.core.redact import MASK, Redactor
from apimonster_cli.engine.cache import AnswerCache
from apimonster_cli.engine.call import LONGEST_STILL, Exchange, Line
from apimonster_cli.engine.circuit import Circuit
from apimonster_cli.store.api import Store
from apimonster_cli.store.open import open_store
from apimonster_cli.store.rows import EndedTransaction, NewTransaction
from tests.engine.support import PLACE, SECRET, FakeClock, Service, connection

CALL = Request("POST", "/put", json={"id": "7"}, writes=True)


class SlowRecord:
    """A record that takes its time."""

    def __init__(self, clock: FakeClock, seconds: float) -> None:
        self.ended: list[EndedTransaction] = []
        self._clock = clock
        self._seconds = seconds

    def begin(self, call: NewTransaction) -> int:  # noqa: ARG002  # what it is does not matter here
        self._clock.passed += self._seconds
        return 1

    def end(self, transaction: EndedTransaction) -> None:
        self.ended.append(transaction)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def store(tmp_path: Path, clock: FakeClock) -> Iterator[Store]:
    store = open_store("sqlite:///store.db", base=tmp_path, daemon=True, clock=clock)
    yield store
    store.close_store()


def exchange(
    store: Store, service: Service, record: SlowRecord, clock: FakeClock, to: Connection | None = None
) -> Exchange:
    line = Line(service, Circuit("crm", clock), store, clock, Redactor([SECRET]), AnswerCache(clock))
    return Exchange(to or connection(), "order", "crm.put", line, record)


def test_sends_a_call_that_is_on_record(store: Store, clock: FakeClock) -> None:
    service, record = Service(), SlowRecord(clock, LONGEST_STILL - 1)

    exchange(store, service, record, clock).ask(CALL)

    assert service.requests == [CALL]
    assert [each.state for each in record.ended] == ["answered"]


def test_does_not_send_a_call_before_which_the_program_stood_still(store: Store, clock: FakeClock) -> None:
    service, record = Service(), SlowRecord(clock, LONGEST_STILL + 1)

    with pytest.raises(TransientError) as raised:
        exchange(store, service, record, clock).ask(CALL)

    assert (raised.value.turned_away, raised.value.may_have_happened) == (True, False)
    assert service.requests == []
    assert [each.state for each in record.ended] == ["turned_away"]


@pytest.mark.parametrize("left", range(len(SECRET)))
def test_a_reason_that_is_cut_off_holds_no_part_of_a_secret(store: Store, clock: FakeClock, left: int) -> None:
    page = b"x" * (300 - left) + SECRET.encode()  # 300 signs of an answer are quoted
    service, record = Service([Answer(503, {}, page)]), SlowRecord(clock, 0)
    partner = Connection("partner", HTTP, {"url": "https://partner.example"}, PLACE)

    with pytest.raises(TransientError) as raised:
        exchange(store, service, record, clock, partner).ask(CALL)

    (ended,) = record.ended
    assert SECRET[:3] not in f"{raised.value} {ended.error} {ended.answer}"


def test_an_action_reads_the_answer_as_it_came(store: Store, clock: FakeClock) -> None:
    service, record = Service([Answer(200, {"x-key": SECRET}, SECRET.encode())]), SlowRecord(clock, 0)

    answer = exchange(store, service, record, clock).ask(CALL)

    assert (answer.headers, answer.body) == ({"x-key": SECRET}, SECRET.encode())
    assert [ended.answer for ended in record.ended] == [MASK]
