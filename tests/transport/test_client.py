"""One outgoing call: what goes on the wire, what comes back, and what became of it when nothing did."""

import gzip
import socket
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from apimonster_cli.core import exactjson
from apimonster_cli.core.call import Request
from apimonster_cli.core.clock import SystemClock
from apimonster_cli.core.errors import PermanentError, TransientError
from apimonster_cli.core.redact import MASK, Redactor
from apimonster_cli.transport.client import Client
from apimonster_cli.transport.rate import Rate
from tests.transport.clocks import FakeClock
from tests.transport.servers import Server, answer, raw, reset, serve

KEY = "invented-key-0042"
CERTIFICATE = Path(__file__).parent / "loopback.pem"
READ = Request("GET", "/api/v5/orders")
WRITE = Request(
    "POST", "/api/v5/orders/create", form=(("site", "main"), ("order", '{"firstName":"Иван"}')), writes=True
)


@contextmanager
def client(url: str, **changes: Any) -> Iterator[Client]:
    settings: dict[str, Any] = {
        "headers": {"X-API-KEY": KEY},
        "rate": None,
        "timeout": 5,
        "redactor": Redactor([KEY]),
        "clock": SystemClock(),
    }
    made = Client("crm", url, **{**settings, **changes})
    try:
        yield made
    finally:
        made.close()


def head_of(server: Server, number: int = 0) -> str:
    return server.requests[number].partition(b"\r\n\r\n")[0].decode()


def body_of(server: Server, number: int = 0) -> bytes:
    return server.requests[number].partition(b"\r\n\r\n")[2]


def test_a_form_goes_out_encoded_with_the_key_in_its_header() -> None:
    with serve(answer()) as server, client(server.url) as made:
        found = made.send(WRITE)

    assert (found.status, found.json()) == (200, {"success": True})
    head = head_of(server)
    assert head.startswith("POST /api/v5/orders/create HTTP/1.1")
    assert f"X-API-KEY: {KEY}" in head
    assert "Content-Type: application/x-www-form-urlencoded" in head
    assert "User-Agent: apimonster-cli/" in head
    assert body_of(server) == b"site=main&order=%7B%22firstName%22%3A%22%D0%98%D0%B2%D0%B0%D0%BD%22%7D"


def test_a_query_goes_out_encoded_and_in_order() -> None:
    request = Request("GET", "/orders", query=(("filter[email]", "a+b@example.com"), ("by", "id"), ("by", "x y")))

    with serve(answer()) as server, client(server.url) as made:
        made.send(request)

    assert head_of(server).startswith("GET /orders?filter%5Bemail%5D=a%2Bb%40example.com&by=id&by=x+y HTTP/1.1")


def test_a_key_in_the_query_goes_out_and_is_not_shown() -> None:
    with serve(answer()) as server, client(server.url, query=[("clientApiId", "Gll/U3+w=")]) as made:
        request = Request("GET", "/orders", query=(("page", "1"),))

        made.send(request)

        assert head_of(server).startswith("GET /orders?clientApiId=Gll%2FU3%2Bw%3D&page=1 ")
        assert made.describe(request) == (f"{server.url}/orders?page=1", None)


def test_an_encoded_path_arrives_as_it_was_built() -> None:
    with serve(answer()) as server, client(f"{server.url}/base/") as made:
        made.send(Request("GET", "/orders/ct-1%2F7%20%D0%B0?full=1", query=(("by", "id"),)))
        made.send(Request("GET", "orders/%2E%2E"))

    assert head_of(server).startswith("GET /base/orders/ct-1%2F7%20%D0%B0?full=1&by=id HTTP/1.1")
    assert head_of(server, 1).startswith("GET /base/orders/%2E%2E HTTP/1.1")


def test_json_goes_out_digit_by_digit() -> None:
    value = exactjson.loads('{"id": 9007199254740993018, "ga": 1200000001.1760000001, "имя": "Иван"}')

    with serve(answer()) as server, client(server.url) as made:
        made.send(Request("POST", "/in", json=value))

    assert "Content-Type: application/json" in head_of(server)
    assert body_of(server).decode() == '{"id":9007199254740993018,"ga":1200000001.1760000001,"имя":"Иван"}'


