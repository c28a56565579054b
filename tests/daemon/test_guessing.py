"""Guessing at tokens: it costs the same whatever is wrong, is told nothing, and comes to an end; right senders come through."""

import hmac
from ipaddress import ip_network
from typing import Any

import pytest

from apimonster_cli.daemon import limits
from apimonster_cli.daemon.door import Doors
from apimonster_cli.daemon.limits import Guesses, block, may_be_a_proxy
from tests.daemon.listening import TOKEN, HeldStore, Listening, Reply, config, connection, listening
from tests.daemon.test_limits import FakeClock

STRANGER, SENDER, LOOPBACK = "8.8.4.4", "1.1.1.1", "127.0.0.1"
HOOK = f"/hooks/site/{TOKEN}"
PROXIED: dict[str, Any] = {"trusted_proxies": [ip_network("127.0.0.1/32")]}


@pytest.fixture
def compared(monkeypatch: pytest.MonkeyPatch) -> list[tuple[bytes, bytes]]:
    """Return what is compared in constant time from here on."""
    pairs: list[tuple[bytes, bytes]] = []

    def compare(given: bytes, right: bytes) -> bool:
        pairs.append((given, right))
        return given == right

    monkeypatch.setattr(hmac, "compare_digest", compare)
    return pairs


@pytest.mark.parametrize(
    ("path", "found"),
    [
        (HOOK, True),
        ("/hooks/site/a-wrong-token", False),
        (f"/hooks/site/{TOKEN[:-1]}", False),
        (f"/hooks/nobody/{TOKEN}", False),
        ("/hooks/nobody/", False),
        ("/hooks/", False),
        (f"/hooks/crm/{TOKEN}", False),
    ],
)
def test_compares_once_and_the_same_length_whatever_is_wrong(
    compared: list[tuple[bytes, bytes]], path: str, *, found: bool
) -> None:
    doors = Doors(config([connection()]), FakeClock())

    door = doors.find(path)

    assert (door is not None) is found
    ((given, right),) = compared
    assert len(given) == len(right) == 32


def tried(guesses: Guesses, number: int, address: str = SENDER, **options: Any) -> list[int]:
    """Return for how long each of so many different wrong addresses is refused."""
    return [guesses.refuses(address, f"/hooks/site/{guess}", right=False, **options) for guess in range(number)]


def test_refuses_a_guesser_until_the_minute_is_over() -> None:
    clock = FakeClock()
    guesses = Guesses(clock)

    first = tried(guesses, 22)
    clock.sleep(45.5)
    later = tried(guesses, 1)
    clock.sleep(14.5)

    assert first == [0] * 20 + [60, 60]
    assert later == [15]
    assert tried(guesses, 21) == [0] * 20 + [60]


def test_refuses_the_guess_that_hits_as_well() -> None:
    clock = FakeClock()
    guesses = Guesses(clock)
    tried(guesses, 21)

    hit = guesses.refuses(SENDER, HOOK, right=True)

    assert hit == 60
    assert guesses.refuses("1.1.1.2", HOOK, right=True) == 0
    clock.sleep(60)
    assert guesses.refuses(SENDER, HOOK, right=True) == 0


def test_takes_a_wrongly_pasted_address_for_no_guess() -> None:
    guesses = Guesses(FakeClock())

    answers = {guesses.refuses(SENDER, "/hooks/site/cut-of", right=False) for _ in range(1000)}

    assert answers == {0}


def test_lets_in_who_was_right_before() -> None:
    guesses = Guesses(FakeClock())
    guesses.refuses(SENDER, HOOK, right=True)

    wrong = tried(guesses, 21)

    assert wrong[-1] == 60
    assert guesses.refuses(SENDER, HOOK, right=True) == 0


@pytest.mark.parametrize(("address", "shared"), [(LOOPBACK, False), ("172.17.0.1", False), ("203.0.113.80", True)])
def test_shuts_nobody_out_behind_a_proxy(address: str, *, shared: bool) -> None:
    guesses = Guesses(FakeClock())

    wrong = tried(guesses, 21, address, shared=shared)

    assert wrong[-1] == 60
    assert guesses.refuses(address, HOOK, right=True, shared=shared) == 0


def test_counts_a_network_of_ipv6_as_one_sender() -> None:
    guesses = Guesses(FakeClock())

    answers = [guesses.refuses(f"2a00::{guess:x}", f"/hooks/site/{guess}", right=False) for guess in range(21)]

    assert answers[-1] == 60
    assert tried(guesses, 1, "2a00:0:0:1::1") == [0]


