"""Pulls: windows and pages read whole, repeats and changes told apart, and nothing taken for an empty day."""

import itertools
import random
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from apimonster_cli.core import exactjson
from apimonster_cli.core.call import Answer
from apimonster_cli.core.errors import StoreError, TransientError
from apimonster_cli.engine.pull import ASKED_AGAIN, READS, Progress, pieces, scheduled_window
from apimonster_cli.store.api import LostLeaseError
from apimonster_cli.store.rows import HistoryFilter, PageTaken
from tests.engine.diary import TOKEN, Desk, deal, desk, period, utc
from tests.engine.support import START, answer

ANSWERS = Path(__file__).parents[1] / "connectors" / "calltouch" / "answers"
OVERLOAD = Answer(429, {}, b'{"message": "Too many requests"}')
TROUBLE = Answer(500, {}, b'{"message": "Internal error"}')
PAGE = Answer(200, {"content-type": "text/html"}, b"<html>Help</html>")
ELSEWHERE = Answer(302, {"location": "https://support.example.com/"}, b"")
REFUSED = Answer(403, {}, b'{"message": "Access denied"}')
TEN_MINUTES = timedelta(minutes=10).total_seconds()


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Desk]:
    with desk(tmp_path) as made:
        yield made


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Desk]:
    """A desk whose pages hold two deals."""
    with desk(tmp_path, source="lookback: 3d, params: {limit: 2}") as made:
        yield made


# windows ---------------------------------------------------------------------------------------------------------------
def test_the_first_pull_reads_the_lookback_to_tomorrow_by_the_connections_clock(made: Desk) -> None:
    made.clock.passed = timedelta(hours=12, minutes=30).total_seconds()  # 21:30 in UTC is tomorrow in Moscow

    made.pull()

    assert made.diary.queries == [{"dateFrom": "27/02/2026", "dateTo": "03/03/2026", "limit": "1000", "page": "1"}]


def test_the_next_window_begins_the_lookback_before_the_last_complete_pull(made: Desk) -> None:
    made.pull()
    made.clock.passed = timedelta(days=20).total_seconds()

    made.pull()

    assert (made.diary.queries[0]["dateFrom"], made.diary.queries[0]["dateTo"]) == ("26/02/2026", "22/03/2026")
    assert made.state().complete == START + timedelta(days=20)


def test_a_clock_that_was_set_back_asks_for_no_window_in_the_future(made: Desk) -> None:
    plan = made.bundle.pull
    assert plan

    window = scheduled_window(plan, START + timedelta(days=30), START)

    assert window.start == START - timedelta(days=3)
    assert window.end == START + timedelta(days=1)


def test_a_long_window_is_read_in_pieces_without_a_gap(made: Desk) -> None:
    whole = period("2025-01-01", "2025-07-20")

    found = list(pieces(whole, timedelta(days=90)))

    assert [(f"{each.start:%d/%m}", f"{each.end:%d/%m}") for each in found] == [
        ("01/01", "01/04"),
        ("01/04", "30/06"),
        ("30/06", "20/07"),
    ]
    assert list(pieces(whole, None)) == [whole]


def test_a_year_without_a_pull_is_caught_up_in_one(made: Desk) -> None:
    made.diary.deals = [deal("1", "15/06/2026 10:00:00"), deal("2", "15/02/2027 10:00:00")]
    made.pull()
    made.clock.passed = timedelta(days=365).total_seconds()

    pulled = made.pull()

    assert pulled.complete
    assert pulled.taken == PageTaken(created=2)
    assert len(made.diary.queries) == 5


def test_what_a_bundle_asks_for_goes_with_every_page(tmp_path: Path) -> None:
    source = "params: {orderSource: CALL, withOrdersTags: true, withComments: false, limit: 1}"
    with desk(tmp_path, source=source) as made:
        made.diary.deals = [deal("1"), deal("2")]

        made.pull()

        wanted = {"orderSource": "CALL", "withOrdersTags": "true", "withComments": "false", "limit": "1"}
        assert [query.items() >= wanted.items() for query in made.diary.queries] == [True, True]


def test_deals_chosen_by_a_phone_are_asked_for_without_a_window(tmp_path: Path) -> None:
    with desk(tmp_path, source='params: {phoneNumber.value: "74950000021"}') as made:
        made.diary.deals = [deal("1")]

        made.pull()
        made.diary.deals = []
        made.pull()

        assert made.diary.queries == [{"phoneNumber.value": "74950000021", "limit": "1000", "page": "1"}]
        assert made.changes() == [("AmoCRM:1", "created")]


