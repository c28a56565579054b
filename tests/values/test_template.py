"""Templates: names, types, what is missing, what is exact, and what they may not do."""

import subprocess
import sys
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apimonster_cli.values.errors import LanguageError, TemplateError
from apimonster_cli.values.scope import MISSING, Locale, Scope
from apimonster_cli.values.template import compile_template, is_template

EVENT: dict[str, Any] = {
    "id": 700101,
    "uid": 9007199254740993018,
    "google": Decimal("1200000001.1760000001"),
    "code": "00042",
    "items": [{"x": "A", "price": Decimal("10.10")}, {"x": None, "price": 5}],
    "values": {"0": {"a": 1}, "keys": "k", "count": 3},
    "contact": {"phone": "74950000013", "email": None, "name": ""},
    "tags": ["a", "b"],
    "a.b": {"two words": 7},
    "paid": True,
}
SCOPE = Scope(
    EVENT,
    meta={"event_id": "e1"},
    steps={"order": {"id": 3}},
    locale=Locale(ZoneInfo("Europe/Moscow"), ZoneInfo("Asia/Omsk")),
)


def render(text: str, scope: Scope = SCOPE) -> Any:
    return compile_template(text).render(scope)


@pytest.mark.parametrize(
    ("text", "yes"), [("{{ a }}", True), ("{% if a %}", True), ("a.b", False), ("{a}", False), ("", False)]
)
def test_tells_templates_from_paths(text: str, *, yes: bool) -> None:
    assert is_template(text) is yes


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("utmstat-{{ id }}", "utmstat-700101"),
        ("{{ id }}", 700101),
        (" {{ id }}\n", 700101),
        ("{{ id }} ", 700101),
        ("{{ paid }}", True),
        ("{{ tags }}", ["a", "b"]),
        ("{{ contact }}", EVENT["contact"]),
        ("{{ google }}", Decimal("1200000001.1760000001")),
        ("{{ uid }}/{{ google }}/{{ code }}/{{ paid }}", "9007199254740993018/1200000001.1760000001/00042/true"),
        ("{{ uid ~ '-' ~ google ~ paid }}", "9007199254740993018-1200000001.1760000001true"),
        ("{{ tags }}!", '["a","b"]!'),
        ("{{ items.0.x }}", "A"),
        ("{{ items[0].x }}", "A"),
        ("{{ items[-1].price }}", 5),
        ("{{ values.0.a }}", 1),
        ("{{ values.keys }}", "k"),
        ("{{ values.count }}", 3),
        ("{{ event['a.b']['two words'] }}", 7),
        ("{{ items[id - 700101].x }}", "A"),
        ("{{ values['ke' ~ 'ys'] }}", "k"),
        ("{{ contact.phone[1:4] }}", "495"),
        ("{{ steps.order.id }}-{{ meta.event_id }}", "3-e1"),
        ("{{ event.id }}", 700101),
        ("{% set phone = contact.phone %}{{ phone }}", "74950000013"),
        ("{% for item in items %}{{ loop.index }}{{ item.price }};{% endfor %}", "110.10;25;"),
        ("{% for key, value in values.items() %}{{ key }},{% endfor %}", "0,keys,count,"),
        ("{% for tag in tags %}{% if not loop.first %}+{% endif %}{{ tag }}{% endfor %}", "a+b"),
        ("{% for p in contact.phone %}[{{ p }}]{% endfor %}", "[74950000013]"),
        ("{% for p in nope %}x{% else %}none{% endfor %}", "none"),
        ("{% for a in [none, 1] if a %}{{ a }}{% endfor %}", "1"),
        ("{% with a = id %}{{ a }}!{% endwith %}", "700101!"),
        ("{% filter upper %}a{{ tags.0 }}{% endfilter %}", "AA"),
        ("{% set x %}a{{ id }}{% endset %}{{ x }}", "a700101"),
        ("{% if contact.email %}yes{% else %}no{% endif %}", "no"),
        ("{{ 'x' if id == 1 }}.", "."),
        ("{{ 'x' if id == 1 }}", MISSING),
        ("{{ ('x' if id == 1) | default('y') }}", "y"),
        ("{{ 'x' if id == 1 else 'y' }}", "y"),
        ("{{ range(3) }}", [0, 1, 2]),
        ("{{ values.keys() | list }}", ["0", "keys", "count"]),
        ("{{ contact.get('phone') }}", "74950000013"),
        ("{{ contact.phone.split('9') }}", ["74", "50000013"]),
        ("{{ tags.index('b') }}", 1),
        ("{{ {'a': 1.5, 'b': none} }}", {"a": Decimal("1.5"), "b": None}),
        ("{{ dict(a=id) }}", {"a": 700101}),
        ("{% set n = namespace(x=1) %}{% for t in tags %}{% set n.x = n.x + 1 %}{% endfor %}{{ n.x }}", "3"),
        ("{{ items | groupby('price') | map(attribute='grouper') }}", [5, Decimal("10.10")]),
        ("{% for g in items | groupby('price') %}{{ g.grouper }}:{{ g.list | length }} {% endfor %}", "5:1 10.10:1 "),
        ("{{ '<b>' | escape }}", "&lt;b&gt;"),
        ("{{ contact.values() | list | length }}", 3),
        ("{{ {'a': 1}.values() }}", [1]),
        ('{{ \'\\d\\b\' ~ "\\"\\n" }}', '\\d\\b"\n'),
        ("{% for t in tags %}{{ loop.cycle('x', 'y') }}{% endfor %}", "xy"),
        ("{% if id %}{% set code = 1 %}{% endif %}{% for t in tags %}{{ code }}{% endfor %}", "11"),
        ("{% set a = 1 %}{% for t in tags %}{% set a = 2 %}{% endfor %}{{ a }}", "1"),
        ("{{ '<i>' | safe }}", "<i>"),
        ("{{ '<i>' | escape }}", "&lt;i&gt;"),
        ("{% raw %}{{ a }}{% endraw %}", "{{ a }}"),
        ("{{ [1, (2, 3)] }}", [1, [2, 3]]),
    ],
)
def test_gives(text: str, value: Any) -> None:
    found = render(text)

    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("{{ 0.1 + 0.2 }}", "0.3"),
        ("{{ google + 1 }}", "1200000002.1760000001"),
        ("{{ uid - 1 }}", "9007199254740993017"),
        ("{{ items.0.price * 1.2 }}", "12.120"),
        ("{{ 5 / 2 }}", "2.5"),
        ("{{ 7 // 2 }}", "3"),
        ("{{ 7 % 4 }}", "3"),
        ("{{ 7.5 // 2 }}", "3"),
        ("{{ 7.5 % 2 }}", "1.5"),
        ("{{ 2 ** 10 }}", "1024"),
        ("{{ 2 ** -1 }}", "0.5"),
        ("{{ 1.5 ** 2 }}", "2.25"),
        ("{{ -items.0.price }}", "-10.10"),
        ("{{ 12345678901234567890.5 if false else 1 }}", None),
    ],
)
def test_calculates_exactly(text: str, value: str | None) -> None:
    if value is None:
        with pytest.raises(LanguageError, match="more digits than a number in a template keeps"):
            compile_template(text)
        return

    assert render(text + " ") == (int(value) if value.lstrip("-").isdigit() else Decimal(value))
    assert render("=" + text) == "=" + value


