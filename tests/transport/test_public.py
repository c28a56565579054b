"""A call that is kept to public addresses reaches no other one, however it is written and wherever its name leads."""

import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apimonster_cli.core.call import Request
from apimonster_cli.core.errors import PermanentError, TransientError
from apimonster_cli.transport import public
from apimonster_cli.transport.public import is_loopback, is_public
from tests.transport.servers import Server, answer, reset, serve
from tests.transport.test_client import CERTIFICATE, client

POST = Request("POST", "/hook", json={"phone": "+74950000012"}, writes=True)
PUBLIC = "93.184.216.34"

Resolve = Callable[..., list[Any]]


def resolving(monkeypatch: pytest.MonkeyPatch, names: dict[str, list[str]]) -> list[str]:
    """Let names lead to addresses, one at each look, the last for all that follow; return the names that were looked up.

    Names that are not there cannot be found. An address is what it is, in all notations.
    """
    asked: list[str] = []
    resolve: Resolve = socket.getaddrinfo

    def look(host: str, port: int, *options: int, flags: int = 0, **named: int) -> list[Any]:
        try:
            return resolve(host, port, *options, flags=flags | socket.AI_NUMERICHOST, **named)
        except socket.gaierror:
            if flags & socket.AI_NUMERICHOST or host not in names:
                raise
        asked.append(host)
        answers = names[host]
        return resolve(answers[min(asked.count(host), len(answers)) - 1], port, *options, **named)

    monkeypatch.setattr(socket, "getaddrinfo", look)
    return asked


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.0.10",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "192.0.2.1",
        "::",
        "::1",
        "fe80::1",
        "fe80::1%eth0",
        "fc00::1",
        "fec0::1",
        "ff02::1",
        "2001:db8::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "::127.0.0.1",
        "2002:7f00:1::",
        "64:ff9b::7f00:1",
        "64:ff9b::a00:1",
        "64:ff9b:1::1",
        "127.255.255.254",
        "100.127.255.255",
        "172.31.255.255",
        "198.18.0.1",
        "192.0.0.8",
        "239.255.255.250",
        "::ffff:169.254.169.254",
        "::ffff:0:127.0.0.1",
        "2002:a9fe:a9fe::1",
        "2001:0:7f00:1::",
        "fd00:ec2::254",
        "100::1",
    ],
)
def test_an_address_of_no_public_network_is_none(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["1.1.1.1", PUBLIC, "2606:4700::1111", "::ffff:1.1.1.1", "64:ff9b::101:101"])
def test_an_address_of_the_internet_is_public(address: str) -> None:
    assert is_public(address)


@given(st.ip_addresses(v=4))
def test_an_address_is_judged_the_same_inside_an_ipv6_one(address: Any) -> None:
    verdicts = {is_public(f"{prefix}{address}") for prefix in ("", "::ffff:", "64:ff9b::")}

    assert len(verdicts) == 1