# pages -----------------------------------------------------------------------------------------------------------------
def test_every_page_is_read(small: Desk) -> None:
    small.diary.deals = [deal(str(number)) for number in range(5)]

    pulled = small.pull()

    assert small.diary.pages == ["1", "2", "3"]
    assert pulled.taken == PageTaken(created=5)
    assert [key for key, _ in small.changes()] == [f"AmoCRM:{number}" for number in range(5)]


def test_an_empty_window_is_complete(made: Desk) -> None:
    pulled = made.pull()

    assert (pulled.complete, pulled.taken) == (True, PageTaken())
    assert made.state().complete == START


@pytest.mark.parametrize("total", [0, 1, "1", None])
def test_an_empty_list_ends_the_pages_whatever_their_total(made: Desk, total: Any) -> None:
    made.diary.shape = lambda body: {**body, "pageTotal": total}

    pulled = made.pull()

    assert pulled.complete
    assert len(made.diary.queries) == 1


def test_totals_may_be_text(small: Desk) -> None:
    small.diary.deals = [deal(str(number)) for number in range(3)]
    small.diary.shape = lambda body: {**body, "pageTotal": str(body["pageTotal"]), "recordsTotal": "3"}

    assert small.pull().taken == PageTaken(created=3)
    assert small.diary.pages == ["1", "2"]


@pytest.mark.parametrize("shape", [lambda body: body["records"], lambda body: {"records": body["records"]}])
def test_pages_without_totals_are_read_until_one_is_not_full(small: Desk, shape: Any) -> None:
    small.diary.deals = [deal(str(number)) for number in range(3)]
    small.diary.shape = shape

    pulled = small.pull()

    assert pulled.taken == PageTaken(created=3)
    assert small.diary.pages == ["1", "2"]


def test_a_service_that_ignores_the_page_is_not_asked_for_ever(small: Desk) -> None:
    small.diary.deals = [deal("1"), deal("2")]
    small.diary.shape = lambda _body: small.diary.deals

    pulled = small.pull()

    assert pulled.complete
    assert pulled.taken.created == 2


def test_the_samples_are_eleven_deals_of_which_one_changed_while_it_was_read(made: Desk) -> None:
    first, second = (Answer(200, {}, (ANSWERS / f"{name}.json").read_bytes()) for name in ("page_1", "page_2"))
    made.diary.scripted = [first, second] * READS

    pulled = made.pull()

    assert pulled.complete
    assert pulled.taken.created == 10
    assert [change for key, change in made.changes() if key == "AmoCRM:20417"] == ["created", "updated"]
    assert ("AmoCRM:20414", "deleted") in made.changes()
    assert {"AmoCRM:1001", "retailCRM:1001"} <= {key for key, _ in made.changes()}


def test_numbers_arrive_digit_by_digit(made: Desk) -> None:
    body = '{"pageTotal": 1, "records": [{"orderNumber": 9007199254740993018, "margin": 680.350}]}'
    made.diary.scripted = [Answer(200, {}, body.encode())]

    made.pull()

    (event,) = made.store.events(HistoryFilter())
    assert event.payload == '{"orderNumber":9007199254740993018,"margin":680.350}'
    assert event.object_key == ":9007199254740993018"


def test_a_deal_without_a_number_is_known_by_its_content(made: Desk) -> None:
    made.diary.deals = [deal("1") | {"orderNumber": None}]
    made.pull()

    pulled = made.pull()

    assert pulled.taken == PageTaken(unchanged=1)


# pages that shift ------------------------------------------------------------------------------------------------------
def test_a_border_that_shifted_is_read_again(small: Desk) -> None:
    small.diary.deals = [deal("1"), deal("2"), deal("3")]
    small.diary.then = {1: lambda: small.diary.deals.insert(0, deal("0"))}

    pulled = small.pull()

    assert small.diary.pages == ["1", "2", "1", "2"]
    assert {key for key, _ in small.changes()} == {f"AmoCRM:{number}" for number in range(4)}
    assert pulled.taken.created == 4


def test_a_deal_that_slid_over_the_border_is_not_lost(small: Desk) -> None:
    small.diary.deals = [deal("1"), deal("2"), deal("3"), deal("4")]
    small.diary.then = {1: lambda: small.diary.deals.remove(small.diary.deals[0])}

    small.pull()

    assert {key for key, _ in small.changes()} == {f"AmoCRM:{number}" for number in range(1, 5)}


