"""Every action over real HTTP, against the look-alike: what it sends is taken, and what it brings is what is there."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from apimonster_cli.connectors.retailcrm import CONNECTOR
from apimonster_cli.connectors.retailcrm.answers import judge
from apimonster_cli.core.call import Answer, Request
from apimonster_cli.core.clock import SystemClock
from apimonster_cli.core.errors import CallError, PermanentError, TransientError
from apimonster_cli.core.redact import Redactor
from apimonster_cli.sandbox.faults import Faults, parse_faults
from apimonster_cli.sandbox.server import Running, Sandbox
from apimonster_cli.transport.client import Client
from tests.connectors.fakes import FakeCall

PERSON = {"firstName": "Иван", "phones": ["+7 495 000-00-12"], "email": "ivan@example.com"}


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    with Sandbox().serve() as served:
        yield served


@pytest.fixture
def crm(running: Running) -> Iterator["Crm"]:
    running.sandbox.reset()
    running.sandbox.set_faults(Faults())
    client = Client(
        "crm",
        running.url,
        headers=CONNECTOR.call_headers({"api_key": "sandbox"}),
        rate=None,
        timeout=5,
        redactor=Redactor(),
        clock=SystemClock(),
    )
    yield Crm(client, running.sandbox)
    client.close()


class Crm:
    """Does actions against a sandbox, by name."""

    def __init__(self, client: Client, sandbox: Sandbox) -> None:
        self.client = client
        self.sandbox = sandbox

    def do(self, action: str, fields: Mapping[str, Any], **more: Any) -> Mapping[str, Any]:
        return self.call(action, fields, **more).run()

    def call(self, action: str, fields: Mapping[str, Any], **more: Any) -> "LiveCall":
        return LiveCall(self.client, action, fields, **more)

    def count(self, kind: str) -> int:
        return len(self.sandbox.state.rows(kind))


class LiveCall(FakeCall):
    """As FakeCall, but what it is asked goes out; a try whose end is doubtful makes it doubtful."""

    def __init__(self, client: Client, action: str, fields: Mapping[str, Any], **more: Any) -> None:
        found = CONNECTOR.action(action)
        assert found
        super().__init__(found, judge, fields, **{"settings": {"site": "main"}, **more})
        self.client = client

    def ask(self, request: Request) -> Answer:
        self.requests.append(request)
        try:
            answer = self.client.send(request)
            self.judge(request, answer)
        except TransientError as error:
            self.doubtful = self.doubtful or error.may_have_happened
            raise
        return answer


def test_an_order_of_an_ozon_posting_has_the_offers_of_its_articles(crm: Crm) -> None:
    products = [
        {"offer_id": "TEE-2-S", "name": "Футболка", "price": "1199.9000", "quantity": 2},
        {"offer_id": "00042", "name": "Консультация", "price": {"amount": "3000", "currency": "RUB"}, "quantity": 1},
    ]

    order = crm.do(
        "create_order_from_ozon",
        {"article_field": "offer_id", "products": products, "externalId": "10000012-0101-1", "site": "main"},
    )

    assert (order["created"], order["externalId"], float(order["summ"])) == (True, "10000012-0101-1", 5399.8)
    assert [line["offer"]["article"] for line in order["items"]] == ["TEE-2-S", "00042"]


def test_an_article_that_the_look_alike_lacks_leaves_no_order_behind(crm: Crm) -> None:
    products = [{"offer_id": "TEE-2", "name": "Футболка", "price": "1", "quantity": 1}]

    with pytest.raises(PermanentError, match=r"TEE-2 \(Футболка\)"):
        crm.do("create_order_from_ozon", {"article_field": "offer_id", "products": products})

    assert crm.count("order") == 0


def test_a_posting_delivered_twice_is_one_order(crm: Crm) -> None:
    products = [{"offer_id": "MUG-1", "name": "Кружка", "price": 624, "quantity": 1}]
    fields = {"article_field": "offer_id", "products": products}

    first, second = (crm.do("create_order_from_ozon", fields) for _ in range(2))

    assert (first["created"], second["created"], first["id"] == second["id"]) == (True, False, True)
    assert crm.count("order") == 1


def test_a_customer_is_created_once_and_found_by_each_of_its_marks(crm: Crm) -> None:
    first, second = (crm.do("create_customer", {**PERSON, "tags": ["vip"]}) for _ in range(2))
    crm.do("create_customer", {**PERSON, "phones": ["+74950000013"], "email": "aivan@example.com"}, identity="other")

    found = [
        crm.do("find_customer", fields)
        for fields in (
            {"externalId": first["externalId"]},
            {"phone": "8 (495) 000 00 12"},
            {"email": "IVAN@example.com"},
            {"email": "ivan@example.com", "phone": "74950000012", "externalId": first["externalId"]},
        )
    ]

    assert (first["created"], second["created"], crm.count("customer")) == (True, False, 2)
    assert [one["id"] for one in found] == [first["id"]] * 4
    assert found[0]["tags"] == [{"name": "vip"}]
    assert crm.do("find_customer", {"email": "ivan@example.com", "phone": "74950000013"}) == {}


def test_a_payment_is_added_once_and_edited_where_the_step_says_so(crm: Crm) -> None:
    order = crm.do("create_order", {"items": [{"productName": "Окно", "initialPrice": 500}]})
    payment = {"order": {"externalId": order["externalId"]}, "type": "cash", "amount": 500}

    first = crm.do("create_payment", payment)
    second = crm.do("create_payment", {**payment, "status": "paid"}, options={"on_duplicate": "edit"})

    (kept,) = crm.sandbox.state.rows("order")[order["id"]]["payments"].values()
    assert (first["created"], second["created"], first["id"] == second["id"]) == (True, False, True)
    assert (kept["status"], kept["externalId"]) == ("paid", first["externalId"])


def test_a_payments_id_that_another_order_has_is_told(crm: Crm) -> None:
    orders = [crm.do("create_order", {}, identity=name) for name in ("one", "two")]
    fields = [{"order": {"id": order["id"]}, "type": "cash", "amount": 1, "externalId": "p"} for order in orders]
    crm.do("create_payment", fields[0])

    with pytest.raises(PermanentError, match="another order may have it"):
        crm.do("create_payment", fields[1])


def test_a_payment_of_an_unknown_order_fails(crm: Crm) -> None:
    with pytest.raises(PermanentError, match="did not find it"):
        crm.do("create_payment", {"order": {"number": "17A"}, "type": "cash"})


def test_a_note_a_product_a_warehouse_and_packs(crm: Crm) -> None:
    order = crm.do("create_order", {"items": [{"offer": {"id": 1001}}], "phone": "+74950000012"})

    note = crm.do("create_customer_note", {"customer": {"id": order["customer"]["id"]}, "text": "Звонил"})
    product = crm.do("find_product", {"article": "TEE-2-M"})
    store = crm.do("get_store", {"code": "main"})
    packs = crm.do("get_order_packs", {"id": order["id"]})
    found = crm.do("find_order", {"phone": "84950000012"})
    edited = crm.do("edit_order", {"id": order["id"], "managerComment": "Перезвонить"})

    assert (note["success"], crm.count("note")) == (True, 1)
    assert (product["id"], product["offer"]["id"]) == (2, 1003)
    assert (store["code"], packs) == ("main", {"packs": []})
    assert found["id"] == order["id"]
    assert (edited["managerComment"], len(edited["items"])) == ("Перезвонить", 1)


def test_null_clears_and_what_is_not_mapped_stays(crm: Crm) -> None:
    line = {"productName": "Окно", "quantity": 2, "comment": "срочно"}
    order = {
        "firstName": "Иван",
        "lastName": "Примеров",
        "customFields": {"city": "Омск", "visits": 3},
        "delivery": {"cost": 250, "address": {"city": "Омск", "street": "Мира"}},
        "items": [line],
    }
    made = crm.do("create_order", order)
    cleared = {
        "lastName": None,
        "customFields": {"city": None},
        "delivery": {"address": {"city": None}},
        "items": [{"productName": "Окно", "comment": None}],
    }

    edited = crm.do("edit_order", {"id": made["id"], **cleared})

    assert (edited["firstName"], "lastName" in edited) == ("Иван", False)
    assert edited["customFields"] == {"visits": 3}
    assert (edited["delivery"]["cost"], edited["delivery"]["address"]["street"]) == (250, "Мира")
    assert "city" not in edited["delivery"]["address"]
    assert (edited["items"][0]["quantity"], "comment" in edited["items"][0]) == (2, False)


def test_lines_of_offers_that_the_catalogue_lacks_stay_single(crm: Crm) -> None:
    line = {"productName": "Окно", "offer": {"externalId": "not-there"}, "quantity": 1}
    fields = {"externalId": "ct-1", "items": [line]}
    crm.do("create_order", fields)

    same = crm.do("create_order", fields, options={"on_duplicate": "edit"})
    more = crm.do("create_order", {**fields, "items": [{**line, "quantity": 3}]}, options={"on_duplicate": "edit"})

    assert [each["quantity"] for each in same["items"]] == [1]
    assert [each["quantity"] for each in more["items"]] == [3]


@pytest.mark.parametrize("payment", [{"type": "cash", "amount": 5}, {"externalId": "p1", "type": "cash", "amount": 5}])
def test_an_edit_whose_answers_get_lost_pays_once(crm: Crm, payment: dict[str, Any]) -> None:
    order = crm.do("create_order", {"firstName": "Иван"})
    step = crm.call("edit_order", {"id": order["id"], "payments": [payment]})
    crm.sandbox.set_faults(parse_faults("lost=0.5,500=0.2"), seed=1)

    outputs = _until_done(step)

    crm.sandbox.set_faults(Faults())
    (kept,) = outputs["payments"].values()
    assert (kept["type"], kept["amount"]) == ("cash", 5)
    assert _made(crm, "payment") == 1


@pytest.mark.parametrize(
    ("action", "fields", "kind"),
    [
        ("create_order", {"firstName": "Иван"}, "order"),
        (
            "create_order_from_ozon",
            {"article_field": "a", "products": [{"a": "MUG-1", "quantity": 1, "price": "1"}]},
            "order",
        ),
        ("create_customer", PERSON, "customer"),
        ("create_payment", {"order": {"number": "N-1"}, "type": "cash", "amount": 5}, "payment"),
        ("create_customer_note", {"customer": {"id": 1}, "text": "Звонил"}, "note"),
    ],
)
def test_an_answer_that_got_lost_makes_no_second_one(crm: Crm, action: str, fields: dict[str, Any], kind: str) -> None:
    if kind in ("payment", "note"):
        crm.do("create_order", {"number": "N-1", "firstName": "Иван"}, identity="before")
    step = crm.call(action, fields)
    crm.sandbox.set_faults(parse_faults("lost=0.5,500=0.2"), seed=1)

    outputs = _until_done(step)

    crm.sandbox.set_faults(Faults())
    assert (outputs["success"], step.doubtful) == (True, True)
    assert _made(crm, kind) == 1


def _until_done(step: LiveCall) -> Mapping[str, Any]:
    for _ in range(30):
        try:
            return step.run()
        except TransientError:
            continue
    raise CallError("it never came through")


def _made(crm: Crm, kind: str) -> int:
    if kind == "payment":
        return sum(len(order["payments"]) for order in crm.sandbox.state.rows("order").values())
    return crm.count(kind)
