"""Calltouch: what each answer means for a pull; nothing but a list of deals is ever taken for one."""

from pathlib import Path
from typing import Any

import pytest

from apimonster_cli.connectors.calltouch.answers import judge
from apimonster_cli.core.call import Answer, Request
from apimonster_cli.core.errors import PermanentError, RefusedError, TransientError
from tests.connectors.fakes import json_answer

ASKED = Request("GET", "/orders")
PAGE = b"<html><body>Help</body></html>"


@pytest.mark.parametrize("name", ["page_1", "page_2", "empty"])
def test_pages_of_deals_are_taken(name: str) -> None:
    body = (Path(__file__).parent / "answers" / f"{name}.json").read_bytes()

    judge(ASKED, Answer(200, {}, body))


@pytest.mark.parametrize("deals", [[], [{"orderNumber": "1"}]])
def test_a_bare_list_is_taken(deals: list[Any]) -> None:
    judge(ASKED, json_answer(deals))


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_token_makes_the_connection_wait(status: int) -> None:
    with pytest.raises(RefusedError, match=r"no rights.*check token and site_id"):
        judge(ASKED, json_answer({"message": "no rights"}, status))


@pytest.mark.parametrize("status", [301, 302, 307])
def test_a_redirect_is_no_empty_day_and_its_query_is_not_told(status: int) -> None:
    answer = Answer(status, {"location": "https://support.example.com/help?clientApiId=invented"}, b"")

    with pytest.raises(RefusedError, match=r"https://support\.example\.com/help\)") as told:
        judge(ASKED, answer)

    assert "invented" not in str(told.value)


def test_a_wrong_path_makes_the_connection_wait() -> None:
    with pytest.raises(RefusedError, match="check site_id"):
        judge(ASKED, Answer(404, {}, PAGE))


@pytest.mark.parametrize(
    "body",
    [
        PAGE,
        b"",
        b"null",
        b'"text"',
        b"{}",
        b'{"records": null}',
        b'{"records": {}}',
        b'["error"]',
        b'{"records": [null]}',
    ],
)
def test_a_success_without_a_list_of_deals_is_no_empty_day(body: bytes) -> None:
    with pytest.raises(TransientError):
        judge(ASKED, Answer(200, {}, body))


def test_an_overload_says_when_to_come_again() -> None:
    with pytest.raises(TransientError) as told:
        judge(ASKED, Answer(429, {"retry-after": "7"}, b""))

    assert told.value.retry_after == 7


def test_an_overload_that_says_nothing_waits_out_the_second() -> None:
    with pytest.raises(TransientError) as told:
        judge(ASKED, json_answer({"errorCode": "429", "message": "Too many requests"}, 429))

    assert told.value.retry_after == 1
    assert "Too many requests" in str(told.value)


@pytest.mark.parametrize(
    "body",
    [{"message": "Internal error"}, {"data": {"apiErrorData": {"errorMessage": "Internal error"}}}],
    ids=["message", "apiErrorData"],
)
@pytest.mark.parametrize("status", [200, 500, 502, 503])
def test_trouble_is_told_in_their_words(body: dict[str, Any], status: int) -> None:
    with pytest.raises(TransientError, match="Internal error"):
        judge(ASKED, json_answer(body, status))


def test_a_request_that_cannot_be_answered_is_told() -> None:
    body = {"data": {"validationErrorData": {"errorMessage": "dateFrom must be less than dateTo"}}}

    with pytest.raises(PermanentError, match=r"dateFrom must be less than dateTo.*check params"):
        judge(ASKED, json_answer(body, 400))


@pytest.mark.parametrize("location", ["", "http://[broken", "/help?x=1"])
def test_an_odd_redirect_is_told_all_the_same(location: str) -> None:
    with pytest.raises(RefusedError, match="sends us elsewhere"):
        judge(ASKED, Answer(302, {"location": location}, b""))
