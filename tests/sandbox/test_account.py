"""Keys, scopes, shops, and the order in which a call is checked."""

from typing import Any

import pytest
import retailcrm

from apimonster_cli.sandbox.account import Key
from apimonster_cli.sandbox.server import Running, Sandbox
from tests.sandbox.conftest import Http, Serve

CREATE = "/api/v5/orders/create"


@pytest.fixture
def two_shops(serve: Serve) -> Running:
    keys = ("wide", Key("narrow", sites=("second",)), Key("reader", scopes=("order_read",)))
    return serve(Sandbox(keys=keys, sites=("main", "second")))


def test_tells_what_a_key_may_do(client: Any, two_shops: Running) -> None:
    wide = client.api_credentials().get_response()
    narrow = retailcrm.v5(two_shops.url, "narrow").api_credentials().get_response()

    assert wide["siteAccess"] == "access_full"
    assert {"order_write", "customer_read"} <= set(wide["scopes"])
    assert (narrow["siteAccess"], narrow["sitesAvailable"]) == ("access_selective", ["second"])


def test_refuses_a_wrong_key(running: Running) -> None:
    answer = retailcrm.v5(running.url, "wrong").api_credentials()

    assert answer.get_status_code() == 403
    assert answer.get_error_msg() == 'Wrong "apiKey" value.'


def test_refuses_a_missing_key(running: Running) -> None:
    with Http(running.url, None) as http:
        answer = http.get("/api/v5/orders")

    assert answer.json() == {"success": False, "errorMsg": '"apiKey" is missing.'}
    assert answer.status_code == 400


def test_takes_the_key_as_a_parameter(running: Running) -> None:
    with Http(running.url, None) as http:
        in_query = http.get("/api/v5/orders?apiKey=sandbox")
        in_form = http.post(CREATE, data={"apiKey": "sandbox", "order": "{}"})

    assert (in_query.status_code, in_form.status_code) == (200, 201)


def test_refuses_a_key_without_the_scope(two_shops: Running) -> None:
    reader = retailcrm.v5(two_shops.url, "reader")

    answer = reader.order_create({}, "main")

    assert answer.get_status_code() == 403
    assert answer.get_error_msg() == "Access denied."
    assert reader.orders().is_successful()


def test_insists_on_a_shop_when_the_key_reaches_several(two_shops: Running) -> None:
    client = retailcrm.v5(two_shops.url, "wide")

    answers = [client.order_create({"externalId": "7"}), client.order("7"), client.orders_upload([])]

    assert {answer.get_error_msg() for answer in answers} == {"Parameter 'site' is missing"}
    assert client.order_create({"externalId": "7"}, "second").get_response()["order"]["site"] == "second"


def test_external_ids_are_unique_per_shop(two_shops: Running) -> None:
    client = retailcrm.v5(two_shops.url, "wide")

    made = [client.order_create({"externalId": "7"}, site).get_status_code() for site in ("main", "second", "main")]

    assert made == [201, 201, 400]


def test_a_key_sees_its_own_shops_only(two_shops: Running) -> None:
    wide, narrow = (retailcrm.v5(two_shops.url, key) for key in ("wide", "narrow"))
    for site in ("main", "second"):
        wide.order_create({"externalId": site}, site)

    assert [order["externalId"] for order in narrow.orders().get_response()["orders"]] == ["second"]
    assert narrow.order(1, "id").get_status_code() == 404
    assert narrow.order_create({}, "main").get_error_msg() == "Access denied."
    assert narrow.order_create({}).get_response()["order"]["site"] == "second"


def test_looks_at_the_key_before_the_path(http: Http, running: Running) -> None:
    with Http(running.url, "wrong") as stranger:
        answer = stranger.get("/api/v5/fake-method")

    assert answer.status_code == 403


@pytest.mark.parametrize(
    ("method", "path", "status", "message"),
    [
        ("GET", "/api/v5/fake-method", 404, "API method not found"),
        ("GET", "/api/v5/orders/1/fake", 404, "API method not found"),
        ("GET", "/api/v3/orders", 404, "API method not found"),
        ("GET", "/", 404, "API method not found"),
        ("POST", "/api/api-versions", 405, "Method Not Allowed"),
        ("POST", "/api/v5/orders", 405, "Method Not Allowed"),
        ("GET", CREATE, 405, "Method Not Allowed"),
        ("PUT", "/api/v5/orders/1/edit", 405, "Method Not Allowed"),
    ],
)
def test_refuses_calls_that_do_not_exist(http: Http, method: str, path: str, status: int, message: str) -> None:
    answer = http.session.request(method, http.url + path, timeout=10)

    assert answer.status_code == status
    assert answer.json() == {"success": False, "errorMsg": message}


def test_a_json_body_is_no_form(http: Http) -> None:
    answer = http.post(CREATE, json={"order": {}})

    assert answer.json()["errorMsg"] == "Parameter 'order' is missing"


def test_tells_versions_and_addresses(client: Any, http: Http) -> None:
    assert client.api_versions().get_response() == {"success": True, "versions": ["3.0", "4.0", "5.0"]}
    assert http.get("/api/system-info").json()["systemVersion"] == "8.1.51"


def test_a_key_keeps_its_text_to_itself() -> None:
    assert "s3cret" not in repr(Key("s3cret"))
    assert "s3cret" not in Key("s3cret").mark
