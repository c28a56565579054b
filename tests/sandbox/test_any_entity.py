"""Whatever is sent as an order, a customer, a payment, a note or a pack is answered, and refused calls change nothing."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apimonster_cli.sandbox.api import carry_out
from apimonster_cli.sandbox.clean import Kind, Shape
from apimonster_cli.sandbox.journal import Record
from apimonster_cli.sandbox.server import Sandbox
from apimonster_cli.sandbox.shapes import CUSTOMER, NOTE, ORDER, PACK, PAYMENT

plain = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**20), 10**20),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(
        ["", "1", "7", "1e999999", "NaN", "2026-01-02", "2026-01-02 10:00:00", "10:30", "new", "main", "cash"]
    ),
    st.text(max_size=5),
)


fitting_plain: dict[Kind, st.SearchStrategy[Any]] = {
    Kind.TEXT: st.sampled_from(["7", "new", "main", "cash", "paid", "base", "courier", "Tea"]),
    Kind.INTEGER: st.integers(0, 3),
    Kind.NUMBER: st.integers(-(10**12), 10**12) | st.floats(-1e6, 1e6) | st.just("1.50"),
    Kind.BOOLEAN: st.booleans(),
    Kind.DATE: st.just("2026-01-02"),
    Kind.DATETIME: st.just("2026-01-02 10:00:00"),
    Kind.TIME: st.just("10:30"),
    Kind.OPEN: st.dictionaries(st.text(max_size=3), plain, max_size=2),
}


def of_shape(shape: Shape) -> st.SearchStrategy[Any]:
    """Return values of a shape, and now and then something else in its place."""
    if isinstance(shape, dict):
        fitting: st.SearchStrategy[Any] = st.fixed_dictionaries(
            {}, optional={name: of_shape(inner) for name, inner in shape.items()}
        )
    elif isinstance(shape, list):
        fitting = st.lists(of_shape(shape[0]), max_size=2)
    elif isinstance(shape, tuple):
        fitting = st.sampled_from(shape)
    else:
        fitting = fitting_plain[shape]
    wrong = plain | st.lists(plain, max_size=2) | st.dictionaries(st.text(max_size=3), plain, max_size=2)
    return st.integers(0, 99).flatmap(lambda number: wrong if number == 99 else fitting)


def call(sandbox: Sandbox, path: str, name: str, sent: Any) -> tuple[int, dict[str, Any]]:
    record = Record(1, "POST", f"/api/v5{path}", 0, {name: json.dumps(sent), "by": "id"})
    reply = carry_out(sandbox.account, sandbox.state, record, "sandbox")
    return reply.status, json.loads(reply.body)


def counts(sandbox: Sandbox) -> dict[str, int]:
    return {kind: len(sandbox.state.rows(kind)) for kind in ("order", "customer", "note", "pack", "history")}


@pytest.mark.parametrize(
    ("path", "name", "shape"),
    [
        ("/orders/create", "order", ORDER),
        ("/orders/1/edit", "order", ORDER),
        ("/orders/payments/create", "payment", PAYMENT | {"order": {"id": ("1", "7")}}),
        ("/customers/create", "customer", CUSTOMER),
        ("/customers/1/edit", "customer", CUSTOMER),
        ("/customers/notes/create", "note", NOTE),
        ("/orders/packs/create", "pack", PACK),
    ],
)
@given(data=st.data())
def test_is_answered(path: str, name: str, shape: Shape, data: st.DataObject) -> None:
    sandbox = Sandbox()
    call(sandbox, "/orders/create", "order", {"externalId": "7", "items": [{"productName": "Tea"}]})
    before = counts(sandbox)

    status, body = call(sandbox, path, name, data.draw(of_shape(shape)))

    assert body["success"] is (status < 400)
    if not body["success"]:
        assert body["errorMsg"]
        assert counts(sandbox) == before