def test_a_total_that_does_not_add_up_is_read_again(made: Desk) -> None:
    made.diary.deals = [deal("1")]
    made.diary.scripted = [answer({"pageTotal": 1, "recordsTotal": 2, "records": [deal("1")]})]

    made.pull()

    assert made.diary.pages == ["1", "1"]


def test_a_diary_that_never_stands_still_is_left_to_the_next_pull(small: Desk) -> None:
    def grow() -> None:
        small.diary.deals.insert(0, deal(f"new {len(small.diary.deals)}"))

    small.diary.deals = [deal("1"), deal("2"), deal("3")]
    small.diary.then = dict.fromkeys(range(1, 100), grow)

    pulled = small.pull()

    assert pulled.complete
    assert small.diary.pages.count("1") == READS


def test_of_two_copies_the_newer_is_kept_whichever_comes_last(made: Desk) -> None:
    newer = deal("1", orderStatus="Оплачен", updatedDate="28/02/2026 12:00:00")
    older = deal("1", orderStatus="Новая", updatedDate="28/02/2026 11:00:00")
    made.diary.deals = [newer, older]

    made.pull()

    (event,) = made.store.events(HistoryFilter())
    assert exactjson.loads(event.payload or "")["orderStatus"] == "Оплачен"


# changes ---------------------------------------------------------------------------------------------------------------
def test_only_what_changed_becomes_another_event(made: Desk) -> None:
    made.diary.deals = [deal("same"), deal("edited")]
    made.pull()
    made.diary.deals = [
        deal("same", updatedDate="01/03/2026 11:59:00"),
        deal("edited", plannedAmount=6500),
        deal("late"),
    ]

    pulled = made.pull()

    assert pulled.taken == PageTaken(created=1, updated=1, unchanged=1)
    assert made.changes()[2:] == [("AmoCRM:edited", "updated"), ("AmoCRM:late", "created")]


def test_a_change_reaches_the_steps_as_meta(made: Desk) -> None:
    made.diary.deals = [deal("1")]
    made.pull()
    made.diary.deals = [deal("1", isDeleted=True)]
    made.pull()

    outcomes = made.deliver() + made.deliver()

    assert outcomes == ["done", "done"]
    assert [request.json for request in made.crm.requests] == [
        {"number": "1", "change": "created"},
        {"number": "1", "change": "deleted"},
    ]


def test_a_bundle_may_look_at_a_field_only_when_it_changed(tmp_path: Path) -> None:
    with desk(tmp_path, more="filter: {orderStatus: {changed: true}}") as made:
        made.diary.deals = [deal("1")]
        made.pull()
        first = made.deliver()
        made.diary.deals = [deal("1", plannedAmount=7000)]
        made.pull()
        other_field = made.deliver()
        made.diary.deals = [deal("1", plannedAmount=7000, orderStatus="Оплачен")]
        made.pull()

        assert (first, other_field, made.deliver()) == (["done"], ["filtered"], ["done"])


def test_two_deals_that_share_a_number_do_not_change_for_ever(small: Desk) -> None:
    first = deal("1001", funnel="Розница", updatedDate="27/02/2026 10:00:00")
    second = deal("1001", funnel="Опт", updatedDate="28/02/2026 10:00:00")
    small.diary.deals = [first, deal("1"), second]
    small.pull()
    before = len(small.changes())

    pulled = small.pull()

    assert pulled.complete
    assert len(small.changes()) == before


# what is not shown any more --------------------------------------------------------------------------------------------
def test_a_deal_that_vanished_is_asked_for_before_it_is_called_deleted(made: Desk) -> None:
    made.diary.deals = [deal("stays"), deal("goes")]
    made.pull()
    made.diary.deals = [deal("stays")]

    pulled = made.pull()

    assert made.diary.asked_alone == ["goes", "goes"]  # shown with its comment, and without
    assert pulled.taken == PageTaken(deleted=1, unchanged=1)
    assert made.changes()[-1] == ("AmoCRM:goes", "deleted")
    event = made.store.events(HistoryFilter())[0]
    assert exactjson.loads(event.payload or "")["orderNumber"] == "goes"


def test_a_deal_that_is_gone_is_told_once(made: Desk) -> None:
    made.diary.deals = [deal("goes")]
    made.pull()
    made.diary.deals = []
    made.pull()

    pulled = made.pull()

    assert made.diary.asked_alone == []
    assert pulled.taken == PageTaken()


