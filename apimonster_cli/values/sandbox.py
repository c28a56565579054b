"""The Jinja environment of templates: what a template may reach, and how much it may do."""

import functools
import operator
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Context as Arithmetic
from decimal import Decimal
from typing import Any

from jinja2.exceptions import SecurityError
from jinja2.lexer import Lexer, Token
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import missing

from apimonster_cli.values import effort
from apimonster_cli.values.absent import Absent, Skipped, no_value, nothing, printed
from apimonster_cli.values.errors import TemplateError, shown
from apimonster_cli.values.scope import MISSING
from apimonster_cli.values.template_filters import all_filters, join_parts

# Names of filters that only the rewriting in `jinja` uses; no template can spell them.
FOLLOW, EXACT, JOIN, SKIP, TICK, STEP = "<follow>", "<exact>", "<join>", "<skip>", "<tick>", "<step>"
SCOPE = ""

_LONGEST_RANGE = 10_000
_MOST_BITS = 4_000
_DIGITS = Arithmetic(prec=100)  # sums and products of amounts and ids stay exact
_QUOTIENT = Arithmetic(prec=28)
_METHODS: tuple[tuple[type, frozenset[str]], ...] = (
    (
        str,
        frozenset(
            {
                "capitalize", "count", "endswith", "find", "isalpha", "isdigit", "lower", "lstrip", "partition", "removeprefix",
                "removesuffix", "rpartition", "rsplit", "rstrip", "split", "splitlines", "startswith", "strip", "title", "upper",
            }
        ),
    ),
    (Mapping, frozenset({"get", "items", "keys", "values"})),
    (list, frozenset({"count", "index"})),
)  # fmt: skip
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_PLAIN = (str, int, Decimal, float)


class ScopeContext(Context):
    """The names that a template does not set itself: the reserved ones, the fields of the event or item, a few functions."""

    def resolve_or_missing(self, key: str) -> Any:
        """Return what a name stands for; Jinja's `missing` when there is nothing or null."""
        scope = self.parent[SCOPE]
        if key in ("event", "steps", "meta"):
            return getattr(scope, key)
        base = scope.base
        if isinstance(base, Mapping) and key in base:
            value = base[key]
        elif key == "item" and scope.item is not MISSING:
            value = scope.item
        else:
            value = self.environment.globals.get(key)
        return missing if value is None else value


class PlainBackslashes(Lexer):
    r"""Reads texts so that a pattern is written once: `\d`, `\b` and `\1` stay what they are; `\n`, `\t` and quotes are escapes."""

    def wrap(self, stream: Iterable[tuple[int, str, str]], *args: Any) -> Iterator[Token]:
        """Return Jinja's tokens with the backslashes doubled that Python would read as something else, or warn about."""
        kept = (
            (line, kind, _ESCAPE.sub(_doubled, token) if kind == "string" else token) for line, kind, token in stream
        )
        return super().wrap(kept, *args)


def _doubled(found: re.Match[str]) -> str:
    return found[0] if found[1] in "\\'\"nrtuUx" else f"\\{found[0]}"


