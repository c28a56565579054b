"""What the listener refuses before it reads a body."""

from datetime import UTC, datetime
from ipaddress import ip_network

import pytest

from apimonster_cli.daemon.limits import InboundRate, QueueBound, sender, within


class FakeClock:
    def __init__(self) -> None:
        self.seconds = 100.0

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.seconds, UTC)

    def monotonic(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds


def test_takes_a_second_of_webhooks_at_once() -> None:
    rate = InboundRate(5, FakeClock())

    assert [rate.take() for _ in range(7)] == [0, 0, 0, 0, 0, 1, 1]


def test_takes_one_more_when_its_time_has_come() -> None:
    clock = FakeClock()
    rate = InboundRate(5, clock)
    for _ in range(5):
        rate.take()

    clock.sleep(0.2)

    assert [rate.take(), rate.take()] == [0, 1]


def test_says_how_long_to_wait_at_a_slow_rate() -> None:
    rate = InboundRate(1 / 30, FakeClock())

    assert [rate.take(), rate.take()] == [0, 30]


class Counting:
    """A bound of ten whose counts are done when the test says so."""

    def __init__(self) -> None:
        self.begun = 0
        self.clock = FakeClock()
        self.bound = QueueBound(10, self.clock, self.begin)

    def begin(self) -> None:
        self.begun += 1


def test_counts_the_queue_only_when_it_may_be_full() -> None:
    queue = Counting()

    assert not queue.bound.full()
    queue.bound.counted(4)
    queue.bound.add(5)
    assert not queue.bound.full()
    assert queue.begun == 1
    queue.bound.add(1)
    queue.clock.sleep(1)
    assert not queue.bound.full()
    assert queue.begun == 2


def test_is_full_until_a_count_says_otherwise() -> None:
    queue = Counting()
    queue.bound.full()
    queue.bound.counted(10)

    assert queue.bound.full()
    assert queue.begun == 1
    queue.clock.sleep(1)
    assert queue.bound.full()
    queue.bound.counted(3)
    assert not queue.bound.full()


def test_counts_again_when_a_count_failed() -> None:
    queue = Counting()
    queue.bound.full()
    queue.bound.counted(None)
    queue.clock.sleep(1)

    assert not queue.bound.full()
    assert queue.begun == 2


@pytest.mark.parametrize(
    ("address", "inside"),
    [
        ("92.118.66.7", True),
        ("::ffff:92.118.66.7", True),
        ("92.118.66.7:5000", True),
        ("2001:db8::1", True),
        ("[2001:db8::1]:443", True),
        ("10.0.0.1", False),
        ("nonsense", False),
        ("", False),
        (None, False),
    ],
)
def test_knows_its_networks(address: str | None, inside: bool) -> None:  # noqa: FBT001 - a table
    assert within(address, [ip_network("92.118.66.0/23"), ip_network("2001:db8::/32")]) is inside


@pytest.mark.parametrize(
    ("peer", "forwarded", "found"),
    [
        ("127.0.0.1", [b"203.0.113.9"], "203.0.113.9"),
        ("127.0.0.1", [b"6.6.6.6, 203.0.113.9"], "203.0.113.9"),
        ("127.0.0.1", [b"6.6.6.6, 203.0.113.9, 10.0.0.2"], "203.0.113.9"),
        ("127.0.0.1", [b"6.6.6.6", b"203.0.113.9"], "203.0.113.9"),
        ("127.0.0.1", [b"203.0.113.9:4711"], "203.0.113.9"),
        ("127.0.0.1", [b"unknown"], "127.0.0.1"),
        ("127.0.0.1", [], "127.0.0.1"),
        ("198.51.100.1", [b"203.0.113.9"], "198.51.100.1"),
        (None, [b"203.0.113.9"], None),
    ],
)
def test_believes_only_its_own_proxies(peer: str | None, forwarded: list[bytes], found: str | None) -> None:
    assert sender(peer, forwarded, [ip_network("127.0.0.0/8"), ip_network("10.0.0.0/8")]) == found
