"""The gate: slow, huge and numerous senders get an end, and the next one its answer."""

import contextlib
import http.client
import resource
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from ipaddress import ip_network
from typing import Any, cast

import pytest

from apimonster_cli.core.clock import SystemClock
from apimonster_cli.daemon import gate
from apimonster_cli.daemon.front import Front, bind
from apimonster_cli.daemon.gate import Bounds, Crowd, room_for_connections
from apimonster_cli.daemon.health import Health
from apimonster_cli.daemon.limits import Network
from apimonster_cli.daemon.listener import build_app
from tests.daemon.listening import TOKEN, HeldStore, Listening, Reply, config, connection, listening, read_raw

HOOK = f"/hooks/site/{TOKEN}"
POST = f"POST {HOOK} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 3\r\n".encode()
SOON = 0.2
BOUNDS = Bounds(head_seconds=SOON, unread_seconds=SOON)


@pytest.fixture(scope="module")
def listener() -> Iterator[Listening]:
    with listening(config([connection()]), HeldStore(), bounds=BOUNDS) as up:
        yield up


def answered(listener: Listening, *pieces: bytes) -> Reply | None:
    """Return what is answered to these bytes; None when the connection is closed without a word."""
    with listener.raw() as sender:
        for piece in pieces:
            with contextlib.suppress(OSError):  # it was told enough before
                sender.sendall(piece)
        try:
            reply = read_raw(sender)
        except (http.client.RemoteDisconnected, ConnectionResetError):
            return None
        with contextlib.suppress(ConnectionResetError):
            assert sender.recv(1) == b""
        return reply


def is_served(listener: Listening) -> bool:
    return listener.send("[7]").status == 200


@pytest.mark.parametrize(
    "begun",
    [b"P", b"POST ", POST, POST + b"X-Name: val", b"\r\n\r\n\r\n"],
    ids=["letter", "line", "head", "header", "empty"],
)
def test_waits_so_long_for_a_head_and_no_longer(listener: Listening, begun: bytes) -> None:
    reply = answered(listener, begun)

    assert reply
    assert (reply.status, reply.body["reason"]) == (408, "the request did not arrive in time")
    assert is_served(listener)


def test_does_not_begin_to_wait_anew_with_each_byte(listener: Listening) -> None:
    with listener.raw() as sender:
        sender.settimeout(SOON / 4)
        for letter in POST * 10:  # some 300 seconds, were it to go on
            sender.sendall(bytes([letter]))
            with contextlib.suppress(TimeoutError):
                first = sender.recv(12)
                break

    assert first == b"HTTP/1.1 408"


def test_closes_what_nothing_comes_on(listener: Listening) -> None:
    assert answered(listener) is None


def test_waits_as_long_for_the_head_of_a_later_request(listener: Listening) -> None:
    with listener.raw() as sender:
        sender.sendall(POST + b"\r\n[7]")
        first = read_raw(sender)
        sender.sendall(POST)
        second = read_raw(sender)

    assert (first.status, second.status) == (200, 408)


def test_does_not_read_for_ever_what_follows_an_answer(listener: Listening) -> None:
    head = b"POST /hooks/site/wrong HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n\r\n"
    with listener.raw() as sender:
        sender.sendall(head)
        reply = read_raw(sender)
        sent = 0
        with pytest.raises(OSError, match=r".*"):  # noqa: PT012 - until it is cut off
            while sent < 10**9:
                sent += sender.send(bytes(1000))

    assert reply.status == 404


CHUNKS = POST.replace(b"Content-Length: 3", b"Transfer-Encoding: chunked") + b"\r\n3\r\n[7]\r\n0\r\n"


@pytest.mark.parametrize(
    "head",
    [
        b"POST /" + b"a" * 32_763,
        POST + b"X-Name: " + b"a" * (32_770 - len(POST) - 9),
        POST + b"a" * (32_769 - len(POST)),
        POST + b"X-Name: 1\r\n" * 101,
        (POST + b"\r\n[7]") * 18,
    ],
    ids=["line", "header", "name", "many", "queue"],
)
def test_tells_a_sender_whose_head_is_over_its_bound(listener: Listening, head: bytes) -> None:
    # Whoever still sends when it is told may see no more than the end of the connection.
    reply = next(filter(None, (answered(listener, head) for _ in range(5))))

    assert reply.status == 431
    assert is_served(listener)


@pytest.mark.parametrize(
    "endless",
    [b"POST /", POST + b"X-Name: ", POST, POST + b"\r\n[7]" + POST + b"X-Name: ", CHUNKS + b"X: "],
    ids=["line", "header", "name", "second", "behind the body"],
)
def test_reads_no_endless_head(endless: bytes) -> None:
    sent = 0
    with listening(config([connection()]), HeldStore()) as up:
        with up.raw() as sender:
            sender.sendall(endless)
            with pytest.raises(ConnectionError):  # noqa: PT012 - until it is cut off
                while sent < 10**9:
                    sent += sender.send(b"a" * 65536)

        assert sent < 10**9
        assert is_served(up)


