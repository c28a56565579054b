"""The control address: the journal, plain dumps, faults on the fly, reset."""

import pytest

from apimonster_cli.sandbox.control import control
from apimonster_cli.sandbox.server import Running, Sandbox
from apimonster_cli.sandbox.wire import Wire
from tests.sandbox.conftest import Http, Serve


def test_says_that_it_is_there(running: Running) -> None:
    with Http(running.url, None) as http:
        answer = http.get("/sandbox/health")

    assert (answer.status_code, answer.json()) == (200, {"success": True})


def test_keeps_a_journal_of_every_call(http: Http) -> None:
    http.post("/api/v5/orders/create?site=main&apiKey=sandbox", data={"order": '{"externalId": "7"}'})
    http.get("/api/v5/orders/8")
    http.get("/nowhere")

    journal = http.get("/sandbox/requests").json()

    made, missing, nowhere = journal["requests"]
    assert (made["number"], made["method"], made["path"], made["status"]) == (1, "POST", "/api/v5/orders/create", 201)
    assert made["parameters"] == {"site": "main", "order": '{"externalId": "7"}'}
    assert (made["fault"], made["carriedOut"]) == (None, True)
    assert made["time"] <= missing["time"] <= nowhere["time"]
    assert (journal["total"], journal["statuses"]) == (3, {"201": 1, "404": 2})
    assert 1 <= journal["peakPerSecond"] <= 3


def test_narrows_the_journal(http: Http) -> None:
    for path in ("/api/credentials", "/api/v5/orders", "/api/credentials"):
        http.get(path)

    by_path = http.get("/sandbox/requests?path=/api/credentials").json()
    last = http.get("/sandbox/requests?last=1").json()

    assert [row["number"] for row in by_path["requests"]] == [1, 3]
    assert [row["number"] for row in last["requests"]] == [3]
    assert by_path["total"] == 3


def test_journals_what_fate_did(http: Http) -> None:
    http.post("/sandbox/faults", data={"faults": "maintenance=1"})
    http.post("/api/v5/orders/create", data={"order": '{"externalId": "7"}'})

    journal = http.get("/sandbox/requests").json()

    assert journal["faults"] == {"maintenance": 1}
    assert journal["requests"][0]["carriedOut"] is False
    assert journal["requests"][0]["parameters"] == {"order": '{"externalId": "7"}'}


def test_dumps_what_is_kept(http: Http) -> None:
    http.post("/api/v5/orders/create", data={"order": '{"externalId": "7", "firstName": "Ivan"}'})
    http.post("/api/v5/customers/notes/create", data={"note": '{"text": "x", "customer": {"id": 1}}'})

    dumps = {name: http.get(f"/sandbox/{name}").json()[name] for name in ("orders", "customers", "notes")}

    assert [order["externalId"] for order in dumps["orders"]] == ["7"]
    assert [customer["firstName"] for customer in dumps["customers"]] == ["Ivan"]
    assert [note["text"] for note in dumps["notes"]] == ["x"]


def test_changes_faults_on_the_fly(http: Http) -> None:
    wrong = http.post("/sandbox/faults", data={"faults": "lots=1"})
    http.post("/sandbox/faults", data={"faults": "500=1", "seed": "5"})
    during = http.get("/api/credentials").status_code
    http.post("/sandbox/faults")
    after = http.get("/api/credentials").status_code

    assert (wrong.status_code, "'lots' is no fault" in wrong.json()["errorMsg"]) == (400, True)
    assert (during, after) == (500, 200)


def test_resets_data_and_journal(http: Http) -> None:
    http.post("/api/v5/orders/create", data={"order": '{"externalId": "7"}'})

    http.post("/sandbox/reset")

    assert http.get("/sandbox/orders").json()["orders"] == []
    assert http.get("/sandbox/requests").json()["total"] == 0
    assert http.post("/api/v5/orders/create", data={"order": '{"externalId": "7"}'}).json()["id"] == 1


def test_knows_no_other_control_calls(http: Http) -> None:
    assert http.get("/sandbox/reset").status_code == 404
    assert http.post("/sandbox/orders").status_code == 404


@pytest.mark.parametrize(
    ("client", "expected"),
    [(("127.0.0.1", 1), True), (("::1", 1), True), (("10.0.0.5", 1), False), (("1270.example", 1), False)],
)
def test_is_for_this_machine_alone(client: tuple[str, int], expected: bool) -> None:  # noqa: FBT001 - a case
    wire = Wire({"client": client}, None, None)  # type: ignore[arg-type]

    assert wire.is_local is expected


def test_the_same_faults_strike_the_same_calls_after_a_reset(serve: Serve) -> None:
    sandbox = Sandbox(seed=3)
    url = serve(sandbox).url
    with Http(url) as http:
        http.post("/sandbox/faults", data={"faults": "500=0.5"})
        first = [http.get("/api/credentials").status_code for _ in range(20)]
        http.post("/sandbox/reset")
        again = [http.get("/api/credentials").status_code for _ in range(20)]

    assert first == again
    assert set(first) == {200, 500}


def test_needs_no_server() -> None:
    answer = control(Sandbox(), "GET", "/sandbox/orders", {})

    assert (answer.status, answer.body) == (200, b'{"success":true,"orders":[]}')