@pytest.mark.parametrize(("body", "expected"), [("текст", "текст".encode()), (b"\0\1", b"\0\1"), (None, b"")])
def test_a_body_goes_out_as_it_is(body: Any, expected: bytes) -> None:
    with serve(answer()) as server, client(server.url) as made:
        made.send(Request("PUT", "/in", body=body, headers={"Content-Type": "text/plain"}))

    assert body_of(server) == expected
    assert f"Content-Length: {len(expected)}" in head_of(server)
    assert "Content-Type: text/plain" in head_of(server)


def test_one_connection_serves_call_after_call() -> None:
    with serve(answer()) as server, client(server.url) as made:
        for _ in range(5):
            made.send(WRITE)

    assert (server.connections, len(server.requests)) == (1, 5)


def test_threads_have_connections_of_their_own_up_to_the_pool() -> None:
    with serve(answer()) as server, client(server.url, pool=3) as made, ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: made.send(READ).status, range(40)))

    assert answers == [200] * 40
    assert server.connections <= 3


def test_cookies_are_neither_kept_nor_sent() -> None:
    with serve(answer(b"{}", "200 OK", "Set-Cookie: session=1; Path=/")) as server, client(server.url) as made:
        made.send(READ)
        made.send(READ)

    assert "cookie" not in head_of(server, 1).lower()


@pytest.mark.parametrize("status", ["201 Created", "404 Not Found", "405 Not Allowed", "500 Oops", "503 Busy"])
def test_every_status_is_an_answer(status: str) -> None:
    with serve(answer(b"<html>page</html>", status, "Retry-After: 7")) as server, client(server.url) as made:
        found = made.send(WRITE)

    assert (found.status, found.text(), found.headers["retry-after"]) == (int(status[:3]), "<html>page</html>", "7")


def test_a_redirect_is_an_answer_and_not_followed() -> None:
    with (
        serve(answer(b"moved", "302 Found", "Location: http://127.0.0.1:1/elsewhere")) as server,
        client(server.url) as made,
    ):
        found = made.send(READ)

    assert (found.status, found.headers["location"]) == (302, "http://127.0.0.1:1/elsewhere")
    assert len(server.requests) == 1


def test_an_answer_without_a_body_is_empty() -> None:
    with serve(raw(b"HTTP/1.1 204 No Content\r\n\r\n")) as server, client(server.url) as made:
        found = made.send(WRITE)

    assert (found.status, found.body) == (204, b"")


def test_an_answer_cut_in_its_head_is_empty_and_no_log_tells_its_address(caplog: pytest.LogCaptureFixture) -> None:
    with serve(raw(b"HTTP/1.1 200 OK\r\nContent-Le")) as server, client(f"{server.url}/bot{KEY}") as made:
        found = made.send(READ)

    assert found.body == b""
    assert caplog.records == []


def test_a_chunked_answer_is_put_together() -> None:
    data = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n"
    with serve(raw(data)) as server, client(server.url) as made:
        found = made.send(READ)

    assert found.body == b"hello world"


def test_a_packed_answer_is_unpacked() -> None:
    packed = gzip.compress('{"имя":"Иван"}'.encode())
    with serve(answer(packed, "200 OK", "Content-Encoding: gzip")) as server, client(server.url) as made:
        found = made.send(READ)

    assert found.json() == {"имя": "Иван"}
    assert "Accept-Encoding: gzip" in head_of(server)


@pytest.mark.parametrize(
    ("body", "encoding", "words"),
    [
        (b"not packed at all", "gzip", "is damaged"),
        (gzip.compress(b"x" * 1000)[:-12], "gzip", "is not whole"),
        (zlib.compress(b"x"), "br", "is packed as br"),
        (gzip.compress(b"0" * 50_000_000), "gzip", "is larger than 1000000 bytes"),
        (b"0" * 1_000_001, "identity", "is larger than 1000000 bytes"),
    ],
    ids=["damaged", "cut", "unasked", "bomb", "huge"],
)
def test_an_answer_that_cannot_be_used_may_hide_a_call_that_worked(body: bytes, encoding: str, words: str) -> None:
    behaviour = answer(body, "200 OK", f"Content-Encoding: {encoding}")
    with (
        serve(behaviour) as server,
        client(server.url, max_answer=1_000_000) as made,
        pytest.raises(TransientError, match=f"connection crm: the answer of 127.0.0.1 {words}") as caught,
    ):
        made.send(WRITE)

    assert caught.value.may_have_happened is True


