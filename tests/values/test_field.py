"""Field maps: every way to give a target its value, what is left out, and what is refused."""

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apimonster_cli.core.errors import FieldError
from apimonster_cli.core.place import Place
from apimonster_cli.values.errors import LanguageErrors
from apimonster_cli.values.field import Built, TargetType, compile_field_map
from apimonster_cli.values.scope import Locale, Scope

TYPES = {
    "amount": TargetType("number"),
    "quantity": TargetType("integer"),
    "call": TargetType("boolean"),
    "createdAt": TargetType("datetime", "Y-m-d H:i:s"),
    "birthday": TargetType("date"),
    "kind": TargetType("string", enum=("new", "done")),
    "tags": TargetType("array"),
    "anything": TargetType(None),
    "items.0.quantity": TargetType("integer"),
    "items.0.name": TargetType("string"),
    "items.0.parts.0.n": TargetType("integer"),
}
EVENT: dict[str, Any] = {
    "id": 700102,
    "status_id": "1",
    "uid": 9007199254740993018,
    "google": Decimal("1200000001.1760000001"),
    "code": "00042",
    "price": "1 200,50",
    "contact": {"phone": "74950000013", "email": None, "name": ""},
    "phones": ["+74950000013"],
    "when": "02/10/2025 09:16:02",
    "fields": [],
    "products": [{"title": "A", "count": "2.0"}, {"title": "", "count": None}, {"title": "C", "count": "1"}],
    "map": {"17": {"title": "M", "count": 3}, "18": {"title": "N", "count": 4}},
}
LOCALE = Locale(ZoneInfo("Europe/Moscow"), ZoneInfo("Europe/Kyiv"))


def type_of(target: str) -> TargetType | None:
    return TYPES.get(target, TargetType("string"))


def build(data: dict[str, Any], event: Any = EVENT, types: Callable[[str], TargetType | None] = type_of) -> Built:
    return compile_field_map(data, types).build(Scope(event, meta={"event_id": "e1"}, locale=LOCALE))


