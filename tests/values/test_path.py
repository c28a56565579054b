"""Paths: what they parse to, what they find, and that walking finds what jsonpath-ng finds."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonpath_ng import Child, Fields, Index, Root
from jsonpath_ng.jsonpath import Wildcard

from apimonster_cli.values.errors import LanguageError
from apimonster_cli.values.path import ALL, Key, compile_path, format_keys
from apimonster_cli.values.scope import MISSING, Scope, is_empty

EVENT = {
    "id": 7,
    "Имя клиента": "Иван",
    "utm-source": "ya",
    "steps": "own",
    "a.b": {"it's": 1},
    "contact": {"phone": "7495", "email": None},
    "data": {"contacts": [{"fName": "A"}, {"fName": "B"}], "map": {"0": {"x": 1}, "05": {"x": 2}}},
    "products": [{"sku": "s1", "tags": ["x", "y"]}, {"tags": []}, {"sku": None, "tags": ["z"]}, "odd"],
}


def read(path: str, **scope: Any) -> Any:
    return compile_path(path).read(Scope(**{"event": EVENT, **scope}))


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("id", 7),
        ("contact.phone", "7495"),
        ("contact.email", None),
        ("Имя клиента", "Иван"),
        ("utm-source", "ya"),
        ("['a.b'][\"it's\"]", 1),
        ("data.contacts.0.fName", "A"),
        ("data.contacts[1].fName", "B"),
        ("data.contacts[-1].fName", "B"),
        ("data.map.0.x", 1),
        ("data.map[0].x", 1),
        ("data.map.05.x", 2),
        ("products[*].sku", ["s1", None]),
        ("products.*.sku", ["s1", None]),
        ("products[*].tags[*]", ["x", "y", "z"]),
        ("products[*].tags", [["x", "y"], [], ["z"]]),
        ("data.map[*].x", [1, 2]),
        ("event.steps", "own"),
        ("['steps']", "own"),
        ("event", EVENT),
        ("steps.order.id", 3),
        ("meta.event_id", "e1"),
    ],
)
def test_finds_what_is_there(path: str, found: Any) -> None:
    assert read(path, steps={"order": {"id": 3}}, meta={"event_id": "e1"}) == found


@pytest.mark.parametrize(
    "path",
    [
        "nope",
        "contact.nope.deeper",
        "contact.email.deeper",
        "contact.phone.0",
        "data.contacts.fName",
        "data.contacts.9.fName",
        "data.contacts[-3]",
        "data.contacts['0']",
        "data.map.5",
        "products[*].nope",
        "contact.phone[*]",
        "nope[*].x",
        "steps.order.id",
        "meta.x",
    ],
)
def test_leads_nowhere(path: str) -> None:
    assert read(path) is MISSING


def test_starts_at_the_item_inside_each() -> None:
    item = {"id": "inner"}

    assert read("id", item=item) == "inner"
    assert read("event.id", item=item) == 7
    assert read("$.id", item=item) == 7


def test_reads_outputs_through_any_mapping() -> None:
    from types import MappingProxyType

    steps = MappingProxyType({"order": MappingProxyType({"id": 3})})

    assert read("steps.order.id", steps=steps) == 3
    assert read("steps.order.no", steps=steps) is MISSING


def test_knows_its_root_and_keys() -> None:
    path = compile_path("steps.order.items[*].0")

    assert (path.root, path.keys, path.relative) == ("steps", ("order", "items", ALL, 0), False)
    assert compile_path("contact.phone").relative
    assert str(path) == "steps.order.items[*].0"
    assert repr(path.keys[2] if path.keys else None) == "ALL"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "it is empty"),
        ("a..b", "a name is missing"),
        ("a.", "a name is missing"),
        (".a", "a name is missing"),
        ("a[", "after [ comes"),
        ("a[x]", "after [ comes"),
        ("a[1]b", "a dot is missing before b"),
        ("a]b", "a dot is missing before ]b"),
    ],
)
def test_refuses_what_is_no_path(text: str, reason: str) -> None:
    with pytest.raises(LanguageError, match="is not a path") as caught:
        compile_path(text)

    assert reason in str(caught.value)
    assert caught.value.rule == "path"


NAMES = st.text(st.characters(exclude_characters="'\"\\", exclude_categories=["Cs"]), min_size=1, max_size=6)
ONE_KEY: st.SearchStrategy[Key] = NAMES | st.integers(-3, 12) | st.just(ALL)
KEYS: st.SearchStrategy[list[Key]] = st.lists(ONE_KEY, min_size=1, max_size=5)


@given(KEYS)
def test_text_of_keys_parses_back(keys: list[Key]) -> None:
    written = format_keys(["event", *keys])

    assert compile_path(written).keys == tuple(keys)


@given(st.text(max_size=30))
def test_any_text_is_a_path_or_a_language_error(text: str) -> None:
    try:
        path = compile_path(text)
    except LanguageError as error:
        assert error.rule == "path"  # noqa: PT017 - either outcome is right
    else:
        path.read(Scope(EVENT))
        assert path.text == text


LEAVES: st.SearchStrategy[Any] = st.none() | st.booleans() | st.integers() | st.text(max_size=3)
NAMES_IN_DOCUMENTS = st.sampled_from(["a", "b", "имя", "x-y", "two words"])
DOCUMENTS = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES_IN_DOCUMENTS, inner, max_size=3),
    max_leaves=25,
)


@st.composite
def documents_and_keys(draw: st.DrawFn) -> tuple[Any, list[Key]]:
    """A document and a path that mostly leads somewhere in it."""
    document = draw(st.dictionaries(NAMES_IN_DOCUMENTS, DOCUMENTS, min_size=1, max_size=3))
    keys: list[Key] = []
    here: Any = document
    for _ in range(draw(st.integers(1, 4))):
        if isinstance(here, dict) and here:
            keys.append(draw(st.sampled_from(sorted(here)) | NAMES_IN_DOCUMENTS | st.just(ALL)))
            here = next(iter(here.values())) if keys[-1] is ALL else here.get(keys[-1])
        elif isinstance(here, list) and here:
            keys.append(draw(st.just(ALL) | st.integers(0, 3)))
            here = here[0]
        else:
            break
    return document, keys or ["a"]


@given(documents_and_keys())
def test_walking_finds_what_jsonpath_finds(drawn: tuple[Any, list[Key]]) -> None:
    document, keys = drawn
    expression: Any = Root()
    for key in keys:
        step = Wildcard() if key is ALL else Index(key) if isinstance(key, int) else Fields(key)
        expression = Child(expression, step)
    expected = [match.value for match in expression.find(document)]

    found = compile_path(format_keys(["event", *keys])).read(Scope(document))

    assert found == (expected or MISSING if ALL in keys else expected[0] if expected else MISSING)


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("$.id", 7),
        ("$.data.contacts[0].fName", "A"),
        ("$.nope", MISSING),
        ("$.data.contacts[*].fName", ["A", "B"]),
        ("$.data.contacts[?(@.fName == 'A')]", [{"fName": "A"}]),
        ("$.data.contacts[?(@.fName == 'Z')]", MISSING),
        ("$..fName", ["A", "B"]),
        ("$.data.contacts.`len`", 2),
        ("$.contact.*", ["7495", None]),
        ("$.id + $.id", 14),
    ],
)
def test_reads_jsonpath(path: str, found: Any) -> None:
    assert read(path) == found
    assert compile_path(path).keys is None


def test_jsonpath_compares_and_returns_exact_numbers() -> None:
    event = {"items": [{"price": Decimal("100.50"), "n": [1]}, {"price": 99}], "g": Decimal("1200000001.1760000001")}

    assert read("$.items[?(@.price > 100)]", event=event) == [{"price": Decimal("100.50"), "n": [1]}]
    assert str(read("$.items[?(@.price > 100)].price", event=event)[0]) == "100.50"
    assert str(read("$.g", event=event)) == "1200000001.1760000001"


@pytest.mark.parametrize("path", ["$.a[?(", "$.a.`sub(/x, y)`", "$" + ".a" * 5000])
def test_jsonpath_says_what_is_wrong(path: str) -> None:
    with pytest.raises(LanguageError, match=r"is not a JSONPath") as caught:
        compile_path(path)

    assert caught.value.rule == "path"


@pytest.mark.filterwarnings("ignore:.*deprecated:DeprecationWarning")  # of the library: a later one will not read it
def test_jsonpath_has_no_intersections() -> None:
    with pytest.raises(LanguageError, match="& is not available"):
        compile_path("$.data & $.contact")


@pytest.mark.parametrize("path", ["$.name * $.count", "$.tags * $.count", "$.count * $.name"])
def test_jsonpath_multiplies_nothing_but_numbers(path: str) -> None:
    event = {"name": "x", "count": 10**18, "tags": ["x"]}

    found = read(path, event=event)

    assert found is MISSING
    assert read("$.count * $.count", event=event) == 10**36


def test_writes_a_key_with_both_kinds_of_quotes_as_it_is_read() -> None:
    keys = compile_path("event.'\"").keys

    assert keys == ("'\"",)
    assert compile_path(format_keys(["event", *keys])).keys == keys


def test_jsonpath_says_when_it_does_not_fit_the_event() -> None:
    deep: list[Any] = []
    for _ in range(5000):
        deep = [deep]

    with pytest.raises(ValueError, match="does not work on this event"):
        read("$.a.b", event={"a": deep})
    with pytest.raises(ValueError, match="does not work on this event"):
        read("$.`parent`")
    with pytest.raises(ValueError, match="does not work on this event"):
        read("$.id.`sub(/a/, b)`")


@pytest.mark.parametrize("value", [None, MISSING, "", [], {}])
def test_is_empty(value: Any) -> None:
    assert is_empty(value)


@pytest.mark.parametrize("value", [0, False, Decimal(0), " ", [None], {"a": None}])
def test_is_a_value(value: Any) -> None:
    assert not is_empty(value)


def test_missing_is_false_and_says_so() -> None:
    assert not MISSING
    assert repr(MISSING) == "MISSING"