def test_takes_a_head_up_to_its_bound(listener: Listening) -> None:
    rest = b"\r\n\r\n[7]"
    head = POST + b"X-Name: "
    head += b"a" * (BOUNDS.head_bytes - len(head) - 4)
    many = POST + b"X-Name: 1\r\n" * (BOUNDS.headers - 4) + b"Connection: close"

    with listener.raw() as sender:
        sender.sendall(head + rest)
        long = read_raw(sender)
    reply = answered(listener, many + rest)

    assert long.status == 200
    assert reply
    assert reply.status == 200


@pytest.mark.parametrize(
    "request_",
    [
        b"\0\0\0\0\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET http:// HTTP/1.1\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\n\r\n",
        POST + b"Content-Length: 4\r\n\r\n[77]",
        POST.replace(b": 3", b": -3") + b"\r\n[7]",
        POST.replace(b": 3", b": 99999999999999999999999") + b"\r\n[7]",
        POST + b"Transfer-Encoding: chunked\r\n\r\n3\r\n[7]\r\n0\r\n\r\n",
        POST.replace(b"Content-Length: 3", b"Transfer-Encoding: chunked") + b"\r\nzz\r\n[7]\r\n",
        POST.replace(b"Content-Length: 3", b"Transfer-Encoding: chunked") + b"\r\n2\r\n[7]\r\n0\r\n\r\n",
        POST + b"X\0: 1\r\n\r\n[7]",
        POST + b"X: \0\r\n\r\n[7]",
        POST + b"X : 1\r\n\r\n[7]",
    ],
    ids=[
        "zeros", "version", "no host", "not ascii", "two lengths", "below zero", "endless", "length and chunks", "no size",
        "size too small", "zero in a name", "zero in a value", "space before the colon",
    ],
)  # fmt: skip
def test_refuses_what_is_not_http(listener: Listening, request_: bytes) -> None:
    reply = answered(listener, request_)

    assert reply
    assert (reply.status, reply.body["reason"]) == (400, "this is not a request of HTTP")
    assert is_served(listener)


OFFER = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAEAAAAIAAAAB\r\n"


@pytest.mark.parametrize(
    "pieces",
    [
        [POST + OFFER + b"\r\n[7]"],
        [POST + OFFER + b"\r\n", b"[", b"7]"],
        [CHUNKS.replace(b"\r\n\r\n", b"\r\n" + OFFER + b"\r\n") + b"\r\n"],
    ],
    ids=["at once", "in pieces", "in chunks"],
)
def test_takes_the_body_of_a_sender_that_offers_another_protocol(listener: Listening, pieces: list[bytes]) -> None:
    with listener.raw() as sender:
        for piece in pieces:
            sender.sendall(piece)
        offered = read_raw(sender)
        sender.sendall(POST + b"\r\n[7]")
        next_one = read_raw(sender)

    assert (offered.status, offered.body["status"]) == (200, "accepted")
    assert (next_one.status, next_one.body["status"]) == (200, "accepted")


def test_speaks_no_other_protocol(listener: Listening) -> None:
    with listener.raw() as sender:
        sender.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
        reply = read_raw(sender)

    assert (reply.status, reply.body) == (200, {"status": "ok"})


def test_ends_what_leaves_its_answers_unread() -> None:
    bounds = Bounds(unread_seconds=SOON, queued=2000, connections=2)  # one of each sender
    with listening(config([connection()]), HeldStore(), bounds=bounds, send_buffer=4096) as up, up.raw() as sender:
        sender.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sender.sendall(b"GET /healthz HTTP/1.1\r\n\r\n" * 1500)
        assert not is_served(up)

        found = any(is_served(up) for _ in until(20))

    assert found


