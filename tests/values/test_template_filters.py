"""The filters of templates."""

from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from apimonster_cli.values.dates import WrittenDate
from apimonster_cli.values.errors import TemplateError
from apimonster_cli.values.scope import MISSING, Locale, Scope
from apimonster_cli.values.template import compile_template

LOCALE = Locale(ZoneInfo("Europe/Moscow"), ZoneInfo("Asia/Omsk"), "RU")


def render(text: str, value: Any = None) -> Any:
    return compile_template(text).render(Scope({"v": value}, locale=LOCALE))


@pytest.mark.parametrize(
    ("filter_", "value", "given"),
    [
        ("phone", "74950000013", "+74950000013"),
        ("phone", " 74950000013", "+74950000013"),  # a form's plus that was not encoded
        ("phone", " 380440000013", "+380440000013"),
        ("phone", "8 (495) 000-00-13", "+74950000013"),
        ("phone", 74950000013, "+74950000013"),
        ("phone", ["+7 495 000 00 13"], "+74950000013"),
        ("phone", "380440000013", "+380440000013"),
        ("phone('UA')", "044 000 00 13", "+380440000013"),
        ("phone('ua')", "74950000013", "+74950000013"),
        ("digits", "+7 (495) 000-00-13", "74950000013"),
        ("digits", 7495, "7495"),
        ("number", "1 200,50", Decimal("1200.50")),
        ("number", ["5"], 5),
        ("float", "1530.0000", Decimal("1530.0000")),
        ("integer", "12.0", 12),
        ("int", "9007199254740993018", 9007199254740993018),
        ("boolean", "да", True),
        ("boolean", "0", False),
        ("url_param('utm_source')", "https://a.ru/?utm_source=ya%20direct&z", "ya direct"),
        ("url_param('z')", "https://a.ru/?a=1#/x?z=2", "2"),
        ("url_param('z')", "https://a.ru/#z=2", "2"),
        ("url_param('b')", "a=1&b=2", "2"),
        (r"regex('(\d+)-(\d+)')", "x 12-34", "12"),
        (r"regex('(\d+)-(\d+)', 2)", "x 12-34", "34"),
        (r"regex('\d+')", "x 12-34", "12"),
        (r"regex('(?P<n>\d+)', 'n')", 42, "42"),
        ("sha256", "a", "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"),
        ("sha256", Decimal("1.50"), "e40e66edfe4b5caedf7c6dfbec4d5ccb8ddbf4dc5b6ca2f1b7ea14af65c2a7a7"),
        ("json", {"a": Decimal("1.50"), "я": [None]}, '{"a":1.50,"я":[null]}'),
        ("tojson", [True], "[true]"),
        ("map('upper') | json", ["a"], '["A"]'),
        ("sum", [1, 2, 12345678901234567890], 12345678901234567893),
        ("sum", [Decimal("0.1"), 0.2, "1,5"], Decimal("1.8")),
        ("sum('x')", [{"x": 1}, {"x": Decimal("0.50")}], Decimal("1.50")),
        ("sum(start=5)", [1], 6),
        ("sum", [], 0),
        ("indent(2)", "a\nb", "a\n  b"),
        ("indent('> ', true)", "a\nb", "> a\n> b"),
        ("wordwrap(3)", "ab cd", "ab\ncd"),
        ("wordwrap(3, true, '<br>')", "ab cd", "ab<br>cd"),
        ("striptags", "<b>a</b> &amp; b", "a & b"),
        ("json(indent=2)", [1], "[\n  1\n]"),
        ("truncate(5)", "Привет, мир", "Прив…"),
        ("truncate(11)", "Привет, мир", "Привет, мир"),
        ("truncate(3, '')", "abcdef", "abc"),
        ("truncate(1, '...')", "abcdef", "."),
        ("upper", True, "TRUE"),
        ("lower", Decimal("1E+2"), "100"),
        ("trim", " a ", "a"),
        ("title", "иван", "Иван"),
        ("string", Decimal("1.50"), "1.50"),
        ("join(', ')", ["a", 1, True], "a, 1, true"),
        ("join(', ')", "abc", "abc"),
        ("join('+', 'x.0')", [{"x": ["a"]}, {"x": ["b"]}], "a+b"),
        ("replace('a', 'b')", "aaa", "bbb"),
        ("replace('a', 'b', 1)", "aaa", "baa"),
        ("replace('1', 2)", 11, "22"),
        ("first", "74950000013", "74950000013"),
        ("first", ["a", "b"], "a"),
        ("last", ["a", "b"], "b"),
        ("last", "ab", "ab"),
        ("first", [], MISSING),
        ("last", [], MISSING),
        ("round", "2.5", 3),
        ("round(1)", Decimal("2.25"), Decimal("2.3")),
        ("round(1, 'floor')", Decimal("2.29"), Decimal("2.2")),
        ("round(0, 'ceil')", Decimal("2.01"), 3),
        ("round(-2)", 1250, 1300),
        ("sum", [Decimal("0.1"), Decimal("0.2")], Decimal("0.3")),
        ("sum('x')", [{"x": 1}, {"x": 2}], 3),
        ("urlencode", "а б", "%D0%B0%20%D0%B1"),
        ("striptags", "<b>a</b>", "a"),
        ("wordcount", "a b c", 3),
        ("center(5)", "a", "  a  "),
        ("batch(2) | list", [1, 2, 3], [[1, 2], [3]]),
    ],
)
def test_gives(filter_: str, value: Any, given: Any) -> None:
    if value == Decimal("1.50") and filter_ == "sha256":
        given = render("{{ '1.50' | sha256 }}")

    found = render(f"{{{{ v | {filter_} }}}}", value)

    assert found == given
    assert type(found) is type(given)