def test_remembers_no_more_senders_than_it_may(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "_REMEMBERED", 8)
    guesses = Guesses(FakeClock())
    for number in range(1, 100):
        tried(guesses, 25, f"1.1.2.{number}")
        guesses.refuses(f"1.1.3.{number}", HOOK, right=True)

    assert len(guesses._tried) == len(guesses._welcome) == 8
    assert not any(one._paths for one in guesses._tried.values())
    assert tried(guesses, 1, "1.1.2.99") == [60]
    assert tried(guesses, 1, "1.1.2.1") == [0]


def test_tells_of_a_guesser_once_and_not_what_was_guessed(capsys: pytest.CaptureFixture[str]) -> None:
    guesses = Guesses(FakeClock())

    tried(guesses, 100)

    told = capsys.readouterr()
    lines = [line for line in (told.out + told.err).splitlines() if "wrong addresses" in line]
    assert len(lines) == 1
    assert SENDER in lines[0]
    assert "/hooks/" not in lines[0]
    assert "this sender is refused" in lines[0]


@pytest.mark.parametrize(
    ("shared", "said"), [(False, "name it under trusted_proxies"), (True, "let it send X-Forwarded-For")]
)
def test_tells_what_to_do_about_a_proxy(capsys: pytest.CaptureFixture[str], *, shared: bool, said: str) -> None:
    guesses = Guesses(FakeClock())

    for number in range(21):
        guesses.refuses("127.0.0.1", f"/hooks/site/{number}", right=False, shared=shared)

    told = capsys.readouterr()
    assert said in told.out + told.err


@pytest.mark.parametrize(
    ("address", "whose"),
    [
        ("1.2.3.4", "1.2.3.4"),
        ("::ffff:1.2.3.4", "1.2.3.4"),
        ("2a00:1:2:3:4:5:6:7", "2a00:1:2:3::/64"),
        ("", ""),
        ("unix", "unix"),
    ],
)
def test_names_a_sender(address: str, whose: str) -> None:
    assert block(address) == whose


@pytest.mark.parametrize(
    ("address", "so"),
    [("127.0.0.1", True), ("10.0.0.1", True), ("::1", True), ("fe80::1", True), ("", True), ("1.1.1.1", False), ("2a00::1", False)],
)  # fmt: skip
def test_knows_where_a_proxy_may_sit(address: str, *, so: bool) -> None:
    assert may_be_a_proxy(address) is so


def guess(up: Listening, number: int, **headers: str) -> Reply:
    return up.send(b"[7]", path=f"/hooks/site/guess-{number}", headers=headers)


def test_answers_a_guesser_429_and_everybody_else_as_ever() -> None:
    store = HeldStore()
    with listening(config([connection(**PROXIED)]), store) as up:
        answers = [guess(up, number, **{"X-Forwarded-For": STRANGER}) for number in range(21)]
        hit = up.send("[7]", headers={"X-Forwarded-For": STRANGER})
        other = up.send("[7]", headers={"X-Forwarded-For": SENDER})
        direct = up.send("[7]")

    assert [reply.status for reply in answers] == [404] * 20 + [429]
    assert (
        hit.body == answers[-1].body == {"status": "refused", "reason": "too many wrong addresses were tried from here"}
    )
    assert 0 < int(hit.headers["retry-after"]) <= 60
    assert (other.status, direct.status) == (200, 200)
    assert len(store.events) == 2


def test_believes_no_header_of_a_proxy_that_nobody_named() -> None:
    with listening(config([connection()]), HeldStore()) as up:
        answers = [guess(up, number, **{"X-Forwarded-For": f"1.1.1.{number}"}) for number in range(21)]
        right = up.send("[7]", headers={"X-Forwarded-For": "1.1.1.20"})

    assert answers[-1].status == 429
    assert right.status == 200


def test_counts_the_right_token_of_a_sender_from_elsewhere_as_wrong() -> None:
    outside = connection(allow_from=[ip_network("198.51.100.0/24")], **PROXIED)
    with listening(config([outside]), HeldStore()) as up:
        hit = up.send("[7]", headers={"X-Forwarded-For": SENDER})
        answers = [guess(up, number, **{"X-Forwarded-For": SENDER}) for number in range(20)]
        again = up.send("[7]", headers={"X-Forwarded-For": SENDER})

    assert hit.body == answers[0].body
    assert (hit.status, answers[-1].status, again.status) == (404, 429, 429)


def test_reads_no_body_of_a_guesser() -> None:
    with listening(config([connection()]), HeldStore()) as up:
        for number in range(21):
            last = guess(up, number)
        with up.raw() as sender:
            sender.sendall(b"POST /hooks/site/more HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n")
            answered = sender.recv(12)

    assert last.status == 429
    assert answered == b"HTTP/1.1 429"