def until(seconds: float) -> Iterator[None]:
    """Give turns until so much time is over."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        yield
        time.sleep(0.02)


@pytest.fixture
def few() -> Iterator[Listening]:
    """Return a listener for eight connections, four of one sender, and one more of either to be told so."""
    with listening(config([connection()]), HeldStore(), bounds=Bounds(connections=8)) as up:
        yield up


def opened(stack: ExitStack, listener: Listening, address: str) -> socket.socket:
    """Return a connection from an address of this machine that has been answered once."""
    sender = stack.enter_context(
        socket.create_connection(("127.0.0.1", listener.port), timeout=20, source_address=(address, 0))
    )
    sender.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
    return sender


def test_tells_a_sender_with_too_many_connections_when_to_come_back(few: Listening) -> None:
    with ExitStack() as stack:
        served = [read_raw(opened(stack, few, "127.0.0.2")).status for _ in range(4)]
        told = read_raw(opened(stack, few, "127.0.0.2"))
        other = read_raw(opened(stack, few, "127.0.0.3"))

    assert served == [200] * 4
    assert (told.status, told.headers["retry-after"], told.headers["connection"]) == (503, "10", "close")
    assert told.body["reason"] == "too many connections are open; send it again later"
    assert other.status == 200


def test_bounds_all_connections_and_takes_up_what_becomes_free(few: Listening) -> None:
    with ExitStack() as stack:
        held = [opened(stack, few, f"127.0.0.{2 + number % 4}") for number in range(8)]
        served = [read_raw(sender).status for sender in held]
        full = read_raw(opened(stack, few, "127.0.0.9"))
        for sender in held[:2]:
            sender.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            assert read_raw(sender).status == 200
            assert sender.recv(1) == b""

        freed = read_raw(opened(stack, few, "127.0.0.9"))

    assert served == [200] * 8
    assert (full.status, freed.status) == (503, 200)


def test_says_nothing_where_there_is_no_room_to_say_it(few: Listening) -> None:
    with ExitStack() as stack:
        for _ in range(4):
            assert read_raw(opened(stack, few, "127.0.0.2")).status == 200
        stack.enter_context(
            socket.create_connection(("127.0.0.1", few.port), source_address=("127.0.0.2", 0))
        )  # the one that would be told

        with pytest.raises((ConnectionError, http.client.HTTPException)):
            read_raw(opened(stack, few, "127.0.0.2"))


def test_counts_an_address_of_the_internet_by_itself_and_a_network_of_ipv6_as_one() -> None:
    crowd = Crowd(Bounds(connections=100, of_one=2))

    found = [crowd.enter(address) for address in ("203.0.113.1", "1.1.1.1", "1.1.1.1", "1.1.1.1", "1.1.1.2")]
    block = [crowd.enter(address) for address in ("2a00::1", "2a00::2:1", "2a00::3", "2a00:0:0:1::1")]
    crowd.leave("2a00::1")

    assert found == ["in", "in", "in", "full", "in"]
    assert block == ["in", "in", "full", "in"]
    assert crowd.enter("::ffff:1.1.1.1") == "full"
    assert crowd.enter("2a00::4") == "full"


def test_a_server_asks_which_proxies_are_named_by_now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "may_be_a_proxy", lambda address: address == "127.0.0.1")
    store, clock = cast("Any", HeldStore()), SystemClock()
    app = build_app(config([connection()]), store, clock, Health(store, clock))
    listening_on = bind(("127.0.0.1", 0))
    front = Front(app, listening_on)
    front.start()
    up = Listening(listening_on.getsockname()[1])
    try:
        with ExitStack() as stack:
            served = {read_raw(opened(stack, up, "127.0.0.2")).status for _ in range(Bounds().of_one)}
            before = read_raw(opened(stack, up, "127.0.0.2")).status
            front.proxies = [ip_network("127.0.0.2")]
            after = read_raw(opened(stack, up, "127.0.0.2")).status
    finally:
        front.stop(5)

    assert (served, before, after) == ({200}, 503, 200)


def test_a_proxy_that_is_named_by_now_may_open_half_of_all() -> None:
    named: list[Network] = []
    crowd = Crowd(Bounds(connections=100, of_one=2), lambda: named)

    before = [crowd.enter("1.1.1.1") for _ in range(3)]
    named.append(ip_network("1.1.1.0/24"))
    after = [crowd.enter("1.1.1.1") for _ in range(48)]

    assert before == ["in", "in", "full"]
    assert after == ["in"] * 47 + ["full"]


@pytest.mark.parametrize(
    ("limits", "room", "raised"),
    [
        ((1024, 1024), 624, None),
        ((1024, 4096), 2000, (2400, 4096)),
        ((1024, 2000), 1600, (2000, 2000)),
        ((256, 256), 64, None),
        ((20_000, 20_000), 2000, None),
        ((resource.RLIM_INFINITY, resource.RLIM_INFINITY), 2000, None),
        ((1024, resource.RLIM_INFINITY), 2000, (2400, resource.RLIM_INFINITY)),
    ],
)
def test_leaves_files_for_the_rest_of_the_program(
    monkeypatch: pytest.MonkeyPatch, limits: tuple[int, int], room: int, raised: tuple[int, int] | None
) -> None:
    asked: list[Any] = []
    monkeypatch.setattr(resource, "getrlimit", lambda _which: limits)
    monkeypatch.setattr(resource, "setrlimit", lambda _which, wanted: asked.append(wanted))

    found = room_for_connections(2000)

    assert found == room
    assert [wanted for wanted in asked if wanted != limits] == ([raised] if raised else [])
