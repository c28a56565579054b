"""What each answer of RetailCRM means; texts and statuses as in its official clients' suites."""

from typing import Any

import pytest

from apimonster_cli.connectors.retailcrm.answers import AlreadyExistsError, NotFoundError, judge
from apimonster_cli.core.call import Answer, Request
from apimonster_cli.core.errors import PermanentError, RefusedError, TransientError
from tests.connectors.fakes import json_answer

READ = Request("GET", "/api/v5/orders")
WRITE = Request("POST", "/api/v5/orders/create", writes=True)
PAGE = b"<html><head><title>405 Not Allowed</title></head><body>405 Not Allowed nginx</body></html>"


def refused(message: str, status: int, **more: Any) -> Answer:
    return json_answer({"success": False, "errorMsg": message, **more}, status)


@pytest.mark.parametrize("status", [200, 201, 202])
def test_any_2xx_with_success_is_fine(status: int) -> None:
    assert judge(WRITE, json_answer({"success": True, "id": 1}, status)) is None  # type: ignore[func-returns-value]


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("body", [b'{"success": false, "errorMsg": "Rate limit exceeded"}', PAGE, b""])
def test_a_limit_turns_a_call_away_before_it_runs(status: int, body: bytes) -> None:
    with pytest.raises(TransientError) as caught:
        judge(WRITE, Answer(status, {}, body))

    assert caught.value.may_have_happened is False
    assert caught.value.retry_after == 1


@pytest.mark.parametrize(("header", "seconds"), [("30", 30), ("0", 1), ("soon", 1), ("-5", 1), ("", 1)])
def test_the_wait_that_a_limit_asks_for_is_at_least_a_second(header: str, seconds: float) -> None:
    with pytest.raises(TransientError) as caught:
        judge(READ, Answer(503, {"retry-after": header}, b""))

    assert caught.value.retry_after == seconds


@pytest.mark.parametrize("answer", [Answer(500, {}, PAGE), Answer(502, {}, b""), refused("Internal error", 504)])
def test_after_a_5xx_a_writing_call_may_have_happened(answer: Answer) -> None:
    with pytest.raises(TransientError) as written:
        judge(WRITE, answer)
    with pytest.raises(TransientError) as read:
        judge(READ, answer)

    assert (written.value.may_have_happened, read.value.may_have_happened) == (True, False)


@pytest.mark.parametrize("body", [PAGE, b'{"success": tr', b"", b"[]", b'"ok"', b"{}", b'{"success": "yes"}'])
def test_a_2xx_that_does_not_say_success_may_have_happened(body: bytes) -> None:
    with pytest.raises(TransientError) as caught:
        judge(WRITE, Answer(200, {}, body))

    assert caught.value.may_have_happened is True


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (refused('Wrong "apiKey" value.', 403), "check api_key"),
        (refused('Wrong "apiKey" value', 403), "check api_key"),
        (refused('"apiKey" is missing.', 400), "check api_key"),
        (json_answer({"errorMsg": '"apiKey" is missing.'}, 200), "check api_key"),
        (refused("Access denied.", 403), "scopes"),
        (refused("No", 401), "check api_key"),
        (Answer(403, {}, b"<html>Forbidden</html>"), "check api_key"),
    ],
)
def test_a_key_that_is_refused_pauses_the_connection(answer: Answer, words: str) -> None:
    with pytest.raises(RefusedError, match=words):
        judge(WRITE, answer)


@pytest.mark.parametrize(
    "answer",
    [
        refused("Order with externalId=apikey-7 already exists.", 400),
        refused("Errors in the entity format", 400, errors={"managerComment": 'Access denied, wrong "apiKey"'}),
    ],
)
def test_the_words_of_an_event_do_not_pause_the_connection(answer: Answer) -> None:
    with pytest.raises(PermanentError):
        judge(WRITE, answer)