@pytest.mark.parametrize(
    "text",
    [
        "{{ nope }}", "{{ contact.email }}", "{{ contact.name }}", "{{ nope.a.b }}", "{{ contact.phone.0 }}", "{{ contact.phone.x }}",
        "{{ tags.x }}", "{{ tags.9 }}", "{{ items[1].x }}", "{{ none }}", "{{ [] }}", "{{ {} }}", "{{ '' }}", "{{ nope[1:2] }}",
        "{{ nope | default('') }}", " {{ nope | default('') }} ", "{{ nope | default('') }} {{ nope | default('') }}",
        "{% if nope %}x{% endif %}",  "{{ tags['x'] }}", "{{ items[5].x }}", "{{ contact['email'].x }}",
    ],
)  # fmt: skip
def test_gives_missing_for_nothing(text: str) -> None:
    assert render(text) is MISSING


def test_a_field_comes_before_a_function_of_that_name() -> None:
    assert render("{{ range }}", Scope({"range": "a-b"})) == "a-b"
    assert render("{{ range }}", Scope({"range": None})) is MISSING


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("{{ nope > 5 }}", False),
        ("{{ 5 < nope }}", False),
        ("{{ nope == 5 }}", False),
        ("{{ nope != 5 }}", True),
        ("{{ contact.email == none }}", True),
        ("{{ contact.email is none }}", True),
        ("{{ contact.email is defined }}", False),
        ("{{ nope is undefined }}", True),
        ("{{ contact.name is defined }}", True),
        ("{{ nope == contact.email }}", True),
        ("{{ 'a' in nope }}", False),
        ("{{ nope in tags }}", False),
        ("{{ nope | length }}", 0),
        ("{{ nope or id }}", 700101),
        ("{{ nope | d(5) }}", 5),
        ("{{ contact.email | default('no') }}", "no"),
        ("{{ contact.name | default('no', true) }}", "no"),
        ("{{ 0 | default(5, true) }}", 0),
        ("{{ nope.a[id].b | default('x') }}", "x"),
        ("{{ {nope: 1}[contact.email] | default('x') }}", None),
    ],
)
def test_treats_missing_and_null_as_no_value(text: str, value: Any) -> None:
    if value is None:
        with pytest.raises(TemplateError, match=r"contact\.email has no value"):
            render(text)
        return

    assert render(text) == value


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("utmstat-{{ nope }}", "nope"),
        ("x{{ contact.email }}", "contact.email"),
        ("x{{ contact.email | upper }}", "contact.email"),
        ("{{ 'x' ~ items.1.x }}", "items.1.x"),
        ("x{{ event['no such'].x }}", "event['no such'].x"),
        ("x{{ tags[-5] }}", "tags[-5]"),
        ("{{ nope + 1 }}", "nope"),
        ("{{ 1 - contact.email }}", "contact.email"),
        ("{{ contact.email.split('@') }}", "contact.email"),
        ("{{ [contact.email, 1] | join }}", "contact.email"),
        ("{{ [contact.email] }}", "contact.email"),
        ("x{{ items | map(attribute='x') | list }}", "x"),
        ("{{ tags[nope] }}", "nope"),
        ("{{ nope() }}", "nope"),
        ("{{ -contact.email }}", "contact.email"),
    ],
)
def test_names_what_has_no_value(text: str, name: str) -> None:
    with pytest.raises(TemplateError) as caught:
        render(text)

    assert str(caught.value) == f"{name} has no value; write {{{{ {name} | default('') }}}} if it may be missing"


