"""Templates that would run for ever or fill the memory end as an error of their event."""

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apimonster_cli.core import exactjson
from apimonster_cli.values import effort
from apimonster_cli.values.errors import LanguageError
from apimonster_cli.values.scope import MISSING, Scope
from apimonster_cli.values.template import compile_template


def grown(start: str, grow: str, rounds: int = 60) -> str:
    """Return a template that makes its own value bigger, round after round."""
    return f"{{% set n = namespace(x={start}) %}}{{% for i in range({rounds}) %}}{{% set n.x = {grow} %}}{{% endfor %}}{{{{ n.x }}}}"


def printed(start: str, block: str) -> str:
    return f"{{% set n = namespace(x={start}) %}}{{% for i in range(60) %}}{{% set n.x %}}{block}{{% endset %}}{{% endfor %}}{{{{ n.x }}}}"


TIME = "takes more than 0.05 s"
LONG, ROUNDS = f"longer than|{TIME}", f"loops go round|{TIME}"  # on a busy machine the time is over first
BOMBS = {
    # loops
    "{% for a in range(9999) %}{% for b in range(9999) %}{% endfor %}{% endfor %}": ROUNDS,
    "{% for a in numbers %}{% for b in numbers %}{% endfor %}{% endfor %}": ROUNDS,
    "{% for a in range(9999) %}{% if numbers | sort | first %}{% endif %}{% endfor %}": TIME,
    "{% for a in range(9999) %}{% if objects | map(attribute='a') | sum %}{% endif %}{% endfor %}": TIME,
    "{% for a in range(9999) %}{% if lists == lists | list %}{% endif %}{% endfor %}": TIME,
    "{% for a in range(9999) %}{% if 'b' in text %}{% endif %}{% endfor %}": f"gives 0|{TIME}",
    "{% for a in range(9999) %}{% if text | upper | lower | title %}{% endif %}{% endfor %}": TIME,
    "{% for a in numbers | map('string') | map('upper') | map('center', 1000) %}{% endfor %}": ROUNDS,
    "{% for a in evils %}{{ a | regex('(a|a)+$') | default('') }}{% endfor %}": "took too long",
    "{{ evils | select('eq', text) | list }}{{ numbers | select('in', numbers) | list | length }}": TIME,
    # what doubles
    grown("'aaaaaaaaaa'", "n.x ~ n.x"): LONG,
    grown("'aaaaaaaaaa'", "n.x + n.x"): LONG,
    grown("'aaaaaaaaaa'", "[n.x, n.x] | join"): LONG,
    grown("'aaaaaaaaaa'", "'%s%s' | format(n.x, n.x)"): LONG,
    grown("'aaaaaaaaaa'", "'a' | replace('a', n.x ~ '') ~ n.x"): LONG,
    grown("'aaaaaaaaaa'", "n.x | replace('a', 'aa')"): LONG,
    printed("'aaaaaaaaaa'", "{{ n.x }}{{ n.x }}"): LONG,
    printed("'aaaaaaaaaa'", "{% for j in range(2) %}{{ n.x }}{% endfor %}"): LONG,
    "{% for i in range(9999) %}" + "a" * 2000 + "{% endfor %}": LONG,
    "{% set x %}{% for i in range(9999) %}" + "a" * 2000 + "{% endfor %}{% endset %}": LONG,
    "{% filter upper %}{% for i in range(9999) %}{{ text }}{% endfor %}{% endfilter %}": LONG,
    grown("[1]", "[n.x, n.x]"): LONG,
    grown("[1]", "(n.x, n.x)"): LONG,
    grown("[1]", "{'a': n.x, 'b': n.x}"): LONG,
    grown("[1]", "dict(a=n.x, b=n.x)"): LONG,
    grown("[1, 2]", "n.x + n.x"): LONG,
    grown("[1]", "nulls | map('default', n.x) | list"): LONG,
    grown("[1]", "[1] | batch(1000, n.x) | list"): LONG,
    grown("[1]", "[n.x, n.x] | groupby(0) | list"): LONG,
    grown("[1]", "[[n.x, n.x]] | first"): LONG,
    "{% set n = namespace(x=[1], y=[1]) %}{% for i in range(60) %}{% set n.x = [n.x, n.x] %}{% set n.y = [n.y, n.y] %}{% endfor %}{{ n.x == n.y }}": LONG,
    # what is large at once
    "{{ 'x' * 1000000000 }}": "cannot be worked out",
    "{{ lists * 1000000000 }}": "cannot be worked out",
    "{{ range(1000000000) }}": "range of more than",
    "{{ 9 ** 9 ** 9 }}x{{ 99999 ** 9999 }}": "exponent up to 64",
    "{{ number * number }}": "too many digits",
    "{{ number ** 9 }}": "too many digits",
    "{{ digits | int }}": "too many digits",
    "{{ 'a' | center(1000000000) }}": "width above",
    "{{ lines | indent(1000) }}": LONG,
    "{{ lines | indent(text) }}": LONG,
    "{{ spaces | wordwrap(1) }}": "too long for wordwrap",
    "{{ text[:20000] | wordwrap(1, true, text) }}": LONG,
    "{{ text[:20000] | wordwrap(1, wrapstring=text) }}": LONG,
    "{{ tags | striptags }}": "too long for striptags",
    "{{ text | replace('', text) }}": LONG,
    "{{ objects | json(indent=1000000) }}": "indents by 0 to 8",
    "{{ lists | sum(start=[]) }}": "not a number",
    "{{ lists | sum }}": "not a number",
    "{{ '%1000000000d' | format(1) }}": "more room than is sensible",
    "{{ '%.1000000000f' | format(1) }}": "more room than is sensible",
    "{{ '%*d' | format(1000000000, 1) }}": "more room than is sensible",
    "{{ padded | format(a=1) }}": LONG,
    "{{ formats | format(*([text] * 50000)) }}": "cannot be worked out",
    "{{ '%s%s%s%s%s%s%s%s%s%s%s%s%s%s%s%s%s%s%s%s%s%s%s%s%s%s%s%s%s%s%s%s%s%s' | format(*numbers) }}": "cannot be worked out",
    "{{ nulls | map('default', text) | join }}": LONG,
    "{{ numbers | join(text) }}": LONG,
    "{{ nulls | batch(999, text) | list }}": LONG,
    # numbers without end
    "{{ huge | int }}{{ huge }}": "out of any useful range",
    "{{ huge | round }}": "out of any useful range",
    "{{ '%d' | format(huge) }}": "out of any useful range",
    "{{ '%d' | format(tiny) }}": "out of any useful range",
    "{{ huge // 1 }}": "cannot be worked out",
    "{{ huge ** 64 }}": "cannot be worked out",
    "{{ huge }}": "gives",
    "{{ huge }}x": "gives",
    "{{ [huge, tiny] | sum }}": "out of any useful range",
    "{{ huge | string | length }}": "gives",
    # patterns, dates
    "{{ evil | regex('(a+)+$') }}": "gives 0",
    "{{ evil | regex('(a|aa)+$') }}": "took too long",
    "{{ text | regex('a') }}": "too long for the pattern",
    "{{ 'a' | regex(text) }}": "cannot be worked out",
    "{{ 'a' | regex('((((a{999}){999}){999}){999}){999}') }}": "its counts multiply",
    "{{ 1700000000 | date(text) }}": "gives 600002",
    "{{ 1700000000 | date('%999999999d') }}": "",
}  # fmt: skip


