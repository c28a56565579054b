"""Filters: every operator, emptiness, combinations, and the sentence when one does not hold."""

from datetime import date
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apimonster_cli.core.errors import PermanentError
from apimonster_cli.values.comparison import OPERATORS
from apimonster_cli.values.condition import compile_filter
from apimonster_cli.values.errors import LanguageError
from apimonster_cli.values.scope import Locale, Scope


def holds(condition: Any, value: Any) -> bool:
    return compile_filter({"x": condition}).holds(Scope({"x": value}, locale=Locale(ZoneInfo("Europe/Moscow"))))


@pytest.mark.parametrize(
    ("condition", "value"),
    [
        (1, 1),
        (1, "1"),
        (1, "1.0"),
        (1, Decimal("1.00")),
        ("1", 1),
        ("00042", "00042"),
        ("00042", 42),
        (1200.5, "1 200,50"),
        ("Иван", "Иван"),
        ("9007199254740993018", 9007199254740993018),
        ([1, 2], "2"),
        (["a", "b"], "b"),
        (True, True),
        (True, 1),
        (True, "1"),
        (True, "true"),
        (True, "True"),
        (False, 0),
        (False, "false"),
        (1, True),
        ("true", True),
        (date(2025, 10, 19), "2025-10-19"),
        (date(2025, 10, 19), "19.10.2025 22:00:00"),
        ({"not": 1}, 2),
        ({"not": [1, 2]}, 3),
        ({"not": {"contains": "спам"}}, "привет"),
        ({"not": {"gt": 1, "lt": 5}}, 9),
        ({"in": [1, "a"]}, "a"),
        ({"not_in": [1, 2]}, 3),
        ({"gt": 1}, "1,5"),
        ({"gte": 1.5, "lte": 2}, "1.5"),
        ({"lt": "1 000"}, 999),
        ({"lte": 5}, 5),
        ({"gt": "2025-10-01"}, "19/10/2025 00:00:04"),
        ({"lte": "2025-10-19"}, "2025-10-19 23:59:59"),
        ({"gte": "2025-10-19 12:00:00"}, "2025-10-19T09:00:00Z"),
        ({"gte": "2025-10-19 00:00:00"}, "2025-10-19"),
        ({"gt": date(2025, 1, 1)}, 1760821204),
        ({"lt": "2025-10-20"}, "2025-10-19T20:59:00Z"),
        ({"contains": "ИВАН"}, "иванов"),
        ({"contains": 5}, 1520),
        ({"contains": "vip"}, ["new", "VIP"]),
        ({"contains": 5}, ["5", 6]),
        ({"contains": "a"}, {"0": "a", "1": "b"}),
        ({"not_contains": "x"}, "abc"),
        ({"not_contains": "x"}, ["a"]),
        ({"starts_with": "+7"}, "+7495"),
        ({"starts_with": "ИВ"}, "иван"),
        ({"ends_with": ".RU"}, "a@b.ru"),
        ({"matches": r"\d{3}"}, "123"),
        ({"matches": r"\d{3}"}, 123),
        ({"matches": r"(?i)\w+ов"}, "ПЕТРОВ"),
        ({"exists": True}, "a"),
        ({"exists": True}, 0),
        ({"exists": False}, None),
        ({"exists": False}, ""),
        ({"exists": False}, []),
        ({"empty": True}, ""),
        ({"empty": True}, None),
        ({"empty": True}, []),
        ({"empty": False}, 0),
        ({"empty": False}, False),
    ],
)
def test_holds(condition: Any, value: Any) -> None:
    assert holds(condition, value)


@pytest.mark.parametrize(
    ("condition", "value"),
    [
        (1, 2),
        (1, "a"),
        ("42", "00042"),
        ("1", "1.0"),
        ("Иван", "иван"),
        ("a", ["a"]),
        ("a", {"a": 1}),
        ("1,200", 1200),
        ([1, 2], 3),
        (True, 2),
        (True, "yes"),
        (True, "false"),
        (False, ""),
        (1, []),
        (date(2025, 10, 19), "soon"),
        (date(2025, 10, 19), ["2025-10-19"]),
        ({"not": 1}, "1"),
        ({"not": [1, 2]}, 2),
        ({"not": {"gt": 1, "lt": 5}}, 3),
        ({"in": [1, 2]}, 3),
        ({"not_in": [1, 2]}, "1"),
        ({"gt": 1, "lt": 5}, 7),
        ({"gt": 1}, 1),
        ({"gt": 1}, "many"),
        ({"gt": 1}, [2]),
        ({"gt": "2025-10-19"}, "2025-10-19 23:59:59"),
        ({"lt": "2025-10-20"}, "2025-10-19T21:00:00Z"),
        ({"gt": "2025-10-19"}, "later"),
        ({"gt": "2025-10-19"}, "9999-12-31T23:00:00Z"),  # in Moscow no year has that day
        ({"contains": "x"}, "abc"),
        ({"contains": "a"}, ["ab"]),
        ({"contains": "x"}, {"x": "y"}),
        ({"not_contains": "A"}, "abc"),
        ({"starts_with": "a"}, ["a"]),
        ({"starts_with": "b"}, "ab"),
        ({"ends_with": "a"}, "ab"),
        ({"matches": r"\d"}, "12"),
        ({"matches": r".*"}, ["12"]),
        ({"matches": r".*"}, {"a": 1}),
        ({"exists": True}, None),
        ({"exists": True}, ""),
        ({"exists": False}, "a"),
        ({"empty": True}, "a"),
        ({"empty": False}, {}),
    ],
)
def test_does_not_hold(condition: Any, value: Any) -> None:
    assert not holds(condition, value)