def test_does_not_print_a_null_found_in_a_list() -> None:
    with pytest.raises(TemplateError, match=r"put \| default\(''\) behind"):
        render("{% for x in [none] %}{{ x }}{% endfor %}")


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("{{ a", 1, "unexpected end of template"),
        ("a\n{{ b c }}", 2, "line 2 of the template: 'c' is not expected here"),
        ("{{ a | uper }}", 1, "there is no filter called uper"),
        ("{{ a is definde }}", 1, "there is no test called definde"),
        ("{% if a %}{{ a | uper }}{% endif %}", 1, "there is no filter called uper"),
        ("{% macro a() %}{% endmacro %}", 1, "macro is not available"),
        ("{% include 'x' %}", 1, "include is not available"),
        ("{% for a in b recursive %}{% endfor %}", 1, "for is not available"),
        ("{{ a | regex('(') }}", 1, "is not a pattern"),
        ("\n\n{{ a | regex('(') }}", 3, "line 3 of the template"),
        ("{{ 1200000001.17600000012345 }}", 1, "write it in quotes"),
        ("{{ 1e9999999999999999999 }}", 1, "write it in quotes"),
        ("{% endif %}", 1, "unknown tag"),
        ("{% autoescape true %}{% endautoescape %}", 1, "is not available"),
        ("{% for a in b %}" * 30 + "{% endfor %}" * 30, 1, "it cannot be compiled: too many"),
        ("{{ " + "9" * 5000 + " }}", 1, "it cannot be compiled"),
        ("{{ " + "(" * 400 + ")" * 400 + " }}", 1, ""),
    ],
)
def test_refuses_a_mistake_with_its_line(text: str, line: int, message: str) -> None:
    with pytest.raises(LanguageError) as caught:
        compile_template(text)

    assert message.lower() in str(caught.value).lower()
    assert caught.value.rule == "template"
    assert caught.value.line in (line, None)