@pytest.fixture
def connects(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Return the addresses that sockets are connected to from here on."""
    places: list[Any] = []
    connect = socket.socket.connect

    def noted(self: socket.socket, place: Any) -> None:
        places.append(place)
        connect(self, place)

    monkeypatch.setattr(socket.socket, "connect", noted)
    return places


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1", "127.1", "127.0.1", "0", "0.0.0.0", "2130706433", "0x7f000001", "0x7f.1", "0x7F.0.0.0x1", "0177.0.0.1", "0177.1",
        "017700000001", "localhost", "localhost.", "LocalHost", "a.localhost", "a.localhost.",
        "[::1]", "[::]", "[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::127.0.0.1]", "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]", "good.example@127.0.0.1", "good.example:80@127.0.0.1", "good.example%40@127.0.0.1",
    ],
)  # fmt: skip
def test_this_machine_is_not_reached_in_any_notation(connects: list[Any], host: str) -> None:
    with serve(answer()) as server, client(f"http://{host}:{server.port}", public_only=True) as made:
        with pytest.raises(PermanentError, match=r"on this machine \(.*\), and nothing was sent.*private: true"):
            made.send(POST)

        assert (server.connections, connects) == (0, [])


@pytest.mark.parametrize(
    "host",
    [
        "10.0.0.1", "0xa.1", "167772161", "172.16.0.1", "192.168.1.1", "3232235777", "169.254.169.254", "2852039166", "0251.0376.0251.0376",
        "100.64.0.1", "224.0.0.1", "255.255.255.255", "4294967295", "[fe80::1]", "[fc00::1]", "[fd00:ec2::254]", "[ff02::1]",
        "[::ffff:10.0.0.1]", "[::ffff:169.254.169.254]", "[2002:a9fe:a9fe::]", "[64:ff9b::a9fe:a9fe]", "[2001:0:7f00:1::]",
    ],
)  # fmt: skip
def test_no_private_network_is_reached_in_any_notation(connects: list[Any], host: str) -> None:
    with (
        client(f"http://{host}", public_only=True) as made,
        pytest.raises(PermanentError, match=r"in a private network .*, and nothing was sent"),
    ):
        made.send(POST)

    assert connects == []


@pytest.mark.parametrize(
    "url",
    [
        "http://good.example\\@127.0.0.1:{port}",
        "http://127.0.0.1:{port}\\@good.example",
        "http://127.0.0.1:{port}#@good.example",
        "http://127.0.0.1:{port}?@good.example",
        "http:127.0.0.1:{port}",
        "http:///127.0.0.1:{port}",
        "http:\\\\127.0.0.1:{port}",
        "http://good.example@127.0.0.1:{port}@good.example",
        "http://127.0.0.1%00.good.example:{port}",
        "http://127.0.0.1\t.good.example:{port}",
        "http://127.0.0.1\n:{port}",
        "http://[::1%25lo]:{port}",
        "http://127.0.0.1.:{port}",
        "http://2130706433.:{port}",
        "http://\uff11\uff12\uff17.0.0.1:{port}",
        "http://127\u30020\u30020\u30021:{port}",
        "http://\u2460\u2461\u2466.\u24ea.\u24ea.\u2460:{port}",
        "http://\u24db\u24de\u24d2\u24d0\u24db\u24d7\u24de\u24e2\u24e3:{port}",
    ],
)
def test_no_trick_with_an_address_reaches_this_machine(
    monkeypatch: pytest.MonkeyPatch, connects: list[Any], url: str
) -> None:
    resolving(monkeypatch, {})

    with serve(answer()) as server:
        with (
            pytest.raises((PermanentError, TransientError)),
            client(url.format(port=server.port), public_only=True) as made,
        ):
            made.send(POST)

        assert (server.connections, connects) == (0, [])


@pytest.mark.parametrize(
    "path", ["@127.0.0.1/", "//127.0.0.1/", "\\\\127.0.0.1/", ".127.0.0.1/", "http://127.0.0.1/", ":80@127.0.0.1/"]
)
def test_no_path_leads_to_another_host(monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    monkeypatch.setattr(public, "is_public", lambda address: address == "127.0.0.2")
    resolving(monkeypatch, {"hooks.example.com": ["127.0.0.2"]})

    with serve(answer(), place=("127.0.0.2", 0)) as right, serve(answer(), place=("127.0.0.1", right.port)) as wrong:
        with client(f"http://hooks.example.com:{right.port}", public_only=True) as made:
            made.send(Request("GET", path))

        assert (right.connections, wrong.connections) == (1, 0)


def test_a_name_that_leads_to_a_private_network_is_not_reached(
    monkeypatch: pytest.MonkeyPatch, connects: list[Any]
) -> None:
    asked = resolving(monkeypatch, {"hooks.example.com": ["127.0.0.1"]})

    with serve(answer()) as server, client(f"http://hooks.example.com:{server.port}", public_only=True) as made:
        with pytest.raises(PermanentError, match=r"connection crm: hooks.example.com is in a private network"):
            made.send(POST)

        assert (server.connections, connects) == (0, [])
    assert asked == ["hooks.example.com"]


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_name_that_leads_elsewhere_at_the_second_look_is_looked_up_once(
    monkeypatch: pytest.MonkeyPatch, connects: list[Any], scheme: str
) -> None:
    monkeypatch.setattr(public, "is_public", lambda address: address == "127.0.0.2")
    asked = resolving(monkeypatch, {"hooks.example.com": ["127.0.0.2", "127.0.0.1"]})
    with serve(reset, place=("127.0.0.2", 0)) as checked, serve(answer(), place=("127.0.0.1", checked.port)) as inside:
        with client(f"{scheme}://hooks.example.com:{checked.port}", public_only=True) as made:
            with pytest.raises(TransientError):
                made.send(POST)
            with pytest.raises(PermanentError, match=r"\(127.0.0.1\), and nothing was sent"):
                made.send(POST)

        assert connects == [("127.0.0.2", checked.port)]
        assert inside.connections == 0
    assert asked == ["hooks.example.com"] * 2


def test_a_name_that_has_a_private_address_among_others_is_not_reached(
    monkeypatch: pytest.MonkeyPatch, connects: list[Any]
) -> None:
    both = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 80)) for address in (PUBLIC, "10.0.0.1")]
    monkeypatch.setattr(public, "check_written", lambda _host: None)
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_options: both)

    with (
        client("http://hooks.example.com", public_only=True) as made,
        pytest.raises(PermanentError, match=r"10\.0\.0\.1"),
    ):
        made.send(POST)

    assert connects == []


def test_the_next_address_of_a_name_is_tried(monkeypatch: pytest.MonkeyPatch, connects: list[Any]) -> None:
    resolve: Resolve = socket.getaddrinfo

    def look(host: str, port: int, *options: int, **named: int) -> list[Any]:
        if host != "hooks.example.com" or named.get("flags"):
            return resolve(host, port, *options, **named)
        return [found for one in ("127.0.0.2", "127.0.0.3") for found in resolve(one, port, type=socket.SOCK_STREAM)]

    monkeypatch.setattr(socket, "getaddrinfo", look)
    monkeypatch.setattr(public, "is_public", lambda _address: True)

    with serve(answer(), place=("127.0.0.3", 0)) as server:
        statuses = _send_twice(server, f"http://hooks.example.com:{server.port}")

    assert (statuses, server.connections) == ([200, 200], 1)
    assert connects == [("127.0.0.2", server.port), ("127.0.0.3", server.port)]
    assert f"Host: hooks.example.com:{server.port}".encode() in server.requests[0]


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_socket_that_was_led_elsewhere_sends_nothing(monkeypatch: pytest.MonkeyPatch, scheme: str) -> None:
    monkeypatch.setattr(public, "_resolved", lambda *_args, **_options: [PUBLIC])
    connect = socket.socket.connect
    with serve(answer()) as server, client(f"{scheme}://hooks.example.com:{server.port}", public_only=True) as made:
        place = ("127.0.0.1", server.port)
        monkeypatch.setattr(socket.socket, "connect", lambda self, _place: connect(self, place))

        with pytest.raises(PermanentError, match=r"\(127.0.0.1\), and nothing was sent"):
            made.send(POST)

    assert server.requests == []


def _send_twice(server: Server, url: str) -> list[int]:
    with client(url, public_only=True) as made:
        return [made.send(POST).status for _ in range(2)]


def test_a_public_address_is_reached_and_its_connection_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(public, "is_public", lambda _address: True)

    with serve(answer()) as server:
        statuses = _send_twice(server, f"http://127.0.0.1:{server.port}")

    assert (statuses, server.connections, len(server.requests)) == ([200, 200], 1, 2)


def test_a_public_address_is_reached_over_tls(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(public, "is_public", lambda _address: True)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(CERTIFICATE))

    with serve(answer(), tls=CERTIFICATE) as server:
        statuses = _send_twice(server, f"https://127.0.0.1:{server.port}")

    assert statuses == [200, 200]


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"])
@pytest.mark.parametrize("to", ["http://127.0.0.1:{port}/admin", "//127.0.0.1:{port}/", "file:///etc/passwd", "/there"])
def test_a_redirect_is_not_followed(connects: list[Any], status: str, to: str) -> None:
    with serve(answer()) as inside:
        moved = answer(b"", status, f"Location: {to.format(port=inside.port)}")
        with serve(moved) as server, client(server.url) as made:
            found = made.send(POST)

        assert (found.status, len(server.requests), inside.connections) == (int(status[:3]), 1, 0)
    assert connects == [("127.0.0.1", server.port)]


def test_a_proxy_is_not_asked_for_what_is_not_public(monkeypatch: pytest.MonkeyPatch) -> None:
    with serve(answer()) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        for host in ("127.0.0.1", "2130706433", "[::ffff:7f00:1]", "a.localhost", "169.254.169.254", "0xa.1"):
            with client(f"http://{host}", public_only=True) as made, pytest.raises(PermanentError):
                made.send(POST)

        assert proxy.connections == 0


def test_a_name_that_cannot_be_found_is_told_as_ever() -> None:
    with (
        client("http://nowhere.invalid", public_only=True) as made,
        pytest.raises(TransientError, match="cannot be found"),
    ):
        made.send(POST)


def test_without_the_option_this_machine_is_reached() -> None:
    with serve(answer()) as server, client(server.url) as made:
        found = made.send(POST)

    assert found.status == 200


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST.", "crm.localhost", "127.0.0.1", "127.8.9.10", "::1", "[::1]"]
)
def test_a_host_of_this_machine_is_known_by_how_it_is_written(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["crm.example.com", "localhost.example.com", "10.0.0.1", "128.0.0.1", "::2", ""])
def test_any_other_host_is_not_taken_for_this_machine(host: str) -> None:
    assert not is_loopback(host)
