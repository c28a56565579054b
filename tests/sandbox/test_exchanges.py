"""Contract replay: the exchanges of the official clients' test suites, answered by the sandbox.

Compared are the class of the status, the keys of the envelope and the shapes below it, never values. exchanges.json says
where each comes from; codes that only that account had are replaced by codes of the sandbox.
"""

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from apimonster_cli.sandbox.references import REFERENCES
from apimonster_cli.sandbox.server import Running, Sandbox
from tests.sandbox.conftest import Http
from tests.sandbox.given import EXCEPTIONS, GIVEN, Given

EXCHANGES: list[dict[str, Any]] = json.loads(Path(__file__).with_name("exchanges.json").read_text(encoding="utf-8"))
# Maps whose keys are codes and ids: any entry stands for all. order.payments and custom fields are keyed likewise.
KEYED = {container for container, _build in REFERENCES.values()} | {
    "order.payments",
    "errors",
    "offers[].properties",
    "products[].offers[].properties",
}
CREATE = {
    "order": "/api/v5/orders/create",
    "customer": "/api/v5/customers/create",
    "note": "/api/v5/customers/notes/create",
    "pack": "/api/v5/orders/packs/create",
}


@pytest.mark.parametrize("exchange", EXCHANGES, ids=lambda exchange: str(exchange["id"]))
def test_answers_as_the_official_clients_expect(running: Running, http: Http, exchange: dict[str, Any]) -> None:
    for given in GIVEN.get(exchange["id"], ()):
        prepare(http, running.sandbox, given)

    answer = http.session.request(
        exchange["method"],
        running.url + exchange["path"],
        params=exchange.get("query"),
        data={name: as_sent(value) for name, value in exchange.get("form", {}).items()},
        headers=exchange.get("headers"),
        timeout=10,
    )

    found = set(differences(exchange["response"], answer.json()))
    if status_class(answer.status_code) != status_class(exchange["status"]):
        found.add("status")
    assert found == set(EXCEPTIONS.get(exchange["id"], {}))


def test_every_preparation_and_exception_belongs_to_an_exchange() -> None:
    assert GIVEN.keys() | EXCEPTIONS.keys() <= {exchange["id"] for exchange in EXCHANGES}


def prepare(http: Http, sandbox: Sandbox, given: Given) -> None:
    if given.kind == "merged":
        into = json.dumps({"id": given.fields["into"]})
        form = {"customers": json.dumps([{"id": given.row_id}]), "resultCustomer": into}
        assert http.post("/api/v5/customers/combine", data=form).status_code == 200
        return
    sandbox.state._counters[given.kind] = given.row_id - 1
    if given.kind in CREATE:
        answer = http.post(CREATE[given.kind], data={given.kind: json.dumps(dict(given.fields))})
        assert answer.json().get("id") == given.row_id, answer.text


def as_sent(value: Any) -> str:
    return json.dumps(value) if isinstance(value, dict | list) else str(value)


def status_class(status: int) -> int:
    return status if status == 460 else status // 100


def differences(expected: Any, found: Any, at: str = "") -> Iterator[str]:
    """Yield the places where `found` lacks a key, has another type, or, at the top, has a key too many."""
    if kind(expected) != kind(found):
        yield at
    elif isinstance(expected, dict) and at in KEYED and expected and found:
        yield from differences(next(iter(expected.values())), next(iter(found.values())), f"{at}{{}}")
    elif isinstance(expected, dict):
        yield from (f"+{name}" for name in found if not at and name not in expected)
        for name, value in expected.items():
            place = f"{at}.{name}".lstrip(".")
            if name in found:
                yield from differences(value, found[name], place)
            else:
                yield place
    elif isinstance(expected, list) and expected:
        if found:
            yield from differences(expected[0], found[0], f"{at}[]")
        else:
            yield at


def kind(value: Any) -> type:
    return Decimal if isinstance(value, int | float) and not isinstance(value, bool) else type(value)
