"""The orders diary of Calltouch, rule by rule, on the wire."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any

import pytest
import requests

from apimonster_cli.sandbox.calltouch import Calltouch, sortable
from apimonster_cli.sandbox.calltouch_deals import made_up
from apimonster_cli.sandbox.calltouch_limit import Limit
from apimonster_cli.sandbox.faults import parse_faults
from apimonster_cli.sandbox.server import Running, Sandbox
from tests.sandbox.conftest import Http, Serve

DIARY = "/calls-service/RestAPI/12345/orders-diary/orders"
OCTOBER = {"dateFrom": "01/10/2025", "dateTo": "01/11/2025", "page": "1", "withAllOrderOrigins": "true"}
ONE_DAY = {"dateFrom": "10/10/2025", "dateTo": "11/10/2025"}


def ask(running: Running, asked: Mapping[str, str] | None = None, *, token: str = "sandbox", path: str = DIARY) -> Any:
    return requests.get(
        running.url + path,
        params={"clientApiId": token, **(OCTOBER if asked is None else asked)},
        timeout=10,
        allow_redirects=False,
    )


def numbers(answer: requests.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    body = answer.json()
    return [deal["orderNumber"] for deal in (body if isinstance(body, list) else body["records"])]


def deal(number: str, day: str = "10/10/2025", **more: Any) -> dict[str, Any]:
    return {"orderNumber": number, "orderDate": f"{day} 12:00:00", "createdDate": f"{day} 12:00:05", **more}


@pytest.fixture
def diary(running: Running) -> Calltouch:
    running.sandbox.calltouch.rules.per_second = 1000  # the limit has tests of its own
    return running.sandbox.calltouch


# the envelope ----------------------------------------------------------------------------------------------------------
def test_an_empty_period_has_no_pages(running: Running, diary: Calltouch) -> None:
    answer = ask(running, {**OCTOBER, "limit": "6"})

    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == {"page": 1, "pageTotal": 0, "pageSize": 6, "recordsTotal": 0, "records": []}


def test_pages_count_pages_and_records_count_deals(running: Running, diary: Calltouch) -> None:
    diary.create(*(deal(str(number)) for number in range(5)))

    bodies = [ask(running, {**OCTOBER, "limit": "2", "page": str(page)}).json() for page in (1, 2, 3, 4)]

    assert [(body["page"], body["pageTotal"], body["pageSize"], body["recordsTotal"]) for body in bodies] == [
        (page, 3, 2, 5) for page in (1, 2, 3, 4)
    ]
    assert [[found["orderNumber"] for found in body["records"]] for body in bodies] == [
        ["0", "1"],
        ["2", "3"],
        ["4"],
        [],
    ]


def test_a_page_holds_a_thousand_unless_told_otherwise(running: Running, diary: Calltouch) -> None:
    diary.create(*(deal(str(number)) for number in range(1001)))

    body = ask(running).json()

    assert (body["pageSize"], len(body["records"]), body["pageTotal"]) == (1000, 1000, 2)


def test_without_page_one_day_comes_as_a_bare_list(running: Running, diary: Calltouch) -> None:
    diary.create(deal("1"), deal("2", "11/10/2025"))

    assert numbers(ask(running, ONE_DAY)) == ["1"]
    assert isinstance(ask(running, ONE_DAY).json(), list)


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"dateTo": "11/10/2025"}, "dateFrom is required in the format dd/mm/yyyy"),
        ({"dateFrom": "10/10/2025", "page": "1"}, "dateTo is required in the format dd/mm/yyyy"),
        ({"dateFrom": "2025-10-10", "dateTo": "11/10/2025"}, "dateFrom is required in the format dd/mm/yyyy"),
        ({"dateFrom": "10/31/2025", "dateTo": "11/01/2025"}, "dateFrom is required in the format dd/mm/yyyy"),
        ({"dateFrom": "10/10/2025", "dateTo": "10/10/2025"}, "dateFrom must be less than dateTo"),
        ({"dateFrom": "11/10/2025", "dateTo": "10/10/2025"}, "dateFrom must be less than dateTo"),
        ({"dateFrom": "10/10/2025", "dateTo": "12/10/2025"}, "page is required when the period is longer than 1 day"),
        ({**OCTOBER, "page": "0"}, "page must be a number from 1"),
        ({**OCTOBER, "limit": "1001"}, "limit must be a number from 1 to 1000"),
        ({**ONE_DAY, "timeFrom": "9:00"}, "timeFrom must have the format hh:mm:ss"),
        ({**ONE_DAY, "withOrdersTags": "yes"}, "withOrdersTags must be true or false"),
    ],
)
def test_says_which_parameter_is_wrong(
    running: Running, diary: Calltouch, asked: dict[str, str], sentence: str
) -> None:
    diary.create(deal("1"))

    answer = ask(running, asked)

    assert answer.status_code == 400
    assert answer.json() == {"data": {"apiErrorData": {"errorCode": 400, "errorMessage": sentence}}}


# the window ------------------------------------------------------------------------------------------------------------
def test_the_window_is_over_the_order_date_alone(running: Running, diary: Calltouch) -> None:
    diary.create(
        deal("late", createdDate="05/11/2025 09:00:00"),
        deal("before", "30/09/2025", updatedDate="10/10/2025 09:00:00"),
        deal("future", "31/10/2025", createdDate="29/10/2025 09:00:00"),
    )

    assert sorted(numbers(ask(running))) == ["future", "late"]


@pytest.mark.parametrize(("included", "found"), [(False, ["10"]), (True, ["10", "11"])])
def test_whether_the_last_day_counts_is_a_rule(
    running: Running,
    diary: Calltouch,
    included: bool,  # noqa: FBT001 - a parameter of the case
    found: list[str],
) -> None:
    diary.create(*(deal(day, f"{day}/10/2025") for day in ("09", "10", "11", "12")))
    diary.rules.end_included = included

    assert numbers(ask(running, ONE_DAY)) == found


def test_times_narrow_the_window(running: Running, diary: Calltouch) -> None:
    diary.create(*(deal(f"{hour}", orderDate=f"10/10/2025 {hour}:00:00") for hour in (10, 11, 12, 13)))

    answer = ask(
        running,
        {"dateFrom": "10/10/2025", "dateTo": "11/10/2025", "timeFrom": "11:00:00", "timeTo": "00:00:00"},
    )

    assert numbers(answer) == ["11", "12", "13"]


def test_a_number_stands_instead_of_the_dates(running: Running, diary: Calltouch) -> None:
    diary.create(deal("1001", service="AmoCRM"), deal("1001", service="retailCRM"), deal("1002"))

    assert numbers(ask(running, {"orderNumber": "1001"})) == ["1001", "1001"]
    assert ask(running, {"orderNumber": "7", "page": "1"}).json()["records"] == []


def test_a_phone_stands_instead_of_the_dates(running: Running, diary: Calltouch) -> None:
    diary.create(
        deal("1", client={"phones": "74950000021", "fio": None}),
        deal("2", client={"phones": ["74950000022", "74950000021"]}),
        deal("3", client={"phones": None}),
    )

    assert numbers(ask(running, {"phoneNumber.value": "74950000021"})) == ["1", "2"]


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"service": "AmoCRM"}, ["1"]),
        ({"manager": "Анна Образцова"}, ["2"]),
        ({"orderSource": "CALL"}, ["1"]),
        ({"orderSource": "REQUEST"}, ["2"]),
        ({"service": "AmoCRM", "orderSource": "REQUEST"}, []),
    ],
)
def test_narrows_by_service_manager_and_source(
    running: Running, diary: Calltouch, asked: dict[str, str], found: list[str]
) -> None:
    diary.create(
        deal("1", service="AmoCRM", orderSource={"type": "CALL", "callId": 1}),
        deal("2", manager="Анна Образцова", orderSource={"type": "REQUEST", "requestNumber": "1"}),
        deal("3"),
    )

    assert numbers(ask(running, {**OCTOBER, **asked})) == found


def test_deals_not_made_through_the_api_have_to_be_asked_for(running: Running, diary: Calltouch) -> None:
    diary.create(deal("1"), deal("2", orderOrigin="MANUAL"))

    assert numbers(ask(running, {**OCTOBER, "withAllOrderOrigins": "false"})) == ["1"]
    assert numbers(ask(running)) == ["1", "2"]


def test_tags_and_comments_come_when_they_are_asked_for(running: Running, diary: Calltouch) -> None:
    diary.create(deal("1", tags=["опт"], comment="Перезвонить"), deal("2"))

    plain = ask(running).json()["records"]
    whole = ask(running, {**OCTOBER, "withOrdersTags": "true", "withComments": "true"}).json()["records"]

    assert all("tags" not in found and "comment" not in found for found in plain)
    assert [(found["tags"], found["comment"]) for found in whole] == [(["опт"], "Перезвонить"), (None, None)]


def test_the_comment_flag_may_be_a_choice_between_deals(running: Running, diary: Calltouch) -> None:
    diary.create(deal("1", comment="Перезвонить"), deal("2"))
    diary.rules.comments = "filter"

    assert numbers(ask(running)) == ["2"]
    assert numbers(ask(running, {**OCTOBER, "withComments": "true"})) == ["1"]


# what is refused -------------------------------------------------------------------------------------------------------
def test_a_wrong_token_is_refused(running: Running, diary: Calltouch) -> None:
    assert ask(running, token="wrong").status_code == 403


def test_a_token_expires_and_comes_back(running: Running, diary: Calltouch) -> None:
    diary.rules.token_expired = True
    refused = ask(running)
    diary.rules.token_expired = False

    assert (refused.status_code, refused.json()["errorCode"]) == (403, "403")
    assert ask(running).status_code == 200


@pytest.mark.parametrize("path", ["/calls-service/RestAPI/99/orders-diary/orders", DIARY + "/", "/calls-service/x"])
def test_a_wrong_site_or_path_leads_to_a_page_for_people(running: Running, diary: Calltouch, path: str) -> None:
    redirect = ask(running, path=path)
    followed = requests.get(running.url + path, timeout=10)

    assert (redirect.status_code, redirect.headers["location"]) == (302, "/calls-service/help.html")
    assert (followed.status_code, followed.headers["content-type"]) == (200, "text/html; charset=utf-8")


def test_the_journal_shows_the_call_without_its_token(running: Running, diary: Calltouch) -> None:
    ask(running, token="secret-token")

    with Http(running.url) as http:
        journal = http.get("/sandbox/requests")

    assert journal.json()["requests"][0]["path"] == DIARY
    assert "secret-token" not in journal.text


# the limit -------------------------------------------------------------------------------------------------------------
def test_five_are_carried_out_five_wait_and_the_eleventh_is_refused() -> None:
    limit = Limit()

    waits = [limit.enter(100.0, per_second=5, waiting=5) for _ in range(11)]
    later = limit.enter(102.0, per_second=5, waiting=5)

    assert waits == [0.0] * 5 + [1.0] * 5 + [None]
    assert (later, limit.most, limit.refused) == (0.0, 11, 1)


def test_calls_spaced_evenly_never_wait() -> None:
    limit = Limit()

    waits = [limit.enter(100 + number * 0.204, per_second=5, waiting=5) for number in range(50)]

    assert waits == [0.0] * 50
    assert limit.most == 5


def test_the_eleventh_call_of_a_second_is_answered_429(running: Running) -> None:
    with ThreadPoolExecutor(11) as pool:
        answers = list(pool.map(lambda _: ask(running), range(11)))

    assert sorted(answer.status_code for answer in answers) == [200] * 10 + [429]
    refused = next(answer for answer in answers if answer.status_code == 429)
    assert refused.headers["retry-after"] == "1"


def test_the_limit_is_of_the_address_whatever_the_token(running: Running) -> None:
    running.sandbox.calltouch.rules.per_second = 1
    running.sandbox.calltouch.rules.waiting = 0

    first, second = ask(running, token="wrong"), ask(running)

    assert (first.status_code, second.status_code) == (403, 429)


def test_the_crm_is_not_counted_among_calltouchs_calls(running: Running, http: Http) -> None:
    answers = [http.get("/api/v5/orders") for _ in range(20)]

    assert {answer.status_code for answer in answers} == {200}
    assert running.sandbox.calltouch.limits == {}


# faults ----------------------------------------------------------------------------------------------------------------
def test_a_page_after_the_first_fails_by_chance(running: Running, diary: Calltouch) -> None:
    running.sandbox.set_faults(parse_faults("pagefail=1"))

    first, second = ask(running), ask(running, {**OCTOBER, "page": "2"})

    assert (first.status_code, second.status_code) == (200, 500)
    assert second.json()["errorCode"] == "500"


def test_a_certain_page_fails_so_many_times(running: Running, diary: Calltouch) -> None:
    diary.rules.failing_pages[2] = 2

    answers = [ask(running, {**OCTOBER, "page": page}) for page in "12223"]

    assert [answer.status_code for answer in answers] == [200, 500, 500, 200, 200]


def test_overload_strikes_calltouch_alone(running: Running, diary: Calltouch, http: Http) -> None:
    running.sandbox.set_faults(parse_faults("overload=1"))

    assert ask(running).status_code == 429
    assert http.get("/api/v5/orders").status_code == 200


def test_the_common_faults_strike_calltouch_too(running: Running, diary: Calltouch) -> None:
    running.sandbox.set_faults(parse_faults("maintenance=1"))
    maintenance = ask(running)
    running.sandbox.set_faults(parse_faults("reset=1"))

    assert (maintenance.status_code, maintenance.headers["content-type"]) == (503, "text/html; charset=utf-8")
    with pytest.raises(requests.ConnectionError):
        ask(running)


# the control address ---------------------------------------------------------------------------------------------------
def test_deals_are_fed_changed_and_deleted_from_outside(running: Running, diary: Calltouch, http: Http) -> None:
    path = "/sandbox/calltouch/deals"
    http.post(path, json={"create": [deal("1", service="AmoCRM"), deal("2"), deal("3"), deal("4")]})

    changed = http.post(
        path,
        json={
            "update": {"orderNumber": "1", "service": "AmoCRM", "orderStatus": "Оплачен", "plannedAmount": 12.50},
            "move": {"orderNumber": "2", "orderDate": "12/12/2025 10:00:00"},
            "delete": [{"orderNumber": "3"}, {"orderNumber": "4", "vanish": True}],
        },
    )

    assert changed.status_code == 200, changed.text
    found = {each["orderNumber"]: each for each in ask(running).json()["records"]}
    assert list(found) == ["1", "3"]
    assert (found["1"]["orderStatus"], found["1"]["plannedAmount"]) == ("Оплачен", 12.5)
    assert found["1"]["updatedDate"] == found["1"]["statusDate"] != found["1"]["createdDate"]
    assert (found["1"]["isDeleted"], found["3"]["isDeleted"]) == (False, True)
    assert [each["orderNumber"] for each in http.get(path).json()["deals"]] == ["1", "2", "3"]


def test_deals_come_as_a_form_as_well(running: Running, diary: Calltouch, http: Http) -> None:
    answer = http.post("/sandbox/calltouch/deals", data={"create": '{"orderNumber": "7"}'})

    assert answer.json()["deals"][0]["orderNumber"] == "7"
    assert diary.deals()[0]["orderStatus"] == "Новая"


@pytest.mark.parametrize(
    ("body", "status", "sentence"),
    [
        ({"create": "x"}, 400, "Expecting value"),
        ({"create": ["x"]}, 400, "create takes a deal, or a list of deals, as JSON objects"),
        ({"create": {"orderDate": "2025-10-10"}}, 400, "'2025-10-10' is no moment of the diary"),
        ({"create": [{"orderNumber": "1"}, {"orderNumber": "1"}]}, 400, "there is a deal 1 of None already"),
        ({"update": {"service": "AmoCRM"}}, 400, "orderNumber is missing"),
        ({"move": {"orderNumber": "9", "orderDate": "10/10/2025 10:00:00"}}, 404, "there is no deal 9 of no service"),
        ({"create": {"orderNumber": "1"}, "site": "99"}, 404, "there is no site 99; known are 12345"),
    ],
)
def test_says_what_is_wrong_with_a_deal(
    diary: Calltouch, http: Http, body: dict[str, Any], status: int, sentence: str
) -> None:
    answer = http.post("/sandbox/calltouch/deals", json=body)

    assert answer.status_code == status
    assert answer.json()["errorMsg"].startswith(sentence)


def test_rules_are_set_and_read_from_outside(running: Running, http: Http) -> None:
    http.post("/sandbox/calltouch/rules", data={"token_expired": "true", "per_second": "2", "fail_page": "3"})
    refused = ask(running)
    summary = http.get("/sandbox/calltouch").json()

    rules = running.sandbox.calltouch.rules
    assert (rules.per_second, rules.failing_pages[3], refused.status_code) == (2, 1, 403)
    assert (summary["peakPerSecond"], summary["refused"], summary["deals"]) == (1, 0, 0)


def test_made_up_deals_are_asked_for_from_outside(running: Running, diary: Calltouch, http: Http) -> None:
    form = {"count": "12", "since": "01/10/2025", "days": "20", "seed": "3"}

    made = http.post("/sandbox/calltouch/generate", data=form).json()["deals"]

    assert sorted(numbers(ask(running))) == sorted(each["orderNumber"] for each in made)


def test_an_unknown_control_address_is_named(http: Http) -> None:
    answer = http.get("/sandbox/calltouch/nothing")

    assert (answer.status_code, answer.json()["errorMsg"]) == (
        404,
        "There is no GET /sandbox/calltouch/nothing here.",
    )


def test_a_reset_forgets_deals_and_rules(running: Running, diary: Calltouch, http: Http) -> None:
    diary.create(deal("1"))
    diary.rules.token_expired = True

    http.post("/sandbox/reset")

    assert ask(running).json()["records"] == []


def test_deals_outlive_a_stop_in_a_file(serve: Serve, tmp_path: Any) -> None:
    first = Sandbox(database=tmp_path / "sandbox.db")
    first.calltouch.create(deal("1"), deal("2"))
    first.calltouch.delete("2", vanish=True)
    first.state.close()

    again = Sandbox(database=tmp_path / "sandbox.db")
    running = serve(again)

    assert numbers(ask(running)) == ["1"]
    assert again.calltouch.update("1", {"comment": "x"})["comment"] == "x"


# made-up deals ---------------------------------------------------------------------------------------------------------
def test_made_up_deals_are_the_same_for_the_same_seed() -> None:
    since = date(2025, 10, 1)

    assert made_up(50, seed=3, since=since, days=30) == made_up(50, seed=3, since=since, days=30)
    assert made_up(50, seed=3, since=since, days=30) != made_up(50, seed=4, since=since, days=30)


def test_made_up_deals_are_one_each_by_service_and_number() -> None:
    deals = made_up(2000, since=date(2025, 10, 1), days=30)

    keys = {(each["service"], each["orderNumber"]) for each in deals}
    assert len(keys) == 2000
    assert len({each["orderNumber"] for each in deals}) < 2000
    assert all("20251001" <= sortable(each["orderDate"])[:8] <= "20251030" for each in deals)


def test_made_up_deals_show_every_shape() -> None:
    deals = made_up(500, since=date(2025, 10, 1), days=30)

    assert {type(each["visit"]) for each in deals} == {dict, type(None)}
    assert any(each["visit"] and not any(each["visit"].values()) for each in deals)
    assert {type(each["tags"]) for each in deals} == {list, type(None)}
    assert {(each["orderSource"] or {}).get("type") for each in deals} == {"CALL", "REQUEST", None}
    assert {"products" in each for each in deals} == {"custom" in each for each in deals} == {True, False}
    assert any(sortable(each["createdDate"])[:8] > sortable(each["orderDate"])[:8] for each in deals)