def test_suggests_the_filter_that_was_meant() -> None:
    with pytest.raises(LanguageError) as caught:
        compile_template("{{ a | trunkate(5) }}")

    assert caught.value.suggestion == "truncate"


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        ("utmstat-{{ id }}{{ id }}", ("id",)),
        ("{{ a.b[0]['x.y'].z | upper }}", ("a.b.0['x.y'].z",)),
        ("{{ steps.order.id ~ meta.x }}", ("steps.order.id", "meta.x")),
        ("{% for p in data.products %}{{ p.sku }}{{ loop.index }}{% endfor %}", ("data.products",)),
        ("{% set x = a %}{{ x.y }}{{ range(3) }}", ("a",)),
        ("{{ a if b.c else d }}", ("b.c", "a", "d")),
        ("{{ a[b.c].d }}", ("a", "b.c")),
        ("{{ a.split(b.c) }}", ("a", "b.c")),
        ("{{ range }}{{ range.x }}", ("range.x",)),
        ("{{ 'x'.y }}", ()),
    ],
)
def test_lists_the_paths_it_mentions(text: str, paths: tuple[str, ...]) -> None:
    assert sorted(compile_template(text).paths) == sorted(paths)


def test_sees_the_item_inside_each() -> None:
    scope = SCOPE.inside({"id": "inner", "event": "hidden"})

    assert render("{{ id }}-{{ event.id }}-{{ item.id }}", scope) == "inner-700101-inner"
    assert render("{{ item }}", SCOPE.inside("+7495")) == "+7495"
    assert render("{{ item }}", SCOPE.inside(None)) is MISSING
    assert render("{{ item }}") is MISSING


def test_reads_a_float_digit_by_digit() -> None:
    assert render("{{ a }}", Scope({"a": 0.1})) == Decimal("0.1")
    assert render("{{ a + 0.2 }}", Scope({"a": 0.1})) == Decimal("0.3")


def test_reads_an_event_that_is_no_object() -> None:
    assert render("{{ event.0 }}{{ id | default('-') }}", Scope(["a"])) == "a-"