def test_an_endless_answer_is_left_at_the_bound() -> None:
    def pour(peer: socket.socket, _request: bytes) -> bool:
        peer.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            peer.sendall(b"x" * 65536)

    with (
        serve(pour) as server,
        client(server.url, max_answer=200_000) as made,
        pytest.raises(TransientError, match="larger than 200000 bytes"),
    ):
        made.send(READ)

    assert len(server.requests) == 1


def test_an_answer_that_trickles_is_left_at_the_timeout() -> None:
    clock = FakeClock()

    def trickle(peer: socket.socket, _request: bytes) -> bool:
        peer.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            clock.seconds += 3
            peer.sendall(b"x")

    with (
        serve(trickle) as server,
        client(server.url, clock=clock) as made,
        pytest.raises(TransientError, match="comes too slowly") as caught,
    ):
        made.send(WRITE)

    assert caught.value.may_have_happened is True


@pytest.mark.parametrize(
    "behaviour",
    [
        reset,
        raw(b""),
        raw(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"),
        raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel"),
        raw(b"SSH-2.0-OpenSSH_9.2\r\n"),
    ],
    ids=["reset", "closed", "cut", "cut chunk", "not http"],
)
@pytest.mark.parametrize(("request_", "may_have_happened"), [(WRITE, True), (READ, False)], ids=["write", "read"])
def test_after_a_broken_answer_a_writing_call_may_have_happened(
    behaviour: Any, request_: Request, *, may_have_happened: bool
) -> None:
    with (
        serve(behaviour) as server,
        client(server.url) as made,
        pytest.raises(TransientError, match="connection crm: 127.0.0.1 broke the connection") as caught,
    ):
        made.send(request_)

    assert caught.value.may_have_happened is may_have_happened


def test_a_kept_connection_that_breaks_leaves_a_writing_call_in_doubt() -> None:
    with serve(answer(), reset) as server, client(server.url) as made:
        made.send(WRITE)
        with pytest.raises(TransientError) as caught:
            made.send(WRITE)

    assert caught.value.may_have_happened is True
    assert len(server.requests) == 2, "the call is not repeated behind our back"


def test_no_answer_within_the_timeout_leaves_a_writing_call_in_doubt() -> None:
    def say_nothing(peer: socket.socket, _request: bytes) -> bool:
        return bool(peer.recv(1))

    with (
        serve(say_nothing) as server,
        client(server.url, timeout=0.05) as made,
        pytest.raises(TransientError, match=r"127.0.0.1 gave no answer within 0.05 s") as caught,
    ):
        made.send(WRITE)

    assert caught.value.may_have_happened is True


def test_a_refused_connection_carried_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

    with (
        client(f"http://127.0.0.1:{port}") as made,
        pytest.raises(TransientError, match="127.0.0.1 cannot be reached: it refuses the connection") as caught,
    ):
        made.send(WRITE)

    assert caught.value.may_have_happened is False


def test_a_name_that_is_not_known_carried_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_arguments: Any, **_more: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with (
        client("https://demo.retailcrm.example") as made,
        pytest.raises(TransientError, match="demo.retailcrm.example is a name that cannot be found") as caught,
    ):
        made.send(WRITE)

    assert caught.value.may_have_happened is False


def test_a_connection_that_takes_too_long_carried_nothing() -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        address = full.getsockname()
        waiting = [socket.socket() for _ in range(4)]
        for one in waiting:
            one.setblocking(False)  # noqa: FBT003 - a socket's own way
            one.connect_ex(address)
        with (
            client(f"http://127.0.0.1:{address[1]}", timeout=0.1) as made,
            pytest.raises(TransientError, match="no connection within 0.1 s") as caught,
        ):
            made.send(WRITE)
        for one in waiting:
            one.close()

    assert caught.value.may_have_happened is False


def test_a_certificate_that_nobody_vouches_for_carried_nothing() -> None:
    with (
        serve(answer(), tls=CERTIFICATE) as server,
        client(server.url.replace("http:", "https:")) as made,
        pytest.raises(TransientError, match="127.0.0.1 shows a certificate that cannot be trusted") as caught,
    ):
        made.send(WRITE)

    assert caught.value.may_have_happened is False
    assert server.requests == []


def test_a_certificate_of_the_environments_bundle_is_trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(CERTIFICATE))

    with serve(answer(), tls=CERTIFICATE) as server, client(server.url.replace("http:", "https:")) as made:
        found = made.send(WRITE)

    assert found.status == 200


