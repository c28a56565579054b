"""Faults: how they are written, that they repeat, and what each does on the wire."""

import socket
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from apimonster_cli.sandbox.faults import Dice, Fault, Faults, Window, parse_faults
from apimonster_cli.sandbox.server import Running, Sandbox
from tests.sandbox.conftest import Http, Serve

CREATE = "/api/v5/orders/create"
ORDER = {"order": '{"externalId": "7"}'}


def test_reads_the_grammar() -> None:
    faults = parse_faults("lost=0.05, 500=0.1,reset=0.02,slow=0.03,limit=10/s,latency=50ms,delay=2s")

    assert faults.chances == ((Fault.LOST, 0.05), (Fault.ERROR, 0.1), (Fault.RESET, 0.02), (Fault.SLOW, 0.03))
    assert (faults.per_second, faults.latency, faults.delay) == (10, 0.05, 2)


def test_a_limit_without_a_rate_is_a_chance() -> None:
    assert parse_faults("limit=0.03") == Faults(((Fault.LIMIT, 0.03),))
    assert parse_faults("") == Faults()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "lots=0.1",
            "'lots' is no fault; known are lost, 500, reset, slow, truncated, maintenance, echo, limit, overload, pagefail, latency, delay",
        ),
        ("lost=2", "lost=2 makes no sense; write a chance from 0 to 1, such as lost=0.05"),
        ("lost=nan", "lost=nan makes no sense; write a chance from 0 to 1, such as lost=0.05"),
        ("lost", "lost= makes no sense; write a chance from 0 to 1, such as lost=0.05"),
        ("lost=0.6,500=0.6", "the chances of the faults add up to more than 1"),
        ("latency=50", "'50' is not a duration; write a number and a unit, such as 30s, 10m, 24h or 3d"),
        ("limit=0/s", "'0/s' is not a rate; write a number above zero and a unit, such as 10/s or 90/m"),
    ],
)
def test_says_what_is_wrong_with_faults(text: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        parse_faults(text)

    assert str(caught.value) == sentence


def test_the_same_seed_decides_the_same() -> None:
    faults = parse_faults("lost=0.2,500=0.2")

    first, again, other = (
        [dice.roll() for _ in range(200)] for dice in (Dice(faults, 1), Dice(faults, 1), Dice(faults, 2))
    )

    assert first == again
    assert first != other


def test_chances_are_met() -> None:
    dice = Dice(parse_faults("lost=0.2,limit=0.1"), 7)

    counts = Counter(dice.roll().fault for _ in range(10_000))

    assert 1_850 < counts[Fault.LOST] < 2_150
    assert 870 < counts[Fault.LIMIT] < 1_130
    assert counts[None] == 10_000 - counts[Fault.LOST] - counts[Fault.LIMIT]


def test_the_window_forgets_what_is_a_second_old() -> None:
    window = Window()
    for moment in (0.0, 0.5, 0.9):
        window.add(moment)

    assert [window.count(moment) for moment in (0.9, 1.0, 1.6, 2.0)] == [3, 2, 1, 0]


@pytest.fixture(params=[("httptools", "uvloop"), ("h11", "asyncio")], ids="-".join)
def server(request: pytest.FixtureRequest, serve: Serve) -> Running:
    """Return a sandbox on each of the two stacks that it may find itself on."""
    for module in request.param:
        pytest.importorskip(module)
    implementation, loop = request.param
    return serve(Sandbox(), http=implementation, loop=loop)


@pytest.fixture
def caller(server: Running) -> Iterator[Http]:
    with Http(server.url) as http:
        yield http


def misbehave(server: Running, text: str) -> None:
    server.sandbox.set_faults(parse_faults(text), 0)


def kept(server: Running) -> int:
    return len(server.sandbox.state.rows("order"))


def test_lost_carries_out_and_closes_without_an_answer(server: Running) -> None:
    misbehave(server, "lost=1")

    received = speak(server)

    assert received == b""
    assert kept(server) == 1


def test_reset_carries_nothing_out_and_sends_rst(server: Running) -> None:
    misbehave(server, "reset=1")

    with pytest.raises(ConnectionResetError):
        speak(server)

    assert kept(server) == 0


def test_a_call_that_is_reset_leaves_no_key_in_the_journal(server: Running, caller: Http) -> None:
    misbehave(server, "reset=1")

    with pytest.raises(OSError, match=r"."):
        caller.get("/calls-service/RestAPI/12345/orders-diary/orders?clientApiId=sandbox&page=2")

    (request,) = [one for one in server.sandbox.journal.records if "orders-diary" in one.path]
    assert request.parameters == {"page": "2"}


def test_an_echo_quotes_the_key_in_a_page_or_in_json_and_carries_nothing_out(server: Running, caller: Http) -> None:
    misbehave(server, "echo=1")

    answers = [caller.post(CREATE, data=ORDER) for _ in range(20)]

    assert {answer.status_code for answer in answers} == {500}
    assert all("x-api-key: sandbox" in answer.text for answer in answers)
    assert {answer.headers["content-type"].partition(";")[0] for answer in answers} == {"text/html", "application/json"}
    assert kept(server) == 0


def test_an_echo_quotes_the_token_of_a_diary(server: Running, caller: Http) -> None:
    misbehave(server, "echo=1")

    answer = caller.get("/calls-service/RestAPI/12345/orders-diary/orders?clientApiId=the-token&page=2")

    assert "the-token" in answer.text
    assert server.sandbox.journal.records[-1].parameters == {"page": "2"}


def test_500_is_html_half_before_and_half_after_carrying_out(server: Running, caller: Http) -> None:
    misbehave(server, "500=1")

    answers = [caller.post(CREATE, data={"order": "{}"}) for _ in range(40)]

    assert {answer.status_code for answer in answers} == {500}
    assert all(answer.text.startswith("<html>") for answer in answers)
    assert 10 < kept(server) < 30


def test_maintenance_is_html_and_carries_nothing_out(server: Running, caller: Http) -> None:
    misbehave(server, "maintenance=1")

    answer = caller.post(CREATE, data=ORDER)

    assert (answer.status_code, answer.headers["content-type"]) == (503, "text/html; charset=utf-8")
    assert kept(server) == 0


def test_truncated_carries_out_and_cuts_the_answer_in_two_ways(server: Running, caller: Http) -> None:
    misbehave(server, "truncated=1")

    outcomes = Counter(outcome(caller) for _ in range(20))

    assert set(outcomes) == {"cut JSON", "closed inside the body"}
    assert kept(server) == 20


def outcome(caller: Http) -> str:
    try:
        answer = caller.post(CREATE, data={"order": "{}"})
    except requests.exceptions.ChunkedEncodingError:
        return "closed inside the body"
    assert answer.status_code == 201
    with pytest.raises(requests.exceptions.JSONDecodeError):
        answer.json()
    return "cut JSON"


def test_slow_carries_out_and_answers_after_the_delay(server: Running) -> None:
    misbehave(server, "slow=1,delay=60s")

    with pytest.raises(requests.exceptions.ReadTimeout):
        requests.post(server.url + CREATE, data=ORDER, headers={"X-API-KEY": "sandbox"}, timeout=0.3)

    wait_until(lambda: kept(server) == 1)
    assert server.sandbox.journal.records[-1].fault is Fault.SLOW


@pytest.mark.parametrize("faults", ["slow=1,delay=60s", "latency=60s"])
def test_waiting_answers_block_no_other_call_and_no_stop(server: Running, faults: str) -> None:
    misbehave(server, faults)
    connections = [open_connection(server) for _ in range(10)]
    for connection in connections:
        connection.sendall(raw_create(external_id=""))
    wait_until(lambda: kept(server) == len(connections))

    server.stop()

    answers = [read_all(connection) for connection in connections]
    for connection in connections:
        connection.close()
    assert {answer[:12] for answer in answers} == {b"HTTP/1.1 201"}


def test_limit_turns_away_what_is_above_the_rate(server: Running, caller: Http) -> None:
    misbehave(server, "limit=3/h")  # so slow that it does not matter how quick the test runs

    first, *others = [caller.post(CREATE, data={"order": "{}"}) for _ in range(4)]

    assert first.status_code == 201
    assert {answer.status_code for answer in others} == {503}
    assert others[0].json() == {"success": False, "errorMsg": "Rate limit exceeded"}
    assert kept(server) == 1


def test_limit_counts_each_key_for_itself(serve: Serve) -> None:
    url = serve(Sandbox(keys=("one", "two"), faults=parse_faults("limit=1/s"))).url
    with Http(url, "one") as one, Http(url, "two") as two:
        statuses = [http.get("/api/credentials").status_code for http in (one, two)]

    assert statuses == [200, 200]


def test_a_random_limit_carries_nothing_out(server: Running, caller: Http) -> None:
    misbehave(server, "limit=1")

    answer = caller.post(CREATE, data=ORDER)

    assert (answer.status_code, answer.json()["errorMsg"]) == (503, "Rate limit exceeded")
    assert kept(server) == 0


def test_behaves_without_faults(server: Running, caller: Http) -> None:
    answers = [caller.post(CREATE, data={"order": "{}"}) for _ in range(10)]

    assert [answer.status_code for answer in answers] == [201] * 10


def raw_create(external_id: str = "7") -> bytes:
    body = f'order={{"externalId":"{external_id}"}}'.encode()
    head = f"POST {CREATE} HTTP/1.1\r\nHost: x\r\nX-API-KEY: sandbox\r\nContent-Length: {len(body)}\r\n"
    return head.encode() + b"Content-Type: application/x-www-form-urlencoded\r\n\r\n" + body


def open_connection(server: Running) -> socket.socket:
    port = int(server.url.rpartition(":")[2])
    return socket.create_connection(("127.0.0.1", port), timeout=10)


def speak(server: Running) -> bytes:
    """Send one create and return all that comes back until the connection ends."""
    with open_connection(server) as connection:
        connection.sendall(raw_create())
        return read_all(connection)


def read_all(connection: socket.socket) -> bytes:
    return b"".join(iter(lambda: connection.recv(65536), b""))


def wait_until(holds: Any) -> None:
    deadline = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_call_that_never_came_whole_meets_no_fault(server: Running) -> None:
    misbehave(server, "500=1")
    records = server.sandbox.journal.records
    host, port = server.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as caller:
        caller.sendall(f"POST {CREATE} HTTP/1.1\r\nHost: here\r\nContent-Length: 100\r\n\r\norder=".encode())
        while not records:
            time.sleep(0.01)

    server.stop()

    assert [(record.fault, record.status, record.parameters) for record in records] == [(None, None, {})]