COMPARISONS: list[Any] = [
    1, "a", True, [1], {"in": [1]}, {"gt": 1}, {"gte": 1}, {"lt": 1}, {"lte": "2025-01-01"}, {"contains": "a"}, {"starts_with": "a"},
    {"ends_with": "a"}, {"matches": ".*"},
]  # fmt: skip


@pytest.mark.parametrize("empty", [None, "", [], {}])
@pytest.mark.parametrize("condition", COMPARISONS)
def test_a_comparison_with_an_empty_value_is_false_and_its_negation_true(condition: Any, empty: Any) -> None:
    assert not holds(condition, empty)
    assert holds({"not": condition}, empty)


@pytest.mark.parametrize(
    "condition", [{"not_in": [1]}, {"not_contains": "a"}, {"exists": False}, {"empty": True}, {"not": "a"}]
)
def test_negations_hold_for_what_is_missing(condition: Any) -> None:
    assert compile_filter({"nope.deeper": condition}).holds(Scope({"x": 1}))


def test_combines_filters() -> None:
    both = compile_filter(
        {
            "status": [1, 2],
            "any": [{"type": "Звонок"}, {"all": [{"amount": {"gt": 100}}, {"paid": True}]}],
            "not": {"test": True},
        }
    )

    assert both.holds(Scope({"status": 1, "type": "Звонок"}))
    assert both.holds(Scope({"status": 2, "amount": 200, "paid": "1"}))
    assert not both.holds(Scope({"status": 2, "amount": 200}))
    assert not both.holds(Scope({"status": 1, "type": "Звонок", "test": 1}))


def test_an_empty_filter_holds() -> None:
    assert compile_filter({}).holds(Scope({}))


def test_lists_its_paths_with_the_way_to_them() -> None:
    data = {"a.b": 1, "any": [{"c": 1}, {"not": {"steps.order.id": {"exists": True}}}]}

    paths = compile_filter(data).paths

    assert [(at, path.text) for at, path in paths] == [
        (("a.b",), "a.b"),
        (("any", 0, "c"), "c"),
        (("any", 1, "not", "steps.order.id"), "steps.order.id"),
    ]
    assert paths[2][1].root == "steps"


@pytest.mark.parametrize(
    ("data", "event", "sentence"),
    [
        ({"status_id": [1, 2]}, {"status_id": 9}, "status_id is 9, not one of 1, 2"),
        ({"status_id": 1}, {"status_id": "9"}, 'status_id is "9", not 1'),
        ({"c.p": {"exists": True}}, {}, "c.p has no value, but it has to exist"),
        ({"p": {"exists": False}}, {"p": 1}, "p is 1, but it has to be absent"),
        ({"p": {"empty": False}}, {"p": ""}, "p is empty, but it must not be empty"),
        ({"p": {"empty": True}}, {"p": 5}, "p is 5, but it has to be empty"),
        ({"amount": {"gt": 100}}, {"amount": 50}, "amount is 50, not greater than 100"),
        (
            {"amount": {"lte": "2025-01-01"}},
            {"amount": "2025-02-01"},
            'amount is "2025-02-01", greater than 2025-01-01',
        ),
        ({"t": {"contains": "a"}}, {"t": "x" * 100}, f't is "{"x" * 59}…", not containing "a"'),
        ({"t": {"not_contains": "a"}}, {"t": "a"}, 't is "a", containing "a"'),
        ({"t": {"not_in": [1]}}, {"t": 1}, "t is 1, one of 1"),
        ({"t": {"not": 1}}, {"t": 1}, "t is 1, which `not` rules out"),
        ({"t": {"not": {"gt": 1}}}, {"t": 2}, 't is 2, which `not` rules out: {"gt":1}'),
        ({"any": [{"a": 1}, {"b": 2}]}, {"b": 3}, "none of these holds: a has no value, not 1; b is 3, not 2"),
        ({"all": [{"a": 1}, {"b": 2}]}, {"a": 1}, "b has no value, not 2"),
        ({"not": {"a": 1}}, {"a": 1}, 'what `not` rules out holds: {"a":1}'),
        ({"a": 1}, {"a": 1}, None),
    ],
)
def test_says_what_does_not_hold(data: Any, event: Any, sentence: str | None) -> None:
    assert compile_filter(data).refusal(Scope(event)) == sentence