@pytest.mark.parametrize(
    "answer",
    [
        refused("Account does not exist.", 404),
        refused("Account does not exist.", 400),
        Answer(405, {}, PAGE),
        Answer(404, {}, b"<html>no such page</html>"),
    ],
)
def test_an_account_that_is_not_there_points_at_the_url(answer: Answer) -> None:
    with pytest.raises(RefusedError, match="no RetailCRM account at this address.*check url"):
        judge(WRITE, answer)


def test_several_shops_ask_for_the_site() -> None:
    with pytest.raises(RefusedError, match="write its code as site"):
        judge(WRITE, refused("Parameter 'site' is missing", 400))


@pytest.mark.parametrize("text", ["Not found", "Not found map", "Payment not found", "Note not found map"])
def test_a_thing_that_is_not_there_can_be_told_from_other_errors(text: str) -> None:
    with pytest.raises(NotFoundError, match=text):
        judge(READ, refused(text, 404))


@pytest.mark.parametrize("text", ["API method not found", "Method not found"])
def test_a_method_that_is_not_there_is_no_missing_order(text: str) -> None:
    with pytest.raises(RefusedError, match="does not know this method") as caught:
        judge(READ, refused(text, 404))

    assert not isinstance(caught.value, NotFoundError)


@pytest.mark.parametrize(
    "answer",
    [
        refused("Order already exists.", 400),
        refused("Order is not loaded", 400, errors=["Order with externalId=1 Already Exists."]),
        refused("Errors in the entity format", 400, errors={"externalId": "This order already exists"}),
        refused("Order already exists.", 200),
    ],
)
def test_a_duplicate_can_be_told_from_other_errors(answer: Answer) -> None:
    with pytest.raises(AlreadyExistsError):
        judge(WRITE, answer)


@pytest.mark.parametrize(
    ("errors", "words"),
    [
        ({"customer.externalId": "Customer with externalId=2106 not found."}, "customer.externalId: Customer with"),
        (["Customer with externalId=355 not found."], "not loaded; Customer with externalId=355"),
        ({"items": {"0": {"offer": ["Offer not found."]}}}, "items.0.offer: Offer not found."),
        ([], "RetailCRM refuses the call: Order is not loaded$"),
        (None, "RetailCRM refuses the call: Order is not loaded$"),
    ],
)
def test_a_refused_order_says_why_in_the_apis_own_words(errors: Any, words: str) -> None:
    with pytest.raises(PermanentError, match=words):
        judge(WRITE, refused("Order is not loaded", 400, errors=errors))


def test_an_endless_reason_is_cut() -> None:
    with pytest.raises(PermanentError) as caught:
        judge(WRITE, refused("Validation error", 400, errors=["x" * 5000] * 5))

    assert len(str(caught.value)) < 1100


def test_a_merged_customer_is_named() -> None:
    with pytest.raises(NotFoundError, match="merged into 77"):
        judge(READ, refused("Not found", 404, combinedTo={"id": 77}))


def test_a_batch_loaded_in_part_is_final() -> None:
    with pytest.raises(PermanentError, match="Orders are loaded with errors"):
        judge(
            WRITE, refused("Orders are loaded with errors", 460, uploadedOrders=[], failedOrders=[{"externalId": "1"}])
        )


def test_a_redirect_is_not_followed_but_explained() -> None:
    with pytest.raises(RefusedError, match="https://other.example.com/.*url of the connection"):
        judge(READ, Answer(301, {"location": "https://other.example.com/"}, b""))


@pytest.mark.parametrize("status", [400, 403, 404])
def test_a_refusal_that_is_cut_off_says_nothing_final(status: int) -> None:
    with pytest.raises(TransientError, match="cut off") as caught:
        judge(WRITE, Answer(status, {}, b'{"success":false,"errorMsg":"Order with externalId=7 alr'))

    assert caught.value.may_have_happened is True


def test_a_refusal_without_json_shows_how_it_starts() -> None:
    with pytest.raises(PermanentError, match="status 413, <html> Too large </html>"):
        judge(WRITE, Answer(413, {}, b"<html>\n Too large\n</html>"))