@pytest.fixture(scope="module")
def outcomes() -> dict[str, str]:
    """Return what became of each template, in a process that may not use much memory."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.values.bombs"],
        input=json.dumps(list(BOMBS)),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return dict(zip(BOMBS, json.loads(done.stdout), strict=True))


@pytest.mark.parametrize("template", BOMBS)
def test_comes_to_an_end(outcomes: dict[str, str], template: str) -> None:
    assert any(end in outcomes[template] for end in BOMBS[template].split("|")), outcomes[template]


@pytest.fixture
def little_time(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(effort, "SECONDS", 0.02)
    yield
    assert effort._current.effort is None


@pytest.mark.usefixtures("little_time")
def test_says_that_it_took_too_long() -> None:
    template = compile_template("{% for a in range(9999) %}{{ numbers | sort | length }}{% endfor %}")

    with pytest.raises(ValueError, match=r"working it out takes more than 0\.02 s, and was given up"):
        template.render(Scope({"numbers": list(range(10_000))}))


@pytest.mark.usefixtures("little_time")
def test_each_template_has_its_own_time() -> None:
    template = compile_template("{% for a in range(200) %}{{ a }}{% endfor %}")

    found = {template.render(Scope({})) for _ in range(200)}

    assert len(found) == 1


NAMES = st.sampled_from(["n.x", "n.y", "items", "word", "words", "7", "'ab'", "i"])
FILTERS = st.sampled_from(
    [
        "list", "join", "join(n.x)", "map('default', n.x)", "map('upper')", "batch(3, n.x)", "slice(3, n.x)", "sort", "unique", "reverse",
        "first", "last", "length", "string", "json", "json(indent=2)", "upper", "replace('a', n.y)", "center(999)", "indent(99)",
        "wordwrap(1, true, n.y)", "sum", "sum(start=n.x)", "default(n.y)", "groupby(0)", "dictsort", "items", "striptags", "e", "urlencode",
        "regex('(a|b)+$')", "format(n.x)", "truncate(9)", "select", "map('list')", "map('batch', 2, n.x)", "round", "int", "max", "tojson",
    ]
)  # fmt: skip
EXPRESSIONS = st.recursive(
    NAMES,
    lambda inner: st.one_of(
        st.tuples(inner, FILTERS).map(" | ".join),
        st.tuples(inner, st.sampled_from([" ~ ", " + ", " * ", " ** ", " == ", " in ", " % "]), inner).map(
            lambda parts: f"({''.join(parts)})"
        ),
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: f"[{', '.join(parts)}]"),
        st.tuples(inner, inner).map(lambda pair: f"{{'a': {pair[0]}, 'b': {pair[1]}}}"),
        st.tuples(inner, inner).map(lambda pair: f"dict(a={pair[0]}, b={pair[1]})"),
        inner.map(lambda one: f"({one}).split('a')"),
    ),
    max_leaves=6,
)
STATEMENTS = st.recursive(
    st.one_of(
        EXPRESSIONS.map(lambda one: f"{{% set n.x = {one} %}}"),
        EXPRESSIONS.map(lambda one: f"{{% set n.y = {one} %}}"),
        EXPRESSIONS.map(lambda one: f"{{{{ {one} }}}}"),
    ),
    lambda inner: st.one_of(
        st.tuples(EXPRESSIONS, inner).map(lambda pair: f"{{% for i in {pair[0]} %}}{pair[1]}{{% endfor %}}"),
        inner.map(lambda one: f"{{% for i in range(999) %}}{one}{{% endfor %}}"),
        inner.map(lambda one: f"{{% set n.x %}}{one}{one}{{% endset %}}"),
        st.lists(inner, min_size=2, max_size=3).map("".join),
    ),
    max_leaves=5,
)


@pytest.mark.usefixtures("little_time")
@settings(max_examples=80)
@given(STATEMENTS)
def test_any_template_ends_and_makes_nothing_endless(text: str) -> None:
    event: dict[str, Any] = {"items": list(range(500)), "word": "ab" * 500, "words": ["ab", "<b>", "7"] * 100}
    try:
        found = compile_template(f"{{% set n = namespace(x='ab', y=[1, 2]) %}}{text}").render(Scope(event))
    except (LanguageError, ValueError):
        return

    assert found is MISSING or len(exactjson.dumps(found)) <= 6 * effort.HEAVIEST