@pytest.mark.parametrize(
    ("data", "at", "message"),
    [
        (None, (), "a filter is a mapping"),
        ([1], (), "a filter is a mapping"),
        ({"a..b": 1}, ("a..b",), "is not a path"),
        ({"a": {"gt": "many"}}, ("a", "gt"), "neither a number nor a date"),
        ({"a": {"gt": [1]}}, ("a", "gt"), "not a single value"),
        ({"a": {"in": 1}}, ("a", "in"), "in takes a list"),
        ({"a": {"not_in": 1}}, ("a", "not_in"), "not_in takes a list"),
        ({"a": {"in": []}}, ("a", "in"), "the list is empty"),
        ({"a": []}, ("a",), "the list is empty"),
        ({"a": None}, ("a",), "write {empty: true} or {exists: false}"),
        ({"a": ""}, ("a",), "write {empty: true}"),
        ({"a": [1, None]}, ("a",), "write {empty: true}"),
        ({"a": [[1]]}, ("a",), "not a single value"),
        ({"a": "{{ b }}"}, ("a",), "a template does not work here"),
        ({"a": {}}, ("a",), "the condition is empty"),
        ({"a": {"exists": "yes"}}, ("a", "exists"), "exists takes true or false"),
        ({"a": {"empty": 1}}, ("a", "empty"), "empty takes true or false"),
        ({"a": {"matches": "("}}, ("a", "matches"), "is not a pattern"),
        ({"a": {"matches": 5}}, ("a", "matches"), "takes a pattern"),
        ({"a": {"contains": []}}, ("a", "contains"), "empty value"),
        ({"a": {"changed": 1}}, ("a", "changed"), "changed takes true or false"),
        ({"a": {"not": {"changed": True}}}, ("a", "not"), "write {changed: false}"),
        ({"meta.change": {"changed": True}}, ("meta.change", "changed"), "compares fields of the event"),
        ({"any": [{"steps.known.id": {"changed": False}}]}, ("any", 0, "steps.known.id", "changed"), "compares fields"),
        ({"a": {"phone": 1}}, ("a", "phone"), "a field inside a field is written a.phone"),
        ({"a": {"not": {"near": 1}}}, ("a", "not", "near"), "near is not an operator"),
        ({"any": []}, ("any",), "takes a list of filters"),
        ({"all": {"a": 1}}, ("all",), "takes a list of filters"),
        ({"any": [{"a": None}]}, ("any", 0, "a"), "write {empty: true}"),
        ({"not": [1]}, ("not",), "a filter is a mapping"),
    ],
)
def test_refuses_a_mistake_where_it_is(data: Any, at: tuple[Any, ...], message: str) -> None:
    with pytest.raises(LanguageError) as caught:
        compile_filter(data)

    assert message.lower() in str(caught.value).lower()
    assert caught.value.at == at
    assert caught.value.rule in ("filter", "path")


@pytest.mark.parametrize(
    ("word", "suggestion"),
    [("ecists", "exists"), ("eq", "in"), ("regex", "matches"), ("startswith", "starts_with"), ("gte ", "gte")],
)
def test_suggests_the_operator_that_was_meant(word: str, suggestion: str) -> None:
    with pytest.raises(LanguageError) as caught:
        compile_filter({"a": {word: 1}})

    assert caught.value.suggestion == suggestion


def test_collects_every_mistake() -> None:
    with pytest.raises(LanguageError) as caught:
        compile_filter({"a": {"in": 1, "eq": 2}, "b": None, "c..": 1})

    assert [error.at for error in caught.value.errors] == [("a", "in"), ("a", "eq"), ("b",), ("c..",)]


def test_reads_items_inside_each() -> None:
    wanted = compile_filter({"count": {"gt": 0}, "event.status": 1})

    assert wanted.holds(Scope({"status": 1, "count": 0}).inside({"count": 2}))
    assert not wanted.holds(Scope({"status": 1, "count": 5}).inside({"count": 0}))


def test_says_when_a_jsonpath_does_not_fit_the_event() -> None:
    odd = compile_filter({"any": [{"$.x.`sub(/a/, b)`": "b"}]})

    assert odd.holds(Scope({"x": "a"}))
    with pytest.raises(PermanentError, match="does not work on this event"):
        odd.holds(Scope({"x": 1}))


