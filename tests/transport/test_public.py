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
from tests.transport.servers import Server, answer, serve
from tests.transport.test_client import CERTIFICATE, client

POST = Request("POST", "/hook", json={"phone": "+74950000012"}, writes=True)
PUBLIC = "93.184.216.34"

Resolve = Callable[..., list[Any]]


def resolving(monkeypatch: pytest.MonkeyPatch, *answers: str) -> list[str]:
    """Let names lead to `answers`, one look after the other, the last for all that follow; return what was looked up."""
    asked: list[str] = []

    def look(host: str, port: int, *_args: Any, **_kwargs: Any) -> list[Any]:
        asked.append(host)
        address = answers[min(len(asked), len(answers)) - 1]
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        return [(family, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (address, port))]

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


@pytest.mark.parametrize("host", ["127.0.0.1", "2130706433", "0177.0.0.1", "0x7f.1", "127.1", "localhost"])
def test_this_machine_is_not_reached_in_any_notation(host: str) -> None:
    with serve(answer()) as server, client(f"http://{host}:{server.port}", public_only=True) as made:
        with pytest.raises(
            PermanentError, match=r"on this machine \((127.0.0.1|localhost)\), and nothing was sent.*private: true"
        ):
            made.send(POST)

        assert (server.connections, server.requests) == (0, [])


def test_a_mapped_address_is_not_reached() -> None:
    with (
        client("http://[::ffff:127.0.0.1]:9", public_only=True) as made,
        pytest.raises(PermanentError, match="nothing was sent"),
    ):
        made.send(POST)


def test_a_name_that_leads_to_a_private_network_is_not_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    with serve(answer()) as server, client(f"http://hooks.example.com:{server.port}", public_only=True) as made:
        asked = resolving(monkeypatch, "127.0.0.1")

        with pytest.raises(PermanentError, match=r"connection crm: hooks.example.com is in a private network"):
            made.send(POST)

        assert server.connections == 0
        assert "hooks.example.com" in asked


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_name_that_leads_elsewhere_at_the_second_look_gets_nothing(
    monkeypatch: pytest.MonkeyPatch, scheme: str
) -> None:
    with serve(answer()) as server, client(f"{scheme}://hooks.example.com:{server.port}", public_only=True) as made:
        resolving(monkeypatch, PUBLIC, PUBLIC, "127.0.0.1")

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


def test_a_redirect_is_not_followed() -> None:
    moved = answer(b"", "302 Found", "Location: http://127.0.0.1:1/admin")

    with serve(moved) as server, client(server.url) as made:
        found = made.send(POST)

    assert (found.status, len(server.requests)) == (302, 1)


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