def test_a_sign_that_no_header_can_hold_fails_for_good_without_showing_it() -> None:
    with (
        serve(answer()) as server,
        client(server.url, headers={"X-API-KEY": "ключ\n0042"}) as made,
        pytest.raises(PermanentError, match="a header or the address holds a sign") as caught,
    ):
        made.send(WRITE)

    assert "ключ" not in str(caught.value)
    assert server.requests == []


def test_the_proxy_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    with serve(answer()) as proxy:
        monkeypatch.setenv("http_proxy", proxy.url)
        with client("http://crm.example.com") as made:
            made.send(READ)

    assert head_of(proxy).startswith("GET http://crm.example.com/api/v5/orders HTTP/1.1")


def test_the_proxy_of_the_environment_is_left_out_where_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    with serve(answer()) as proxy:
        monkeypatch.setenv("http_proxy", proxy.url)
        monkeypatch.setenv("no_proxy", "nowhere.invalid")
        with client("http://nowhere.invalid") as made, pytest.raises(TransientError, match="cannot be found"):
            made.send(READ)

    assert proxy.requests == []


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_this_machine_is_reached_past_the_proxy_of_the_environment(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with serve(answer()) as server, serve(answer()) as proxy:
        monkeypatch.setenv("http_proxy", proxy.url)
        with client(server.url.replace("127.0.0.1", host)) as made:
            made.send(READ)

    assert (len(server.requests), len(proxy.requests)) == (1, 0)


def test_a_certificate_bundle_that_is_missing_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "none.pem"))

    with client("https://127.0.0.1:1") as made, pytest.raises(TransientError):
        made.send(READ)


def test_a_request_is_described_readably_and_without_secrets() -> None:
    request = Request(
        "POST",
        f"/bot{KEY}/send",
        query=(("filter[email]", "ivan@example.com"),),
        form=(("site", "main"), ("order", f'{{"firstName":"Иван","comment":"{KEY}"}}')),
    )

    with client("https://demo.retailcrm.ru/") as made:
        described = made.describe(request)

    assert described == (
        f"https://demo.retailcrm.ru/bot{MASK}/send?filter[email]=ivan@example.com",
        f'site=main&order={{"firstName":"Иван","comment":"{MASK}"}}',
    )


@pytest.mark.parametrize(
    ("request_", "body"),
    [
        (READ, None),
        (Request("POST", "/", json={"имя": "Иван"}), '{"имя":"Иван"}'),
        (Request("POST", "/", body="текст"), "текст"),
        (Request("POST", "/", body=b"\xff!"), "\ufffd!"),
    ],
)
def test_every_kind_of_body_is_described(request_: Request, body: str | None) -> None:
    with client("https://demo.retailcrm.ru") as made:
        assert made.describe(request_)[1] == body


def test_a_huge_body_is_described_in_part() -> None:
    with client("https://demo.retailcrm.ru") as made:
        _, body = made.describe(Request("POST", "/", body="x" * 100_000))

    assert body is not None
    assert body.endswith("x… (34464 more characters)")


def test_a_turn_that_comes_soon_is_waited_for() -> None:
    clock = FakeClock()

    with client("https://demo.retailcrm.ru", rate=Rate(10, clock), clock=clock) as made:
        made.reserve()
        made.reserve()

    assert clock.slept == pytest.approx([0.104])


def test_a_turn_that_is_far_off_turns_the_call_away() -> None:
    clock = FakeClock()
    rate = Rate(1, clock)

    with client("https://demo.retailcrm.ru", rate=rate, clock=clock, longest_wait=0.5) as made:
        made.reserve()
        with pytest.raises(TransientError, match="connection crm: its rate is used up") as caught:
            made.reserve()

    assert (caught.value.turned_away, caught.value.may_have_happened) == (True, False)
    assert caught.value.retry_after == pytest.approx(1.04)
    assert clock.slept == []


def test_without_a_rate_nothing_is_waited_for() -> None:
    clock = FakeClock()

    with client("https://demo.retailcrm.ru", clock=clock) as made:
        for _ in range(100):
            made.reserve()

    assert clock.slept == []