class Sandbox(ImmutableSandboxedEnvironment):
    """Jinja without a way out, without guesses, and with bounds on what one template can make."""

    intercepted_binops = frozenset({"+", "-", "*", "/", "//", "%", "**"})
    context_class = ScopeContext

    def __init__(self) -> None:
        super().__init__(undefined=Absent, autoescape=False, finalize=_printed)
        self._lexer = PlainBackslashes(self)
        self.globals = {"dict": dict, "namespace": self.globals["namespace"], "range": _range}
        hidden: dict[str, Callable[..., Any]] = {
            FOLLOW: self.follow,
            EXACT: Decimal,
            JOIN: join_parts,
            SKIP: lambda name: Skipped(name=name),
            TICK: _counted,
            STEP: lambda value: value,
        }
        self.filters = {name: _metered(function) for name, function in (all_filters() | hidden).items()}
        self.tests |= {"none": nothing, "defined": lambda value: not nothing(value), "undefined": nothing}
        tests: dict[str, Any] = self.tests
        self.tests = {name: _metered(function) for name, function in tests.items()}

    @property
    def lexer(self) -> Lexer:
        """Return the lexer of this environment."""
        return self._lexer

    def follow(self, value: Any, keys: tuple[str | int, ...], name: str = "") -> Any:
        """Return what lies behind `keys`, as a path would find it; Absent, by `name`, when nothing or null does."""
        for key in keys:
            if isinstance(value, Mapping):
                value = value.get(str(key))
            elif isinstance(value, list | tuple) and isinstance(key, int):
                value = value[key] if -len(value) <= key < len(value) else None
            elif isinstance(value, Absent):
                return Absent(name=name or value._undefined_name)  # noqa: SLF001 - Jinja names its own fields so
            elif value is None or isinstance(value, (*_PLAIN, list)):
                value = None
            else:
                value = super().getattr(value, str(key))  # loop.index, the list of a group
            if value is None:
                return Absent(name=name or str(keys[-1]))
        return value

    def getitem(self, obj: Any, argument: Any) -> Any:
        """Return an element by a key that the template works out."""
        if isinstance(argument, Absent):
            raise TemplateError(no_value(argument))
        return self.follow(obj, (argument if isinstance(argument, int) else str(argument),))

    def getattr(self, obj: Any, attribute: str) -> Any:
        """Return a method that a template calls: the harmless ones of text, objects and lists."""
        if isinstance(obj, Absent):
            return obj
        for kind, allowed in _METHODS:
            if isinstance(obj, kind):
                if attribute not in allowed:
                    raise SecurityError(f"{attribute}() is not available in a template")
                return getattr(obj, attribute)
        return super().getattr(obj, attribute)

    def call(self, context: Context, obj: Any, /, *args: Any, **kwargs: Any) -> Any:
        """Return what a function or a method gives."""
        effort.step()
        return effort.weighed(super().call(context, obj, *args, **kwargs))

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:  # noqa: ARG002 - Jinja's signature
        """Return the result of an operator: exact for numbers, bounded for text and lists, refused for anything else."""
        effort.step()
        for side in (left, right):
            if nothing(side):
                raise TemplateError(no_value(side))
        if _is_number(left) and _is_number(right):
            return _calculate(operator, left, right)
        if operator == "+" and any(isinstance(left, kind) and isinstance(right, kind) for kind in (str, list)):
            effort.check_length(len(left) + len(right))
            return effort.weighed(left + right)
        raise TemplateError(
            f"{shown(left)} {operator} {shown(right)} cannot be worked out; texts become numbers with | number and join with ~"
        )


def _is_number(value: Any) -> bool:
    return isinstance(value, int | Decimal | float) and not isinstance(value, bool)


def _calculate(sign: str, left: Any, right: Any) -> int | Decimal:
    if sign == "**" and (not isinstance(right, int) or abs(right) > 64):
        raise TemplateError("** takes a whole exponent up to 64")
    if isinstance(left, int) and isinstance(right, int) and (sign != "/" and (sign != "**" or right >= 0)):
        if sign in ("*", "**") and left.bit_length() * (right if sign == "**" else 1) + right.bit_length() > _MOST_BITS:
            raise TemplateError("the number would have too many digits")
        whole: int = _WHOLE[sign](left, right)
        return whole
    return _EXACTLY[sign](_decimal(left), _decimal(right))


def _decimal(number: Decimal | float) -> Decimal:
    return Decimal(repr(number)) if isinstance(number, float) else Decimal(number)


def _range(*bounds: int) -> range:
    numbers = range(*bounds)
    if len(numbers) > _LONGEST_RANGE:
        raise TemplateError(f"a range of more than {_LONGEST_RANGE} numbers is a mistake")
    return numbers


def _metered(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a filter or test that asks whether there is time, and makes nothing endless."""

    @functools.wraps(function)
    def metered(*args: Any, **kwargs: Any) -> Any:
        effort.step()
        return effort.weighed(function(*args, **kwargs))

    return metered


def _printed(value: Any) -> str:
    written = printed(value)
    effort.write(len(written))
    return written


def _counted(value: Any, characters: int) -> Iterator[Any]:
    """Yield the elements that a loop goes over, counting the rounds; a text or a number is one element.

    characters: how much each round prints by itself.
    """
    elements: Iterable[Any] = () if nothing(value) else (value,) if isinstance(value, _PLAIN) else value
    for element in elements:
        effort.go_round(characters)
        yield element


_WHOLE: Mapping[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "//": operator.floordiv,
    "%": operator.mod,
    "**": operator.pow,
}
_EXACTLY: Mapping[str, Callable[[Decimal, Decimal], Decimal]] = {
    "+": _DIGITS.add,
    "-": _DIGITS.subtract,
    "*": _DIGITS.multiply,
    "/": _QUOTIENT.divide,
    "//": _DIGITS.divide_int,
    "%": _DIGITS.remainder,
    "**": _DIGITS.power,
}
