"""Templates: text with `{{ expressions }}` and `{% statements %}`, in sandboxed Jinja.

    utmstat-{{ id }}                                     text with a value in it
    {{ fields.order_price.value | number }}              alone, an expression keeps its type
    {{ contact.name | default('Без имени', true) }}      default stands in for a missing or null value; with true also for
                                                         "", [] and {}; 0 and false are values
    {{ items.0.sku }}, {{ fields['a.b'] }}               the same keys as in paths; a key wins over a method of that name
    {% if contact.email %}{{ contact.email }}{% endif %}

The names are the event's fields (inside `each`, the item's, and `item` is the item itself), `steps`, `meta` and `event`.
Missing and null are the same thing: no value. It is false in a test, a loop over it does nothing, comparing with it is false,
`is none` is true and `is defined` false. Printing it, calculating with it or passing it to a text filter is a TemplateError.
Numbers are exact: `0.1 + 0.2` is 0.3, and a 19-digit id prints every digit.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from apimonster_cli.values.errors import LanguageError
from apimonster_cli.values.scope import Scope


@dataclass(frozen=True, slots=True)
class Template:
    """A compiled template. paths: what it mentions, written as paths, for `check`; names set inside it are left out."""

    text: str
    paths: tuple[str, ...]
    _render: Callable[[Scope], Any] = field(repr=False)

    def render(self, scope: Scope) -> Any:
        """Return what the template gives: text, or for a lone expression its value; MISSING when that is empty.

        Text of nothing but white space is empty as well. TemplateError when it cannot be worked out for this event.
        """
        return self._render(scope)


def is_template(text: str) -> bool:
    """Return whether a text is a template rather than a path."""
    return "{{" in text or "{%" in text


def compile_template(text: str) -> Template:
    """Return the template that `text` means; LanguageError, with the line inside the template, when it means none."""
    from apimonster_cli.values.jinja import compile_source

    try:
        render, paths = compile_source(text)
    except RecursionError:
        raise LanguageError("the template is nested too deeply", rule="template") from None
    return Template(text, paths, render)
