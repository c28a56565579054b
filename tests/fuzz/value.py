"""Conversion: a value as some sender wrote it → a number, a date, a phone … as its target asks for it."""

from collections.abc import Iterator
from datetime import timedelta, timezone
from decimal import Decimal
from functools import cache
from zoneinfo import ZoneInfo

from apimonster_cli.core import exactjson
from apimonster_cli.values.convert import KINDS, convert
from apimonster_cli.values.errors import ConversionError, TemplateError
from apimonster_cli.values.scope import Locale, Scope
from apimonster_cli.values.template import Template, compile_template
from tests.fuzz import inputs

ABOUT = "values that become numbers, dates, times, phones, lists and objects"
LONGEST = 256
WORDS = (
    "string", "integer", "number", "boolean", "date", "time", "datetime", "array", "object", "Y-m-d", "d.m.Y H:i", "U", "%Y", "%s",
    "2026-03-29T02:30:00", "+14:00", "-12:00", "Z", "0001-01-01", "9999-12-31", "24:00", "1774743000", "1774743000000", "1 200,50",
    "1'200.50", "1,200", "1e99", "-0", "да", "нет", "+7 495 000-00-13", "00380", "NaN", "\\u00a0", "\u0665", '"', "[", "{", "}", "]",
)  # fmt: skip
_VALUES = (
    '"1 200,50"', '"1,200.50"', '"1.200"', "19.90", "1e99", "9223372036854775808", '"да"', "true", "null", "[7]", "[]", "{}",
    '"2026-03-29 02:30:00"', '"29.03.2026"', '"2026-03-29T02:30:00+03:00"', "1774743000", "1774743000.5", '"1774743000000"', '"9:30"',
    '"{\\"a\\": 1}"', '"[1, 2]"', '{"0": 1, "1": 2}', '"+380 44 000-00-13"', '"8 (495) 000-00-13"', '"0001-01-01T00:00:00+14:00"',
)  # fmt: skip
_LOCALES = (
    Locale(),
    Locale(ZoneInfo("Europe/Moscow"), ZoneInfo("America/New_York"), "RU"),
    Locale(timezone(timedelta(hours=14)), timezone(timedelta(hours=-12)), "UA"),
)
_TYPES: dict[str, tuple[type, ...]] = {
    "integer": (int,),
    "number": (int, Decimal),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
}
_FILTERS = (
    "phone",
    "digits",
    "number",
    "integer",
    "boolean",
    "date",
    "datetime('c')",
    "date('U')",
    "sha256",
    "round(2)",
    "string",
)


def seeds() -> Iterator[bytes]:
    """Return values of every kind for each of the targets' kinds."""
    for kind in KINDS:
        for written in _VALUES:
            yield b"\0".join((kind.encode(), b"", written.encode()))
    for written in ("Y-m-d", "d.m.y G:i", "c", "U", "\\a\\t H:i", "%d/%m/%Y"):
        yield b"\0".join((b"datetime", written.encode(), b'"2026-03-29 02:30:00"'))


def check(data: bytes) -> None:
    """A value becomes what is asked for, of the right type, or a ConversionError; a filter gives a value or a TemplateError."""
    kind, written, raw = inputs.parts(data, 3)
    given = inputs.value(raw, inputs.text(raw))
    name = kind.decode("latin-1") if kind.decode("latin-1") in KINDS else KINDS[sum(kind) % len(KINDS)]
    for locale in _LOCALES:
        try:
            made = convert(given, name, format=inputs.text(written) or None, locale=locale)
        except ConversionError as error:
            assert str(error)
        else:
            _check_kind(made, name)
        for template in _templates():
            try:
                template.render(Scope({"v": given}, locale=locale))
            except TemplateError as error:
                assert str(error)


def _check_kind(made: object, kind: str) -> None:
    assert isinstance(made, _TYPES.get(kind, (str,))), f"{kind}: {made!r}"
    exactjson.dumps(made)


@cache
def _templates() -> tuple[Template, ...]:
    return tuple(compile_template(f"{{{{ v | {name} }}}}") for name in _FILTERS)