@pytest.mark.parametrize(
    ("target", "written", "value", "origin"),
    [
        ("phone", "contact.phone", "74950000013", "path contact.phone"),
        ("phone", "phones", "+74950000013", "path phones"),
        ("phone", "$.phones[*]", "+74950000013", "jsonpath $.phones[*]"),
        ("externalId", "utmstat-{{ id }}", "utmstat-700102", "template"),
        ("externalId", "id", "700102", "path id"),
        ("uid", "uid", "9007199254740993018", "path uid"),
        ("google", "google", "1200000001.1760000001", "path google"),
        ("code", "code", "00042", "path code"),
        ("code", "{{ code }}", "00042", "template"),
        ("amount", "price", Decimal("1200.50"), "path price"),
        ("amount", "{{ price | number * 2 }}", Decimal("2401.00"), "template"),
        ("createdAt", "when", "2025-10-02 09:16:02", "path when"),
        ("createdAt", "{{ when | datetime('d.m.Y H:i') }}", "2025-10-02 09:16:02", "template"),
        ("anything", "products.0", {"title": "A", "count": "2.0"}, "path products.0"),
        ("anything", "google", Decimal("1200000001.1760000001"), "path google"),
        ("tags", "code", ["00042"], "path code"),
        ("call", True, True, "constant"),
        ("chat", 42, "42", "constant"),
        ("anything", 42, 42, "constant"),
        ("amount", "{{ 5 }}", 5, "template"),
        ("amount", {"value": "1 200,50"}, Decimal("1200.50"), "constant"),
        ("amount", 12.5, Decimal("12.5"), "constant"),
        ("orderType", {"value": "eshop-individual"}, "eshop-individual", "constant"),
        ("createdAt", {"value": "2025-10-02 09:16:02"}, "2025-10-02 09:16:02", "constant"),
        ("birthday", dt.date(2025, 10, 2), "2025-10-02", "constant"),
        ("note", {"value": ""}, "", "constant"),
        ("tags", {"value": []}, [], "constant"),
        ("email", None, None, "null"),
        ("email", {"value": None}, None, "null"),
        ("name", {"from": "contact.phone"}, "74950000013", "path contact.phone"),
        ("name", {"from": ["contact.email", "contact.name", "code"]}, "00042", "path code"),
        ("name", {"from": ["contact.email", "{{ id }}!"]}, "700102!", "template"),
        ("name", {"from": "$.nope", "default": "x"}, "x", "default"),
        ("name", {"from": "contact.name", "default": "direct"}, "direct", "default"),
        ("name", {"from": "contact.name", "default": "n{{ id }}"}, "n700102", "default"),
        ("name", {"from": "contact.name", "default": None}, None, "default"),
        ("name", {"from": "contact.name", "default": ""}, "", "default"),
        ("call", {"from": "contact.name", "default": False}, False, "default"),
        ("kind", {"from": "status_id", "lookup": {1: "new", 2: "done"}}, "new", "lookup of status_id"),
        ("kind", {"from": "phones", "lookup": {"+74950000013": "new"}}, "new", "lookup of phones"),
        ("kind", {"from": "id", "lookup": {1: "new", "*": "done"}}, "done", "lookup of id"),
        ("kind", {"from": "id", "lookup": {1: "new"}, "default": "done"}, "done", "default"),
        ("kind", {"from": "contact.name", "lookup": {"*": "new"}, "default": "done"}, "done", "default"),
        (
            "kind",
            {"from": ["contact.name", "status_id"], "lookup": {1: "new"}},
            "new",
            "lookup of contact.name or status_id",
        ),
        ("kind", {"from": "{{ status_id }}", "lookup": {1: None}}, None, "lookup of the template"),
        ("paid", {"from": "flag", "lookup": {True: "p"}, "default": "q"}, "q", "default"),
        ("quantity", {"from": "status_id", "lookup": {1: "7"}}, 7, "lookup of status_id"),
        ("name", {"from": "code", "required": True}, "00042", "path code"),
    ],
)
def test_gives_a_field_its_value(target: str, written: Any, value: Any, origin: str) -> None:
    built = build({target: written})

    assert built.fields == {target: value}
    assert type(built.fields[target]) is type(value)
    assert {name: str(found) for name, found in built.origins.items()} == {target: origin}
    assert built.left_out == {}


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ("nope.deeper", "nope.deeper has no value"),
        ("contact.email", "contact.email has no value"),
        ("contact.name", "contact.name has no value"),
        ("fields", "fields has no value"),
        ("blank", "blank has no value"),
        ("{{ nope }}", "the template gives nothing"),
        ("{{ nope | default('') }} ", "the template gives nothing"),
        ({"from": ["nope", "contact.name"]}, "nope or contact.name has no value"),
        ({"from": "nope", "lookup": {"*": "x"}}, "nope has no value"),
        ({"from": "nope", "default": "{{ also }}"}, "the template gives nothing"),
        ({"each": "nope", "fields": {"a": "b"}}, "nope has no items to send"),
        ({"each": "fields", "fields": {"a": "b"}}, "fields has no items to send"),
        ({"each": "products", "filter": {"count": 99}, "fields": {"a": "title"}}, "products has no items to send"),
    ],
)
def test_leaves_an_empty_value_out_and_says_why(written: Any, why: str) -> None:
    built = build({"x": written, "y": {"value": 1}}, {**EVENT, "blank": [""]})

    assert built.fields == {"y": "1"}
    assert built.left_out == {"x": why}
    assert "x" not in built.origins


def test_nests_targets_and_closes_gaps_in_lists() -> None:
    built = build(
        {
            "items.0.name": "nope",
            "items.1.name": "code",
            "items.1.offer.externalId": "id",
            "source.source": {"value": "s"},
            "source.medium": "nope",
            "delivery.address.city": "nope",
            "phones.1": "contact.phone",
            "phones.0": "code",
            "empty.0.x": "nope",
        }
    )

    assert built.fields == {
        "items": [{"name": "00042", "offer": {"externalId": "700102"}}],
        "source": {"source": "s"},
        "phones": ["00042", "74950000013"],
    }
    assert set(built.left_out) == {"items.0.name", "source.medium", "delivery.address.city", "empty.0.x"}


def test_each_makes_an_object_an_item() -> None:
    built = build(
        {
            "items": {
                "each": "products",
                "filter": {"title": {"empty": False}},
                "fields": {
                    "name": "title",
                    "quantity": "count",
                    "lead": "event.id",
                    "by": "meta.event_id",
                    "label": "{{ title }} of {{ event.id }}",
                    "gone": "nope",
                    "kind.code": {"value": "k"},
                },
            }
        }
    )

    common = {"lead": "700102", "by": "e1", "kind": {"code": "k"}}
    assert built.fields == {
        "items": [
            {"name": "A", "quantity": 2, "label": "A of 700102", **common},
            {"name": "C", "quantity": 1, "label": "C of 700102", **common},
        ]
    }
    assert str(built.origins["items"]) == "each products"
    assert str(built.origins["items.1.name"]) == "path title"
    assert built.left_out == {"items.0.gone": "nope has no value", "items.1.gone": "nope has no value"}