def test_a_deal_that_comes_back_is_told(made: Desk) -> None:
    made.diary.deals = [deal("1")]
    made.pull()
    made.diary.deals = []
    made.pull()
    made.diary.deals = [deal("1")]

    made.pull()

    assert [change for _, change in made.changes()] == ["created", "deleted", "updated"]


def test_a_deal_whose_date_was_moved_out_of_the_window_is_an_edit(made: Desk) -> None:
    made.diary.deals = [deal("moves")]
    made.pull()
    made.diary.deals = [deal("moves", "10/01/2026 10:00:00")]

    pulled = made.pull()

    assert pulled.taken == PageTaken(updated=1)
    assert made.changes()[-1] == ("AmoCRM:moves", "updated")


def test_of_deals_that_share_a_number_only_the_missing_one_is_deleted(made: Desk) -> None:
    made.diary.deals = [deal("1001"), deal("1001", service="retailCRM")]
    made.pull()
    made.diary.deals = [deal("1001", service="retailCRM")]

    made.pull()

    assert made.changes()[-1] == ("AmoCRM:1001", "deleted")


def test_a_deal_that_the_params_hide_is_not_deleted_and_not_asked_for_each_time(made: Desk) -> None:
    made.diary.deals = [deal("hidden")]
    made.pull()
    made.diary.shape = lambda body: body if body["recordsTotal"] == 0 else {**body, "recordsTotal": 0, "records": []}
    shown = made.diary.shape
    made.diary.shape = lambda body: body if "orderNumber" in made.diary.queries[-1] else shown(body)

    made.pull()
    asked_first = made.diary.asked_alone
    made.pull()
    asked_next = made.diary.asked_alone
    made.clock.passed += ASKED_AGAIN.total_seconds() + 1
    made.pull()

    assert (asked_first, asked_next, made.diary.asked_alone) == (["hidden"], [], ["hidden"])
    assert made.changes() == [("AmoCRM:hidden", "created")]


def test_what_lies_outside_of_the_window_is_not_missing(made: Desk) -> None:
    made.diary.deals = [deal("old", "26/02/2026 09:00:00"), deal("future", "01/03/2026 23:00:00")]
    made.pull()
    made.clock.passed = timedelta(days=3).total_seconds()
    made.diary.deals = []

    made.pull()

    assert made.diary.asked_alone == ["future", "future"]


def test_whether_a_deal_is_gone_may_remain_open(made: Desk) -> None:
    made.diary.deals = [deal("odd")]
    made.pull()
    made.diary.deals = []
    made.diary.scripted = [None, Answer(400, {}, b'{"message": "orderNumber is odd"}')]

    pulled = made.pull()

    assert pulled.complete
    assert made.changes() == [("AmoCRM:odd", "created")]


def test_a_deal_is_not_called_deleted_when_asking_for_it_fails(made: Desk) -> None:
    made.diary.deals = [deal("1")]
    made.pull()
    made.diary.deals = []
    made.diary.scripted = [None, *[TROUBLE] * 10]

    pulled = made.pull()

    assert not pulled.complete
    assert made.changes() == [("AmoCRM:1", "created")]


# what goes wrong -------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "wrong",
    [PAGE, ELSEWHERE, REFUSED, TROUBLE, OVERLOAD, Answer(204, {}, b""), answer({"message": "no"}), answer({})],
    ids=["page", "redirect", "refused", "trouble", "overload", "nothing", "message", "no records"],
)
def test_nothing_that_goes_wrong_is_taken_for_an_empty_day(made: Desk, wrong: Answer) -> None:
    made.diary.deals = [deal("1")]
    made.pull()
    complete = made.state().complete
    made.clock.passed += TEN_MINUTES
    made.diary.scripted = [wrong] * 10

    pulled = made.pull()

    assert not pulled.complete
    assert pulled.error
    assert (made.state().complete, made.state().error, made.state().failures) == (complete, pulled.error, 1)
    assert made.changes() == [("AmoCRM:1", "created")]


@pytest.mark.parametrize("wrong", [TROUBLE, OVERLOAD, PAGE, TransientError("cut off", may_have_happened=False)])
def test_what_passes_is_tried_again_at_the_same_page(small: Desk, wrong: Answer | Exception) -> None:
    small.diary.deals = [deal(str(number)) for number in range(3)]
    small.diary.scripted = [None, wrong, wrong]

    pulled = small.pull()

    assert pulled.complete
    assert small.diary.pages == ["1", "2", "2", "2"]


