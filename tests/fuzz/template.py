"""Templates: text → template → what it gives over a value, within its bounds."""

import copy
from collections.abc import Iterator
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from apimonster_cli.core import exactjson
from apimonster_cli.values.errors import LanguageError, TemplateError
from apimonster_cli.values.scope import MISSING, Locale, Scope
from apimonster_cli.values.template import compile_template
from tests.fuzz import inputs

ABOUT = "templates, and what they give over a value"
LONGEST = 768
WORDS = (
    "{{ ", " }}", "{% if ", "{% for x in ", " %}", "{% endif %}", "{% endfor %}", "{% set x = ", "{% with ", "{% else %}", "{# ",
    " | ", "default('')", "phone", "number", "date('d.m.Y')", "datetime", "regex('(a+)+$')", "truncate(9)", "round(2)", "join(', ')",
    "map(attribute='sku')", "selectattr('count')", "groupby('sku')", "sort", "batch(2)", "tojson", "format(1)", "replace('a', 'b')",
    "url_param('id')", "urlencode", "center(9)", "wordwrap(3)", "sum", "unique", "list", "items()", "split(',')", ".get(", "range(9)",
    "namespace(", "dict(", "loop.index", "loop.cycle(", "__class__", "items", "item", "steps", "meta", "event", " ~ ", " ** ",
    " // ", " % ", " is none", " is defined", " in ", " if ", " else ", "not ", "[0]", "[::-1]", "['a.b']", "1e400", "0x1F",
)  # fmt: skip
_TEMPLATES = (
    "{{ id }}", "{{ price * 2 + 0.1 }}", "{{ phone | phone }}", "{{ name | default('x', true) | upper }}", "{{ items.1.sku }}",
    "{% for i in items %}{{ loop.index }}{{ i.count | number }};{% endfor %}", "{{ url | url_param('utm_source') }}",
    "{{ items | map(attribute='sku') | join(', ') }}", "{% set x = 1 %}{{ x ~ id }}", "{{ at | date('d.m.Y H:i') }}",
    "{{ 'yes' if yes else 'no' }}", "{{ name | regex('(И)') }}", "{{ list | sort(reverse=true) | first }}", "{{ {'a': [id]} }}",
    "{{ items | groupby('sku') | list | length }}", "{{ 2 ** 64 }}", "{{ '%05.1f' | format(3) }}", "{{ name.split('м') }}",
    "{% filter upper %}{{ name }}{% endfilter %}", "{{ range(9) | batch(2) | list }}", "{{ list | tojson(2) }}", "{{ id % 7 }}",
    "{% set n = namespace(v=0) %}{% for i in list %}{% set n.v = n.v + 1 %}{% endfor %}{{ n.v }}", "{{ steps.order.id }}",
)  # fmt: skip
_LONGEST_VALUE = 2_000_000
_LOCALE = Locale(ZoneInfo("Europe/Moscow"), ZoneInfo("Europe/Kyiv"), "UA")


def seeds() -> Iterator[bytes]:
    """Return templates of every kind over an event, and those of the bundle files."""
    for written in (*_TEMPLATES, *(one for one in inputs.examples("*") if "{{" in one or "{%" in one)):
        yield b"\0" + written.encode()
    yield exactjson.dumps(inputs.EVENT).encode() + b"\0{{ items.0.sku }}"


def check(data: bytes) -> None:
    """A text is a template or a LanguageError; rendering gives plain data within bounds or a TemplateError, and changes nothing."""
    event, written = (
        inputs.value(part) if at == 0 else inputs.text(part) for at, part in enumerate(inputs.parts(data, 2))
    )
    try:
        template = compile_template(written)
    except LanguageError as error:
        assert error.rule == "template"
        assert str(error)
        return
    before = copy.deepcopy(event)
    try:
        given = template.render(Scope(event, meta={"event_id": 7}, steps={"order": {"id": 42}}, locale=_LOCALE))
    except TemplateError as error:
        assert str(error)
        return
    finally:
        assert event == before
    if given is not MISSING:
        _check_plain(given)
        assert len(exactjson.dumps(given)) < _LONGEST_VALUE


def _check_plain(value: Any) -> None:
    """Nothing but what JSON has may come out of the sandbox."""
    if isinstance(value, list):
        for item in value:
            _check_plain(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            assert isinstance(key, str | int | Decimal) or key is None, repr(key)
            _check_plain(item)
    else:
        assert value is None or isinstance(value, str | int | Decimal), type(value)