def test_each_leaves_out_an_item_that_gives_nothing() -> None:
    built = build({"items": {"each": "products", "fields": {"name": "title"}}})

    assert built.fields == {"items": [{"name": "A"}, {"name": "C"}]}
    assert built.left_out["items.1.name"] == "title has no value"
    assert str(built.origins["items.1.name"]) == "path title"


@pytest.mark.parametrize(
    ("found", "names"),
    [
        ({"17": {"title": "M"}, "18": {"title": "N"}}, ["M", "N"]),
        ({"a-1": {"title": "M"}, "a-2": {"title": "N"}}, ["M", "N"]),
        ({"title": "M", "sku": {"x": 1}}, ["M"]),
        ([{"title": "M"}, "odd", None, {"title": "N"}], ["M", "N"]),
    ],
)
def test_each_takes_lists_maps_and_a_single_item(found: Any, names: list[str]) -> None:
    built = build({"items": {"each": "p", "fields": {"name": "title"}}}, {"p": found})

    assert [item["name"] for item in built.fields["items"]] == names


def test_each_takes_templates_jsonpath_and_plain_items() -> None:
    built = build(
        {
            "a": {"each": "{{ phones }}", "fields": {"number": "{{ item }}"}},
            "b": {"each": "$.products[?(@.count == '1')]", "fields": {"name": "title"}},
            "c": {"each": "products[*].title", "fields": {"name": "{{ item | default('?', true) }}"}},
        }
    )

    assert built.fields == {
        "a": [{"number": "+74950000013"}],
        "b": [{"name": "C"}],
        "c": [{"name": "A"}, {"name": "?"}, {"name": "C"}],
    }


def test_each_inside_each() -> None:
    event = {"p": [{"parts": [{"n": "1"}, {"n": "2"}]}, {"parts": {"n": "3"}}, {"parts": []}]}

    built = build({"items": {"each": "p", "fields": {"parts": {"each": "parts", "fields": {"n": "n"}}}}}, event)

    assert built.fields == {"items": [{"parts": [{"n": 1}, {"n": 2}]}, {"parts": [{"n": 3}]}]}
    assert str(built.origins["items.0.parts.1.n"]) == "path n"


@pytest.mark.parametrize(
    ("data", "event", "target", "reason"),
    [
        ({"amount": "price"}, {"price": "дорого"}, "amount", 'price: "дорого" is not a number'),
        (
            {"amount": "{{ price }}"},
            {"price": "x"},
            "amount",
            'the template gives what does not fit: "x" is not a number',
        ),
        ({"name": "phones"}, {"phones": ["1", "2"]}, "name", 'phones: a list of 2 does not become text: ["1","2"]'),
        ({"kind": "k"}, {"k": "old"}, "kind", 'k: "old" is not allowed here, only new, done'),
        ({"createdAt": "d"}, {"d": "soon"}, "createdAt", 'd: "soon" is not a date that can be read'),
        ({"name": "a{{ b }}"}, {}, "name", "b has no value; write {{ b | default('') }} if it may be missing"),
        (
            {"name": {"from": ["a", "b"], "required": True}},
            {"a": ""},
            "name",
            "it is required, but a or b has no value",
        ),
        (
            {"name": {"from": ["price"], "default": "1"}},
            {"price": {"a": 1}},
            "name",
            'price: an object does not become text: {"a":1}',
        ),
        (
            {"kind": {"from": "s", "lookup": {1: "new", 2: "done"}}},
            {"s": 9},
            "kind",
            's is 9, which lookup does not have (it has 1, 2); add it, "*" or default',
        ),
        (
            {"kind": {"from": "s", "lookup": {1: "new"}}},
            {"s": [1, 2]},
            "kind",
            "s is [1,2], which a lookup cannot find: its keys are text",
        ),
        (
            {"items": {"each": "p", "fields": {"quantity": "n"}}},
            {"p": [{"n": 1}, {"n": "many"}]},
            "items.1.quantity",
            'n: "many" is not a number',
        ),
        (
            {"items": {"each": "p", "fields": {"name": "n"}}},
            {"p": "text"},
            "items",
            'p is "text", and `each` needs a list',
        ),
        (
            {"items": {"each": "p", "filter": {"n": {"matches": "(a|aa)+"}}, "fields": {"name": "n"}}},
            {"p": [{"n": "a" * 5000 + "!"}]},
            "items",
            "took too long",
        ),
    ],
)
def test_fails_with_field_value_and_place(data: dict[str, Any], event: Any, target: str, reason: str) -> None:
    place = Place("bundles.yaml", 31, 11)
    compiled = compile_field_map(data, type_of, lambda _at: place)

    with pytest.raises(FieldError) as caught:
        compiled.build(Scope(event))

    assert caught.value.target == target
    assert reason in caught.value.reason
    assert str(caught.value).startswith(f"bundles.yaml:31:11: field {target}: ")