def test_a_page_that_keeps_failing_leaves_the_cursor_and_keeps_what_was_read(small: Desk) -> None:
    small.diary.deals = [deal(str(number)) for number in range(3)]
    small.diary.scripted = [None, *[TROUBLE] * 10]

    pulled = small.pull()

    state = small.state()
    assert not pulled.complete
    assert (state.complete, state.failures, state.held) == (None, 1, False)
    assert state.retry_at
    assert state.retry_at > small.clock.now()
    assert len(small.changes()) == 2


def test_after_a_failure_the_whole_window_is_read_anew_without_doubling(small: Desk) -> None:
    small.diary.deals = [deal(str(number)) for number in range(3)]
    small.diary.scripted = [None, *[TROUBLE] * 10]
    small.pull()
    small.clock.passed += 3600
    small.diary.scripted = []

    pulled = small.pull()

    assert small.diary.pages == ["1", "2"]
    assert pulled.taken == PageTaken(created=1, unchanged=2)


def test_a_refused_token_pauses_the_connection_until_it_works(made: Desk) -> None:
    made.diary.scripted = [REFUSED]
    made.pull()
    paused = [pause.connection for pause in made.store.pauses()]
    made.clock.passed += 3600

    pulled = made.pull()

    assert paused == ["deals"]
    assert pulled.complete
    assert made.store.pauses() == []


def test_a_resting_connection_is_not_asked(made: Desk) -> None:
    made.diary.scripted = [REFUSED]
    made.pull()

    pulled = made.pull()

    assert made.diary.queries == []
    assert pulled.error
    assert "paused" in pulled.error


def test_a_mistake_of_ours_is_logged_and_put_on_record(made: Desk) -> None:
    made.diary.scripted = [KeyError("no such thing")]

    pulled = made.pull()

    assert pulled.error == "broke off because of a mistake in this program (KeyError); the log has more"
    assert made.state().error == pulled.error


def test_a_store_that_fails_is_not_hidden(made: Desk) -> None:
    made.diary.scripted = [StoreError("the disk is full")]

    with pytest.raises(StoreError):
        made.pull()


def test_a_pull_that_was_taken_over_writes_nothing_more(small: Desk) -> None:
    def take_over() -> None:
        small.clock.passed += 3600
        small.claim()

    small.diary.deals = [deal(str(number)) for number in range(3)]
    small.diary.then = {2: take_over}

    with pytest.raises(LostLeaseError):
        small.pull()

    assert len(small.changes()) == 2


def test_a_pull_stops_between_two_calls(small: Desk) -> None:
    small.diary.deals = [deal(str(number)) for number in range(5)]

    pulled = small.pull(stopping=lambda: len(small.diary.queries) == 2)

    assert (pulled.complete, pulled.error) == (False, None)
    assert small.diary.pages == ["1", "2"]
    assert (small.state().failures, small.state().retry_at) == (0, small.clock.now())


# records ---------------------------------------------------------------------------------------------------------------
def test_every_call_is_on_record_without_the_token(small: Desk) -> None:
    echo = Answer(500, {}, f'{{"message": "clientApiId={TOKEN} failed"}}'.encode())
    small.diary.deals = [deal("1"), deal("2"), deal("3")]
    small.diary.scripted = [None, echo]

    small.pull()

    rows = small.calls()
    assert [(row.step, row.action, row.bundle, row.delivery_id, row.status) for row in rows] == [
        ("pull", "calltouch.order", "deals", None, 200),
        ("pull", "calltouch.order", "deals", None, 500),
        ("pull", "calltouch.order", "deals", None, 200),
    ]
    assert TOKEN not in repr(rows)
    assert "•••" in str(rows[1].error)


def test_the_token_is_in_no_error(made: Desk) -> None:
    echo = Answer(500, {}, f'{{"message": "clientApiId={TOKEN} failed"}}'.encode())
    made.diary.scripted = [echo] * 10

    pulled = made.pull()

    assert TOKEN not in str(pulled.error)
    assert TOKEN not in str(made.state().error)


def test_long_answers_are_not_kept_twice(made: Desk) -> None:
    made.diary.deals = [deal(str(number)) for number in range(100)]

    made.pull()

    assert len(made.calls()[0].answer or "") < 2100


