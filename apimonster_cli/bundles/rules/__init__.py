"""The rules that bundle files are checked by: one file a rule, each with its docs in its docstring.

Rules that look at what is written while it is read (syntax, key, value …) are called by the reader; those below look at the
whole draft, and they do so in this order, for `filter` and `field` compile what the ones after them look at.
"""

from apimonster_cli.bundles.draft import Draft
from apimonster_cli.bundles.report import Report


def check(draft: Draft, report: Report) -> None:
    """Let every rule look at the draft."""
    from apimonster_cli.bundles.rules import (
        admin,
        cache,
        case,
        constant,
        field,
        filter,  # noqa: A004 - the rule is called so in messages
        needs,
        path,
        schedule,
        step,
        target,
        template,
        unused,
        zone,
    )

    for rule in (
        admin,
        schedule,
        filter,
        target,
        constant,
        field,
        needs,
        template,
        path,
        step,
        cache,
        case,
        unused,
        zone,
    ):
        rule.check(draft, report)
