"""A request over real HTTP: what the other side gets, and what the step brings."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest

from apimonster_cli.connectors.http import CONNECTOR
from apimonster_cli.connectors.http.answers import judge
from apimonster_cli.connectors.http.request import REQUEST
from apimonster_cli.core.call import Answer, Request
from apimonster_cli.core.clock import SystemClock
from apimonster_cli.core.errors import PermanentError, TransientError
from apimonster_cli.core.redact import Redactor
from apimonster_cli.sandbox.server import Sandbox
from apimonster_cli.transport.client import Client
from tests.connectors.fakes import FakeCall
from tests.transport.servers import answer, reset, serve


class LiveCall(FakeCall):
    """As FakeCall, but what it is asked goes out."""

    def __init__(self, client: Client, fields: Mapping[str, Any]) -> None:
        super().__init__(REQUEST, judge, fields)
        self.client = client

    def ask(self, request: Request) -> Answer:
        found = self.client.send(request)
        self.judge(request, found)
        return found


@contextmanager
def client(url: str, **settings: Any) -> Iterator[Client]:
    made = Client(
        "hook",
        url,
        headers=CONNECTOR.call_headers(settings),
        rate=None,
        timeout=5,
        redactor=Redactor(),
        clock=SystemClock(),
        public_only=CONNECTOR.public_only(settings),
    )
    yield made
    made.close()


def test_an_order_goes_to_the_look_alike_as_a_form_with_the_connections_headers() -> None:
    fields = {"path": "/api/v5/orders/create", "form": {"site": "main", "order": '{"externalId":"h-1"}'}}

    with Sandbox().serve() as running, client(running.url, private=True, headers={"X-API-KEY": "sandbox"}) as made:
        outputs = LiveCall(made, fields).run()

    assert (outputs["status"], outputs["body"]["order"]["externalId"]) == (201, "h-1")
    assert outputs["headers"]["content-type"] == "application/json"


def test_a_request_whose_answer_got_lost_is_sent_again_with_the_same_key() -> None:
    with serve(reset, answer()) as server, client(server.url, private=True) as made:
        step = LiveCall(made, {"json": {"phone": "+74950000012"}})
        with pytest.raises(TransientError) as raised:
            step.run()
        step.run()

    keys = [line for request in server.requests for line in request.split(b"\r\n") if b"Idempotency-Key" in line]
    assert raised.value.may_have_happened
    assert (len(server.requests), len(keys), len(set(keys))) == (2, 2, 1)


@pytest.mark.parametrize("settings", [{}, {"private": False}])
def test_this_machine_is_not_reached_unless_the_connection_says_so(settings: dict[str, Any]) -> None:
    with serve(answer()) as server, client(server.url, **settings) as made:
        with pytest.raises(PermanentError, match="private: true"):
            LiveCall(made, {}).run()

        assert server.connections == 0