def test_asks_for_places_by_the_way_to_the_field() -> None:
    asked: list[tuple[Any, ...]] = []

    def remember(at: tuple[Any, ...]) -> None:
        asked.append(at)

    compile_field_map({"a": "x", "b": {"each": "y", "fields": {"c": "z"}}}, type_of, remember)

    assert sorted(asked) == [("a",), ("b",), ("b", "fields", "c")]


def test_asks_for_types_inside_each_as_of_a_list() -> None:
    asked: list[str] = []

    def remember(target: str) -> None:
        asked.append(target)

    inner = {"each": "q", "fields": {"n": "n"}}
    compile_field_map({"items": {"each": "p", "fields": {"name": "n", "parts": inner}}}, remember)

    assert asked == ["items", "items.0.name", "items.0.parts", "items.0.parts.0.n"]


def test_an_unknown_target_takes_anything() -> None:
    assert build({"x": "products.0.count"}, types=lambda _target: None).fields == {"x": "2.0"}


@pytest.mark.parametrize(
    ("data", "at", "message"),
    [
        ({}, (), "at least one target"),
        (None, (), "fields is a mapping"),
        ({"a": ""}, ("a",), '{value: ""} sends one'),
        ({"a": "b..c"}, ("a",), "is not a path"),
        ({"a": "{{ b"}, ("a",), "unexpected end of template"),
        ({"a": ["b"]}, ("a",), "{value: [...]} is a constant"),
        ({"a": {"city": "x"}}, ("a", "city"), "written a.city"),
        ({"a": {}}, ("a",), "a field takes value, from or each"),
        ({"a": {"form": "x"}}, ("a", "form"), "a field takes value, from or each"),
        ({"a": {"from": "x", "requird": True}}, ("a", "requird"), "does not go with from"),
        ({"a": {"value": 1, "default": 2}}, ("a", "default"), "does not go with value"),
        ({"a": {"from": []}}, ("a", "from"), "at least one path"),
        ({"a": {"from": 5}}, ("a", "from"), "from takes paths and templates"),
        ({"a": {"from": ["x", 5]}}, ("a", "from", 1), "from takes paths and templates"),
        ({"a": {"from": ["x", "b..c"]}}, ("a", "from", 1), "is not a path"),
        ({"a": {"from": "x", "required": "yes"}}, ("a", "required"), "true or false"),
        ({"a": {"from": "x", "lookup": {}}}, ("a", "lookup"), "lookup is a mapping"),
        ({"a": {"from": "x", "lookup": [1]}}, ("a", "lookup"), "lookup is a mapping"),
        ({"a": {"from": "x", "lookup": {1: "a", "1": "b"}}}, ("a", "lookup", "1"), "twice"),
        ({"a": {"from": "x", "lookup": {1: "{{ b }}"}}}, ("a", "lookup", 1), "lookup gives constants"),
        ({"kind": {"from": "x", "lookup": {1: "nwe"}}}, ("kind", "lookup", 1), "is not allowed here"),
        ({"kind": {"from": "x", "default": "nwe"}}, ("kind", "default"), "is not allowed here"),
        ({"a": {"from": "x", "default": "{{ b"}}, ("a", "default"), "unexpected end"),
        ({"kind": {"value": "nwe"}}, ("kind", "value"), "is not allowed here"),
        ({"amount": {"value": "two"}}, ("amount", "value"), "is not a number"),
        ({"amount": True}, ("amount",), "not a number"),
        ({"a.": "b"}, ("a.",), "is not a target"),
        ({"a": "b", "a.c": "d"}, ("a.c",), "lies inside a"),
        ({"a": {"each": 5, "fields": {"b": "c"}}}, ("a", "each"), "each takes the path"),
        ({"a": {"each": "x"}}, ("a", "fields"), "fields is a mapping"),
        ({"a": {"each": "x", "fields": {}}}, ("a", "fields"), "at least one target"),
        ({"a": {"each": "x", "fields": {"b": "c..d"}}}, ("a", "fields", "b"), "is not a path"),
        ({"a": {"each": "x", "fields": {"b": "c", "b.d": "e"}}}, ("a", "fields", "b.d"), "lies inside b"),
        (
            {"a": {"each": "x", "filter": {"y": {"gt": "z"}}, "fields": {"b": "c"}}},
            ("a", "filter", "y", "gt"),
            "neither a number",
        ),
    ],
)
def test_refuses_a_mistake_where_it_is(data: Any, at: tuple[Any, ...], message: str) -> None:
    with pytest.raises(LanguageErrors) as caught:
        compile_field_map(data, type_of)

    assert [error.at for error in caught.value.errors] == [at]
    assert message in str(caught.value)


