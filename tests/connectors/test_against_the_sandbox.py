"""What holds for every connector that calls out: its actions and pulls work against the look-alike, its refusals are sentences.

An action or a pull that is new has no example here, and fails until it has one.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from apimonster_cli.connectors import registry
from apimonster_cli.connectors.spec import Action, Connector, Pull
from apimonster_cli.core.call import Answer, Request
from apimonster_cli.core.clock import SystemClock
from apimonster_cli.core.errors import CallError, RefusedError, TransientError
from apimonster_cli.core.redact import Redactor
from apimonster_cli.sandbox.server import Running, Sandbox
from apimonster_cli.transport.client import Client
from tests.connectors.fakes import FakeCall

SETTINGS: Mapping[str, Mapping[str, Any]] = {
    "retailcrm": {"api_key": "sandbox", "site": "main"},
    "http": {"headers": {"X-API-KEY": "sandbox"}, "private": True},
    "calltouch": {"token": "sandbox", "site_id": 12345},
}
"""What a connection to the look-alike has, beside its address."""

BEFORE = (("retailcrm.create_order", {"externalId": "before", "firstName": "Иван", "phone": "+74950000012"}),)
"""What is there before each example: order 1 of customer 1."""

EXAMPLES: Mapping[str, Mapping[str, Any]] = {
    "http.request": {"method": "GET", "path": "/api/credentials"},
    "retailcrm.create_customer": {"firstName": "Пётр", "email": "petr@example.com"},
    "retailcrm.create_customer_note": {"customer": {"id": 1}, "text": "Перезвонить"},
    "retailcrm.create_order": {"firstName": "Пётр", "items": [{"productName": "Окно", "initialPrice": 100}]},
    "retailcrm.create_order_from_ozon": {
        "article_field": "offer_id",
        "products": [{"offer_id": "MUG-1", "name": "Кружка", "price": "624.0000", "quantity": 1}],
    },
    "retailcrm.create_payment": {"order": {"externalId": "before"}, "type": "cash", "amount": 100},
    "retailcrm.edit_order": {"externalId": "before", "lastName": "Примеров"},
    "retailcrm.find_customer": {"phone": "74950000012"},
    "retailcrm.find_order": {"phone": "74950000012"},
    "retailcrm.find_product": {"article": "MUG-1"},
    "retailcrm.get_order_packs": {"id": 1},
    "retailcrm.get_store": {"code": "main"},
}
ACTIONS = [
    (connector, action) for connector in map(registry.connector, registry.names()) for action in connector.actions
]
PULLS = [(connector, pull) for connector in map(registry.connector, registry.names()) for pull in connector.pulls]
CALLING = [connector for connector in map(registry.connector, registry.names()) if connector.judge]

PAGE = b"<!DOCTYPE html><html><body>canary-secret</body></html>"
REFUSALS = {
    "too fast": Answer(429, {"retry-after": "3"}, b"{}"),
    "no key": Answer(401, {}, b'{"success": false, "errorMsg": "Wrong key", "message": "Wrong key"}'),
    "not allowed": Answer(403, {"content-type": "text/html"}, PAGE),
    "not there": Answer(404, {"content-type": "text/html"}, PAGE),
    "broken": Answer(500, {"content-type": "text/html"}, PAGE),
    "nobody behind": Answer(502, {}, b""),
    "away": Answer(503, {"content-type": "text/html"}, PAGE),
}


def name_of(value: Any) -> str:
    return value.event.name if isinstance(value, Pull) else str(value.name if hasattr(value, "name") else value)


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    with Sandbox().serve() as served:
        yield served


class LiveCall(FakeCall):
    """A call that goes out."""

    def __init__(self, connector: Connector, name: str, fields: Mapping[str, Any], url: str) -> None:
        action = connector.action(name)
        assert action
        assert connector.judge
        settings = SETTINGS[connector.name]
        super().__init__(action, connector.judge, fields, settings=settings, identity=f"contract/{name}/1")
        self.client = client_of(connector, url)

    def ask(self, request: Request) -> Answer:
        answer = self.client.send(request)
        self.judge(request, answer)
        return answer


def client_of(connector: Connector, url: str) -> Client:
    settings = SETTINGS[connector.name]
    return Client(
        connector.name,
        url,
        headers=connector.call_headers(settings),
        query=connector.call_query(settings),
        rate=None,
        timeout=5,
        redactor=Redactor(),
        clock=SystemClock(),
        public_only=connector.public_only(settings),
    )


@pytest.mark.parametrize(("connector", "action"), ACTIONS, ids=name_of)
def test_an_action_works_and_brings_fields_of_its_catalogue(
    connector: Connector, action: Action, running: Running
) -> None:
    running.sandbox.reset()
    for name, fields in BEFORE:
        owner, _, short = name.partition(".")
        LiveCall(registry.connector(owner), short, fields, running.url).run()

    outputs = LiveCall(connector, action.name, EXAMPLES[f"{connector.name}.{action.name}"], running.url).run()

    listed = connector.catalogue.fields(action.outputs)
    assert [name for name in listed if name.partition(".")[0] in outputs] != []


@pytest.mark.parametrize(("connector", "pull"), PULLS, ids=name_of)
def test_a_pull_reads_objects_of_the_event_it_declares(connector: Connector, pull: Pull, running: Running) -> None:
    running.sandbox.reset()
    running.sandbox.calltouch.make_up(3)
    assert connector.judge
    query = [
        ("dateFrom", "01/01/2020"),
        ("dateTo", "01/01/2100"),
        ("withAllOrderOrigins", "true"),
        (pull.pages.number, "1"),
    ]
    request = pull.request(SETTINGS[connector.name], query)

    answer = client_of(connector, running.url).send(request)

    connector.judge(request, answer)
    objects = answer.json()[pull.items]
    assert len(objects) == 3
    assert len({pull.object_key(one) for one in objects}) == 3


def test_every_action_has_an_example() -> None:
    assert set(EXAMPLES) == set(registry.action_names())


@pytest.mark.parametrize("why", REFUSALS)
@pytest.mark.parametrize("connector", CALLING, ids=name_of)
def test_a_refusal_is_a_sentence_that_names_the_service(connector: Connector, why: str) -> None:
    assert connector.judge
    request = Request("POST", "/orders", form=(("a", "b"),), writes=True)

    with pytest.raises(CallError) as caught:
        connector.judge(request, REFUSALS[why])

    sentence = str(caught.value)
    assert "\n" not in sentence
    assert len(sentence) > 30
    assert connector.title.lower() in sentence.lower() or "service" in sentence.lower()
    error = caught.value
    if REFUSALS[why].status == 429:
        assert isinstance(error, TransientError)
        assert (error.may_have_happened, error.retry_after) == (False, 3)
    if REFUSALS[why].status in (500, 502):
        assert isinstance(error, TransientError)
        assert error.may_have_happened or not any(action.writes for action in connector.actions)
    if why == "no key" and connector.name != "http":
        assert isinstance(error, RefusedError)