# periods ---------------------------------------------------------------------------------------------------------------
def test_a_period_is_read_without_moving_the_cursor(made: Desk) -> None:
    made.pull()
    made.diary.deals = [deal("old", "10/01/2026 10:00:00")]

    pulled = made.pull(period("2026-01-01", "2026-02-01"))

    assert pulled.taken == PageTaken(created=1)
    assert made.diary.queries[0]["dateFrom"] == "01/01/2026"
    assert made.diary.queries[0]["dateTo"] == "01/02/2026"
    assert made.state().complete == START
    assert made.store.claim("w", ["deals"], limit=1, lease=timedelta(minutes=5), now=made.clock.now())[0].bulk


def test_a_period_goes_on_behind_the_last_page_kept(small: Desk) -> None:
    small.diary.deals = [deal(str(number), "10/01/2026 10:00:00") for number in range(5)]
    small.diary.scripted = [None, None, *[TROUBLE] * 10]
    small.pull(period("2026-01-01", "2026-02-01"))
    small.clock.passed += 3600
    small.diary.scripted = []

    pulled = small.pull(period("2026-01-01", "2026-02-01"))

    assert small.diary.pages == ["3"]
    assert small.diary.asked_alone == []
    assert pulled.taken == PageTaken(created=1)


def test_a_period_of_pieces_goes_on_in_the_piece_it_broke_off(small: Desk) -> None:
    small.diary.deals = [deal(str(month), f"10/{month:02}/2025 10:00:00") for month in range(1, 10)]
    small.diary.scripted = [None, None, None, *[TROUBLE] * 10]
    small.pull(period("2025-01-01", "2025-09-01"))
    small.clock.passed += 3600
    small.diary.scripted = []

    small.pull(period("2025-01-01", "2025-09-01"))

    assert [(query["dateFrom"], query["page"]) for query in small.diary.queries] == [
        ("01/04/2025", "2"),
        ("30/06/2025", "1"),
    ]
    assert len(small.changes()) == 8


def test_a_period_tells_how_far_it_has_come(small: Desk) -> None:
    told: list[Progress] = []
    small.diary.deals = [deal(str(number), "10/01/2026 10:00:00") for number in range(3)]

    small.pull(period("2026-01-01", "2026-02-01"), told=told.append)

    assert [(each.page, each.pages, each.taken.created) for each in told] == [(1, 2, 2), (2, 2, 3)]
    assert told[0].window.start == utc("2025-12-31T21:00")


# whatever happens ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("seed", range(6))
def test_after_any_history_the_events_say_what_the_diary_says(small: Desk, seed: int) -> None:
    chance = random.Random(seed)
    diary, made = small.diary, itertools.count()

    def happen() -> None:
        """Let something happen to the diary: a deal is reported, edited, given another date, marked as deleted, or taken away."""
        what = chance.choice(["report", "edit", "move", "mark", "vanish"]) if diary.deals else "report"
        place = chance.randrange(len(diary.deals) + (what == "report"))
        day = f"{chance.choice(['27/02', '28/02', '01/03'])}/2026 {chance.randrange(9, 12):02}:00:00"
        if what == "report":
            diary.deals.insert(place, deal(str(next(made)), day))
        elif what == "vanish":
            diary.deals.pop(place)
        else:
            edits: dict[str, dict[str, Any]] = {
                "edit": {"plannedAmount": next(made)},
                "move": {"orderDate": day},
                "mark": {"isDeleted": True},
            }
            diary.deals[place] = {**diary.deals[place], **edits[what]}

    for _ in range(12):
        diary.then = {chance.randrange(1, 5): happen for _ in range(2)}
        diary.scripted = [chance.choice([None, None, None, TROUBLE, OVERLOAD, PAGE]) for _ in range(6)]
        small.pull()
        happen()
        small.clock.passed += 1800
    diary.then, diary.scripted = {}, []
    small.pull()
    small.pull()

    last: dict[str | None, tuple[str | None, str | None]] = {}
    for row in small.store.events(HistoryFilter(limit=1000))[::-1]:
        last[row.object_key] = (row.change, row.payload)
    there = {f"AmoCRM:{each['orderNumber']}": each for each in diary.deals}
    assert set(there) <= set(last)
    for key, (change, payload) in last.items():
        assert (change == "deleted") == (key not in there or there[key]["isDeleted"])
        if key in there:
            assert exactjson.loads(payload or "") == there[key]