def test_collects_every_mistake_and_suggests() -> None:
    data = {
        "a": "b..c",
        "kind": {"value": "nwe"},
        "c": {"from": "x", "defalt": 1},
        "d": {"each": "x", "filter": {"y": {"ecists": 1}}, "fields": {"e": "{{ f | uper }}"}},
    }

    with pytest.raises(LanguageErrors) as caught:
        compile_field_map(data, type_of)

    found = {error.at: error.suggestion for error in caught.value.errors}
    assert found == {
        ("a",): None,
        ("kind", "value"): "new",
        ("c", "defalt"): "default",
        ("d", "filter", "y", "ecists"): "exists",
        ("d", "fields", "e"): "upper",
    }


def test_lists_every_path_it_uses() -> None:
    compiled = compile_field_map(
        {
            "a": "contact.phone",
            "b": {"from": ["x", "$.y"], "default": "{{ z }}"},
            "c": {
                "each": "products",
                "filter": {"n": 1},
                "fields": {"d": "n", "e": "meta.x", "f": "{{ item }}{{ q['r s'] }}"},
            },
        },
        type_of,
    )

    assert compiled.targets == ("a", "b", "c")
    found = [(use.at, use.text, use.kind, use.bare, use.each.text if use.each else None) for use in compiled.uses]
    assert found == [
        (("a",), "contact.phone", "path", True, None),
        (("b", "from", 0), "x", "path", False, None),
        (("b", "from", 1), "$.y", "path", False, None),
        (("b", "default"), "z", "template", False, None),
        (("c", "each"), "products", "path", False, None),
        (("c", "filter", "n"), "n", "path", False, "products"),
        (("c", "fields", "d"), "n", "path", True, "products"),
        (("c", "fields", "e"), "meta.x", "path", True, None),
        (("c", "fields", "f"), "q.r s", "template", False, "products"),
    ]
    assert [use.relative for use in compiled.uses] == [use.each is not None for use in compiled.uses]
    assert all(use.path for use in compiled.uses)


def test_a_mention_that_no_path_can_say_has_no_path() -> None:
    both_quotes = """{{ event['a.\\'"'] }}"""

    uses = compile_field_map({"a": both_quotes}, type_of).uses

    assert [use.path for use in uses] == [None]


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=6)
    | st.decimals(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab01", max_size=2), inner, max_size=3),
    max_leaves=8,
)


@given(VALUES, st.sampled_from(sorted(TYPES)))
def test_any_value_is_sent_left_out_or_refused(value: Any, target: str) -> None:
    name = target.split(".", 1)[0] if ".0." not in target else "name"

    try:
        built = build({name: "v", "items.0.x": "v"} if name != "items" else {name: "v"}, {"v": value})
    except FieldError as error:
        assert error.target in (name, "items.0.x")  # noqa: PT017 - either outcome is right
    else:
        assert (name in built.fields) is (name in built.origins)
        assert (name in built.fields) is not (name in built.left_out)


@given(st.dictionaries(st.sampled_from(["a", "b.c", "b.d", "e.0.f", "e.2.f", "e.2.g"]), VALUES))
def test_every_target_is_either_sent_or_left_out(values: dict[str, Any]) -> None:
    if not values:
        return
    event = {f"v{number}": value for number, value in enumerate(values.values())}
    data = {target: f"v{number}" for number, target in enumerate(values)}

    built = build(data, event, lambda _target: None)

    assert built.origins.keys() | built.left_out.keys() == data.keys()
    assert not built.origins.keys() & built.left_out.keys()
    assert len(built.fields.get("e", [])) == len({target[:3] for target in built.origins if target.startswith("e.")})
