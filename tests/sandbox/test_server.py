"""Starting, stopping, and what survives."""

import socket
from pathlib import Path

import pytest

from apimonster_cli.core.errors import ConfigError
from apimonster_cli.sandbox.server import Sandbox
from tests.sandbox.conftest import Http, Serve

CREATE = "/api/v5/orders/create"


def test_serves_on_loopback_and_a_free_port(serve: Serve) -> None:
    first, second = serve(), serve()

    assert first.url.startswith("http://127.0.0.1:")
    assert first.url != second.url


def test_says_that_the_port_is_taken(serve: Serve) -> None:
    port = int(serve().url.rpartition(":")[2])

    with pytest.raises(ConfigError, match=f"cannot listen on 127.0.0.1:{port}: Address already in use; choose another"):
        Sandbox().serve(port=port)


def test_gives_the_port_back(serve: Serve) -> None:
    running = serve()
    port = int(running.url.rpartition(":")[2])

    running.stop()

    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", port))
        assert other.getsockname()[1] == port


def test_carries_out_no_call_that_breaks_off(serve: Serve) -> None:
    running = serve()
    port = int(running.url.rpartition(":")[2])

    with socket.create_connection(("127.0.0.1", port)) as caller:
        caller.sendall(
            b"POST /api/v5/orders/create HTTP/1.1\r\nHost: crm\r\nX-API-KEY: sandbox\r\nContent-Length: 99\r\n"
            b"Content-Type: application/x-www-form-urlencoded\r\n\r\norder=%7B%7D"
        )
    with Http(running.url) as http:
        answer = http.get("/sandbox/requests").json()
        orders = http.get("/sandbox/orders").json()["orders"]

    assert [(row["status"], row["carriedOut"]) for row in answer["requests"]] in ([], [(None, False)])
    assert orders == []


def test_data_survive_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "crm.db"
    with Sandbox(database=file).serve() as running, Http(running.url) as http:
        order = (
            '{"externalId": "7", "firstName": "Ivan", "payments": [{"type": "cash", "amount": 1.50}], "items": [{}]}'
        )
        http.post(CREATE, data={"order": order})
        http.post("/api/v5/customers/notes/create", data={"note": '{"text": "x", "customer": {"id": 1}}'})
        http.post("/api/v5/customers/notes/1/delete")
        before = http.get("/api/v5/orders/7").json()

    with Sandbox(database=file).serve() as running, Http(running.url) as http:
        after = http.get("/api/v5/orders/7").json()
        again = http.post(CREATE, data={"order": '{"externalId": "7"}'}).json()
        new = http.post(CREATE, data={"order": "{}"}).json()
        note = http.post("/api/v5/customers/notes/create", data={"note": '{"text": "y", "customer": {"id": 1}}'}).json()

    assert after == before
    assert again["errorMsg"] == "Order already exists."
    assert (new["id"], note["id"]) == (2, 2)


def test_a_reset_empties_the_file(tmp_path: Path) -> None:
    file = tmp_path / "crm.db"
    with Sandbox(database=file).serve() as running, Http(running.url) as http:
        http.post(CREATE, data={"order": "{}"})
        http.post("/sandbox/reset")

    with Sandbox(database=file).serve() as running, Http(running.url) as http:
        assert http.get("/sandbox/orders").json()["orders"] == []


@pytest.mark.parametrize("in_file", [False, True], ids=["memory", "file"])
def test_a_stopped_sandbox_serves_again_with_its_data(tmp_path: Path, in_file: bool) -> None:  # noqa: FBT001 - a case
    sandbox = Sandbox(database=tmp_path / "crm.db" if in_file else None)
    with sandbox.serve() as running, Http(running.url) as http:
        http.post(CREATE, data={"order": '{"externalId": "7"}'})

    with sandbox.serve() as running, Http(running.url) as http:
        answer = http.get("/api/v5/orders/7")
        made = http.post(CREATE, data={"order": "{}"}).status_code

    assert (answer.status_code, made) == (200, 201)
