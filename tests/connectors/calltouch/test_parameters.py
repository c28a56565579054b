"""Calltouch: the days asked for, one deal by its number, and what a bundle may ask beside."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from apimonster_cli.connectors.calltouch import CONNECTOR, ORDERS
from apimonster_cli.connectors.calltouch.parameters import by_number, whole_days
from apimonster_cli.connectors.spec import Window

MOSCOW = ZoneInfo("Europe/Moscow")


def window(start: str, end: str) -> Window:
    return Window(
        datetime.fromisoformat(start).replace(tzinfo=MOSCOW), datetime.fromisoformat(end).replace(tzinfo=MOSCOW)
    )


@pytest.mark.parametrize(
    ("start", "end", "first", "last"),
    [
        ("2026-03-01T09:00", "2026-03-27T18:00", "01/03/2026", "27/03/2026"),
        ("2026-03-01T09:00", "2026-03-01T09:10", "01/03/2026", "02/03/2026"),
        ("2026-12-31T23:55", "2026-12-31T23:59", "31/12/2026", "01/01/2027"),
    ],
    ids=["weeks", "minutes", "new year"],
)
def test_asks_for_whole_days(start: str, end: str, first: str, last: str) -> None:
    assert whole_days(window(start, end)) == {"dateFrom": first, "dateTo": last}


def test_the_site_is_a_part_of_the_path() -> None:
    request = ORDERS.request({"site_id": 12345, "token": "invented"}, [("page", "1")])

    assert request.path == "/calls-service/RestAPI/12345/orders-diary/orders"
    assert request.query == (("page", "1"),)
    assert not request.writes


def test_the_token_travels_in_the_query_of_every_call() -> None:
    assert CONNECTOR.call_query({"token": "Gll/U3+w="}) == (("clientApiId", "Gll/U3+w="),)
    assert CONNECTOR.call_headers({"token": "Gll/U3+w="}) == {}


def test_one_deal_is_asked_for_as_deals_are_shown_but_not_chosen() -> None:
    params = {"withOrdersTags": "true", "orderSource": "CALL", "manager": "Анна", "limit": "5"}

    first, second = by_number({"orderNumber": 1001, "service": "AmoCRM"}, params)

    assert first == {"orderNumber": "1001", "withOrdersTags": "true"}
    assert second == {"orderNumber": "1001", "withOrdersTags": "true", "withComments": "true"}


def test_a_deal_that_the_comment_flag_hides_is_asked_for_the_other_way_round() -> None:
    ways = by_number({"orderNumber": "1001"}, {"withComments": "true"})

    assert [way["withComments"] for way in ways] == ["true", "false"]


@pytest.mark.parametrize(
    ("name", "wrong"),
    [("timeFrom", "24:00:00"), ("timeTo", "9:00"), ("phoneNumber.value", "+7 495"), ("limit", 1001), ("limit", 0)],
)
def test_a_parameter_that_the_service_would_refuse_is_told(name: str, wrong: object) -> None:
    (parameter,) = [each for each in ORDERS.params if each.name == name]
    assert parameter.check

    with pytest.raises(ValueError, match=r"\w+"):
        parameter.check(wrong)


def test_every_parameter_of_the_service_can_be_set_by_the_connection_the_window_the_pages_or_the_bundle() -> None:
    of_the_service = {
        "site_id", "clientApiId", "dateFrom", "dateTo", "timeFrom", "timeTo", "page", "limit", "orderSource",
        "phoneNumber.value", "orderNumber", "bindTo", "manager", "service", "withOrdersTags", "withAllOrderOrigins",
        "withComments",
    }  # fmt: skip

    ours = {each.name for each in ORDERS.params} | {"site_id", "clientApiId", "dateFrom", "dateTo", ORDERS.pages.number}

    assert of_the_service - ours == set()