def test_formats_with_percent_signs() -> None:
    assert render("{{ '%05d, %.2f, %s' | format(42, 1.5, true) }}") == "00042, 1.50, true"
    assert render("{{ '%(a)s' | format(a=1) }}") == "1"


@pytest.mark.parametrize(
    ("text", "value", "given"),
    [
        ("{{ v | date }}", "2025-10-19 23:30:00", "2025-10-20"),
        ("{{ v | date('d.m.Y') }}", "19/10/2025", "19.10.2025"),
        ("{{ v | datetime }}", 1760821204, "2025-10-19 03:00:04"),
        ("{{ v | datetime('d.m.Y H:i') }}", ["2025-10-19 00:00:04"], "19.10.2025 03:00"),
        ("{{ v | datetime('%H:%M') }}", "2025-10-19T00:00:00Z", "06:00"),
        ("от {{ v | date('j.n') }}", "2025-10-09", "от 9.10"),
    ],
)
def test_writes_dates_in_the_receivers_zone(text: str, value: Any, given: str) -> None:
    assert render(text, value) == given


def test_a_date_alone_keeps_its_moment() -> None:
    found = render("{{ v | datetime('H:i') }}", "2025-10-19 12:00:00")

    assert isinstance(found, WrittenDate)
    assert found == "15:00"
    assert found.moment.isoformat() == "2025-10-19T12:00:00+03:00"


@pytest.mark.parametrize(
    "filter_",
    [
        "phone", "digits", "number", "integer", "boolean", "date", "datetime", "url_param('a')", "regex('a')", "sha256", "json",
        "truncate(5)", "upper", "lower", "trim", "join", "replace('a', 'b')", "round", "first", "last", "string", "urlencode", "int",
        "escape", "indent", "format(1)",
    ],
)  # fmt: skip
def test_nothing_gives_nothing_again(filter_: str) -> None:
    assert render(f"{{{{ v | {filter_} }}}}", None) is MISSING
    assert render(f"{{{{ v.deep | {filter_} | default('x') }}}}", None) == "x"
    with pytest.raises(TemplateError, match="no value|nothing to take"):
        render(f"-{{{{ v | {filter_} }}}}", None)


@pytest.mark.parametrize(
    "filter_", ["phone", "digits", "number", "integer", "boolean", "date", "datetime", "regex('a')"]
)
def test_an_empty_text_is_nothing_to_filters_that_read(filter_: str) -> None:
    assert render(f"{{{{ v | {filter_} }}}}", "") is MISSING


@pytest.mark.parametrize(
    ("filter_", "value", "reason"),
    [
        ("phone", "12345", "is not a phone number of RU"),
        ("phone", "call me", "is not a phone number"),
        ("phone('XX')", "044 000 00 13", "is not a phone number of XX"),
        ("number", "дорого", '"дорого" is not a number'),
        ("number", "1,200", "is not guessed"),
        ("int", "x", "is not a number"),
        ("integer", "1.5", "not a whole number"),
        ("boolean", "maybe", "neither yes nor no"),
        ("date", "soon", "not a date"),
        ("date('Q')", "2025-10-19", "a letter that is not known"),
        ("regex('a', 3)", "a", "has no group 3"),
        ("regex(v)", "(", "is not a pattern"),
        ("regex('(a|aa)+$')", "a" * 4000 + "!", "took too long"),
        ("join", ["a", None], "a value in the template is missing"),
        ("join(',', 'x')", [{"x": None}], "x has no value"),
        ("join(',', '0.5')", [[1]], "0.5 has no value"),
        ("join(v | string)", ["x" * 400] * 400, "longer than"),
        ("replace('a', 'b' ~ v)", "a" * 2000, "longer than"),
        ("sum", [1, None], "a value in the template is missing"),
        ("sum", ["x"], "is not a number"),
        ("round(99)", 1, "precision up to 20"),
        ("round(1, 'up')", 1, "common, ceil or floor"),
        ("json(5) | json", object, "cannot be worked out"),
    ],
)
def test_says_what_is_wrong(filter_: str, value: Any, reason: str) -> None:
    with pytest.raises(TemplateError) as caught:
        render(f"{{{{ v | {filter_} }}}}", value)

    assert reason in str(caught.value)


def test_says_what_was_not_found() -> None:
    with pytest.raises(TemplateError, match="has no parameter b"):
        render("-{{ v | url_param('b') }}", "https://a.ru/?a=1")
    with pytest.raises(TemplateError, match="has nothing that matches"):
        render("-{{ v | regex('b') }}", "a")
