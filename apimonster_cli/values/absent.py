"""No value inside a template: what a missing or null field is there."""

from typing import Any

from jinja2.runtime import Undefined

from apimonster_cli.values.convert import text
from apimonster_cli.values.errors import TemplateError


class Absent(Undefined):
    """Something without a value: false, empty in a loop, equal to nothing but none, and an error where it is used.

    Its name is how the template wrote it, so that the error can say which value is missing.
    """

    __slots__ = ()

    @property
    def _undefined_message(self) -> str:
        return no_value(self)

    def __str__(self) -> str:
        raise TemplateError(no_value(self))

    def __eq__(self, other: object) -> bool:
        return other is None or isinstance(other, Absent)

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash(None)

    def _false(self, *_: Any) -> bool:
        return False

    def _again(self, *_: Any) -> "Absent":
        return self

    __lt__ = __le__ = __gt__ = __ge__ = _false  # type: ignore[assignment]  # Jinja declares that these never return
    __getitem__ = _again  # type: ignore[assignment]  # the same


class Skipped(Absent):
    """What `{{ a if b }}` gives when b is false: no value, but on purpose, so that it prints as nothing."""

    __slots__ = ()


def no_value(value: Any) -> str:
    """Return the sentence for a value that is not there."""
    if isinstance(value, Absent) and value._undefined_hint:  # noqa: SLF001 - Jinja names its own fields so
        return value._undefined_hint  # noqa: SLF001
    name = value._undefined_name if isinstance(value, Absent) else None  # noqa: SLF001
    if not name:
        return "a value in the template is missing; put | default('') behind what may be missing"
    return f"{name} has no value; write {{{{ {name} | default('') }}}} if it may be missing"


def nothing(value: Any) -> bool:
    """Return whether a value is none: absent, or a null found inside a list."""
    return value is None or isinstance(value, Absent)


def printed(value: Any) -> str:
    """Return a value as a template prints it; TemplateError when there is none."""
    if isinstance(value, Skipped):
        return ""
    if nothing(value):
        raise TemplateError(no_value(value))
    return value if type(value) is str else text(value)