def test_gives_up_a_pattern_that_runs_on() -> None:
    slow = compile_filter({"x": {"matches": r"(a|aa)+"}})

    with pytest.raises(PermanentError, match="a filter cannot be worked out: the pattern .* took too long"):
        slow.holds(Scope({"x": "a" * 5000 + "!"}))


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=6)
    | st.decimals(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner, max_size=3),
    max_leaves=5,
)
SCALARS = st.integers() | st.booleans() | st.text(st.characters(exclude_characters="{"), min_size=1, max_size=6)


@given(SCALARS | st.lists(SCALARS, min_size=1, max_size=3), VALUES)
def test_not_is_the_opposite(condition: Any, value: Any) -> None:
    assert holds({"not": condition}, value) is not holds(condition, value)


@given(st.integers(), st.integers())
def test_orders_numbers_as_numbers_even_as_text(left: int, right: int) -> None:
    assert holds({"gt": right}, str(left)) is (left > right)
    assert holds({"lte": str(right)}, left) is (left <= right)


@given(VALUES, VALUES, st.sampled_from(sorted(OPERATORS)))
def test_any_condition_compiles_or_is_a_language_error(wanted: Any, value: Any, operator: str) -> None:
    try:
        compiled = compile_filter({"x": {operator: wanted}})
    except LanguageError as error:
        assert error.at[0] == "x"  # noqa: PT017 - either outcome is right
    else:
        refusal = compiled.refusal(Scope({"x": value}))
        assert (refusal is None) is compiled.holds(Scope({"x": value}))


@pytest.mark.parametrize(
    ("before", "now", "changed"),
    [
        ({"a": {"b": 1}}, {"a": {"b": 2}}, True),
        ({"a": {"b": 1}}, {"a": {"b": Decimal("1.0")}}, False),
        ({"a": {"b": "1"}}, {"a": {"b": 1}}, True),
        ({"a": {"b": [1, {"c": 2}]}}, {"a": {"b": [1, {"c": 2}]}}, False),
        ({"a": {"b": [1, {"c": 2}]}}, {"a": {"b": [1, {"c": 3}]}}, True),
        ({"a": {"b": None}}, {"a": {}}, False),
        ({"a": {"b": ""}}, {"a": {"b": []}}, False),
        ({"a": {}}, {"a": {"b": "new"}}, True),
        ({"a": {"b": "old"}}, {"a": {"b": None}}, True),
        ({"a": {"b": 0}}, {"a": {"b": None}}, True),
    ],
)
def test_changed_compares_with_the_event_before(before: Any, now: Any, *, changed: bool) -> None:
    scope = Scope(now, previous=before)

    assert compile_filter({"a.b": {"changed": True}}).holds(scope) is changed
    assert compile_filter({"a.b": {"changed": False}}).holds(scope) is not changed


@pytest.mark.parametrize("now", [{"a": 1}, {}], ids=["a value", "none"])
def test_everything_has_changed_when_there_was_no_event_before(now: Any) -> None:
    assert compile_filter({"a": {"changed": True}}).holds(Scope(now))
    assert not compile_filter({"a": {"changed": False}}).holds(Scope(now))


def test_changed_stands_beside_other_conditions() -> None:
    compiled = compile_filter({"status": {"in": ["paid", "sent"], "changed": True}})

    assert compiled.holds(Scope({"status": "paid"}, previous={"status": "new"}))
    assert not compiled.holds(Scope({"status": "new"}, previous={"status": "paid"}))
    assert compiled.refusal(Scope({"status": "paid"}, previous={"status": "paid"})) == (
        'status is "paid", as in the event before'
    )


def test_a_change_that_must_not_be_is_told() -> None:
    compiled = compile_filter({"status": {"changed": False}})

    reason = compiled.refusal(Scope({"status": "paid"}, previous={"status": "new"}))

    assert reason == 'status is "paid", but not so in the event before'


@pytest.mark.parametrize(
    ("data", "compares"),
    [
        ({"a": 1}, False),
        ({"a": {"changed": True}}, True),
        ({"any": [{"a": 1}, {"not": {"b": {"changed": False}}}]}, True),
    ],
)
def test_says_whether_it_needs_the_event_before(data: Any, *, compares: bool) -> None:
    assert compile_filter(data).compares is compares


def test_a_jsonpath_can_be_compared_too() -> None:
    compiled = compile_filter({"$.items[*].price": {"changed": True}})

    assert compiled.holds(Scope({"items": [{"price": 2}]}, previous={"items": [{"price": 1}]}))


def test_items_of_a_list_have_nothing_before_them() -> None:
    with pytest.raises(LanguageError, match="items of a list") as caught:
        compile_filter({"price": {"changed": True}}, of_items=True)

    assert caught.value.at == ("price", "changed")
