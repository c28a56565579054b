"""Any request: made of the step's fields, judged by its status."""

from typing import Any

import pytest

from apimonster_cli.connectors.http import CONNECTOR
from apimonster_cli.connectors.http.answers import judge
from apimonster_cli.connectors.http.request import REQUEST
from apimonster_cli.core import exactjson
from apimonster_cli.core.call import Answer, Request
from apimonster_cli.core.errors import PermanentError, TransientError
from tests.connectors.fakes import FakeCall, json_answer


def made(fields: dict[str, Any], identity: str = "telegram-alarm-7") -> Request:
    step = FakeCall(REQUEST, judge, fields, [Answer(200, {}, b"")], identity=identity)
    step.run()
    return step.requests[0]


def test_a_json_request_is_a_post() -> None:
    request = made({"path": "/sendMessage", "json": {"chat_id": 42, "text": "Заявка не дошла"}})

    assert (request.method, request.path, request.json) == (
        "POST",
        "/sendMessage",
        {"chat_id": 42, "text": "Заявка не дошла"},
    )
    assert request.writes


@pytest.mark.parametrize(
    ("fields", "method"),
    [({}, "GET"), ({"method": "delete"}, "DELETE"), ({"body": ""}, "POST"), ({"form": {}}, "POST")],
)
def test_the_method_follows_from_what_is_sent_unless_named(fields: dict[str, Any], method: str) -> None:
    assert made(fields).method == method


@pytest.mark.parametrize(("method", "writes"), [("GET", False), ("HEAD", False), ("PUT", True), ("DELETE", True)])
def test_only_reading_methods_change_nothing(method: str, *, writes: bool) -> None:
    assert made({"method": method}).writes is writes


def test_query_and_form_take_nested_fields_with_brackets() -> None:
    fields = exactjson.loads('{"a": 1.50, "b": {"c": true, "d": [1, {"e": null}]}}')

    request = made({"query": fields, "form": fields})

    assert request.query == (("a", "1.50"), ("b[c]", "true"), ("b[d][]", "1"), ("b[d][1][e]", ""))
    assert request.form == request.query


@pytest.mark.parametrize(
    ("path", "quoted"),
    [
        ("/leads/7?full=1", "/leads/7?full=1"),
        ("/имя 1", "/%D0%B8%D0%BC%D1%8F%201"),
        ("/100% имя%20я%", "/100%25%20%D0%B8%D0%BC%D1%8F%20%D1%8F%25"),
        ("/a%2Fb", "/a%2Fb"),
        ("/a#b\r\nX: y", "/a%23b%0D%0AX:%20y"),
    ],
)
def test_a_path_is_made_fit_for_the_wire(path: str, quoted: str) -> None:
    assert made({"path": path}).path == quoted


def test_a_repeated_request_has_the_same_idempotency_key() -> None:
    first, again, other = (made({"json": {"a": 1}}, identity=identity) for identity in ("a", "a", "b"))

    assert first.headers == again.headers != other.headers
    assert list(first.headers) == ["Idempotency-Key"]


@pytest.mark.parametrize("fields", [{"json": {}, "headers": {"idempotency-key": "mine"}}, {"headers": {"X-Number": 5}}])
def test_headers_of_the_step_are_kept(fields: dict[str, Any]) -> None:
    request = made(fields)

    assert request.headers == {name: str(value) for name, value in fields["headers"].items()}


def test_two_kinds_of_body_are_one_too_many() -> None:
    with pytest.raises(PermanentError, match="json or body, not both"):
        made({"json": {"a": 1}, "body": "text"})


@pytest.mark.parametrize(
    ("answer", "body"),
    [(json_answer({"ok": True}), {"ok": True}), (Answer(200, {}, b"OK"), "OK"), (Answer(204, {}, b""), "")],
)
def test_the_answer_is_handed_on_as_json_where_it_is_json(answer: Answer, body: Any) -> None:
    step = FakeCall(REQUEST, judge, {}, [answer])

    assert step.run() == {"status": answer.status, "headers": {}, "body": body}


@pytest.mark.parametrize("status", [200, 204, 302, 399])
def test_an_answer_below_400_is_fine(status: int) -> None:
    step = FakeCall(REQUEST, judge, {}, [Answer(status, {}, b"")])

    assert step.run()["status"] == status


@pytest.mark.parametrize(("status", "may_have_happened"), [(429, False), (500, True), (503, True), (408, True)])
def test_trouble_on_the_other_side_is_tried_again(status: int, *, may_have_happened: bool) -> None:
    with pytest.raises(TransientError) as caught:
        judge(Request("POST", "/", writes=True), Answer(status, {"retry-after": "7"}, b"later"))

    assert caught.value.may_have_happened is may_have_happened
    assert caught.value.retry_after == 7


@pytest.mark.parametrize("header", ["", "Wed, 21 Oct 2026 07:28:00 GMT"])
def test_a_wait_that_is_no_number_is_left_out(header: str) -> None:
    with pytest.raises(TransientError) as caught:
        judge(Request("GET", "/"), Answer(503, {"retry-after": header}, b""))

    assert caught.value.retry_after is None
    assert caught.value.may_have_happened is False


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (400, "the service answered with status 400: no chat"),
        (401, "check the credentials"),
        (403, "check the credentials"),
    ],
)
def test_a_refusal_gives_up_with_the_answers_own_words(status: int, words: str) -> None:
    with pytest.raises(PermanentError, match=words):
        judge(Request("POST", "/"), Answer(status, {}, b"no\n chat"))


def test_the_connection_fixes_the_host() -> None:
    setting = CONNECTOR.setting("url")
    assert setting
    assert setting.check

    with pytest.raises(ValueError, match="https://"):
        setting.check("api.telegram.org/bot")