@pytest.mark.parametrize(
    "text",
    [
        "{{ ''.__class__.__mro__ }}", "{{ id.__class__ }}", "{{ event.__init__.__globals__ }}", "{{ range.__globals__ }}",
        "{{ (1).__class__ }}", "{{ loop.__class__ }}",
    ],
)  # fmt: skip
def test_shows_nothing_of_python(text: str) -> None:
    try:
        found = render(text)
    except TemplateError:
        return

    assert found is MISSING


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{{ tags.append('x') }}", "append() is not available"),
        ("{{ contact.update({'a': 1}) }}", "update() is not available"),
        ("{{ 'a'.format(1) }}", "format() is not available"),
        ("{{ ''.__class__() }}", "__class__() is not available"),
        ("{{ 'x' * 1000000000 }}", "cannot be worked out"),
        ("{{ tags * 1000000000 }}", "cannot be worked out"),
        ("{{ 9 ** 9 ** 9 }}x{{ 99999 ** 9999 }}", "exponent up to 64"),
        ("{{ 9 ** 64 * 9 ** 64 * 9 ** 64 * 9**64 * 9**64 * 9**64 * 9**64 * 9**64 * 9**64 * 9**64 * 9**64 * 9**64 * 9**64 * 9**64 * 9**64 * 9**64 * 9**64 * 9**64 * 9**64 * 9**64 }}", "too many digits"),
        ("{{ range(100000) }}", "range of more than"),
        ("{% for a in range(9999) %}{% for b in range(9999) %}{% endfor %}{% endfor %}", "loops go round"),
        ("{% for a in range(9999) %}{{ event }}{% endfor %}", "longer than"),
        ("{% set n = namespace(x='aaaaaaaaaa') %}{% for a in range(60) %}{% set n.x = n.x ~ n.x %}{% endfor %}", "longer than"),
        ("{% set n = namespace(x='aaaaaaaaaa') %}{% for a in range(60) %}{% set n.x = n.x + n.x %}{% endfor %}", "longer than"),
        ("{% set n = namespace(x=[1, 2]) %}{% for a in range(60) %}{% set n.x = n.x + n.x %}{% endfor %}", "longer than"),
        ("{{ '%999999999d' | format(1) }}", "more room than is sensible"),
        ("{{ '%*d' | format(9, 1) }}", "more room than is sensible"),
        ("{{ 'a' | center(999999999) }}", "width above"),
        ("{{ tags | batch(linecount=999999999, fill_with=1) | list }}", "width above"),
        ("{{ 1 / 0 }}", "cannot be worked out"),
        ("{{ 1 + '1' }}", "texts become numbers with | number"),
        ("{{ '%d' % 5 }}", "cannot be worked out"),
        ("{{ tags() }}", "cannot be worked out"),
        ("{{ range }}", "gives no value but a function"),
        ("{{ 9.5 ** 99 }}", "exponent up to 64"),
        ("{{ id < 'a' }}", "cannot be worked out"),
    ],
)  # fmt: skip
def test_is_bounded_and_sandboxed(text: str, reason: str) -> None:
    with pytest.raises(TemplateError) as caught:
        render(text)

    assert reason in str(caught.value)


def test_says_when_the_event_is_nested_too_deeply() -> None:
    deep: list[Any] = []
    for _ in range(5000):
        deep = [deep]

    with pytest.raises(TemplateError, match="nested too deeply"):
        render("{{ a }}", Scope({"a": deep}))


def test_changes_nothing_in_the_event() -> None:
    event = {"a": {"b": [1]}}

    render("{% set x = a %}{% set y = x.b %}{{ y | sort | list }}{{ a | dictsort }}", Scope(event))

    assert event == {"a": {"b": [1]}}


def test_loads_jinja_only_when_a_template_is_compiled() -> None:
    code = "import sys, apimonster_cli.values.field; print([m for m in ('jinja2', 'jsonpath_ng', 'regex', 'phonenumbers') if m in sys.modules])"

    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout

    assert loaded.strip() == "[]"


@given(st.text(st.sampled_from("{}%|.[]()'ab1 ~+-*"), max_size=25))
def test_any_text_compiles_or_is_a_language_error(text: str) -> None:
    try:
        template = compile_template("{{" + text + "}}")
    except LanguageError as error:
        assert error.rule == "template"  # noqa: PT017 - either outcome is right
        return
    try:
        template.render(SCOPE)
    except TemplateError as error:
        assert str(error)  # noqa: PT017 - either outcome is right


@given(
    st.integers(0, 10**30)
    | st.decimals(allow_nan=False, allow_infinity=False, places=8)
    | st.from_regex("[0-9]{1,25}", fullmatch=True)
)
def test_prints_every_digit(value: Any) -> None:
    printed = render("-{{ a }}", Scope({"a": value}))

    assert printed == f"-{value:f}" if isinstance(value, Decimal) else f"-{value}"
    assert render("{{ a }}", Scope({"a": value})) == value
