"""The same thing is named twice.

A key twice in one mapping, a connection or a bundle twice (in one file or in two), two steps with one id, or two lines that
fill the same target field: one of them would silently win. The message points at the first one too. A step's id defaults to its
action's short name, so two `create_order` steps in one bundle need an `id:` of their own.

Bad:

```yaml
bundles:
  leads:
    source: {event: webhook.received}
    steps:
      - action: retailcrm.create_order
        fields:
          phone: contact.phone
          phone: phone
```

Good:

```yaml
bundles:
  leads:
    source: {event: webhook.received}
    steps:
      - action: retailcrm.create_order
        fields:
          phone: {from: [contact.phone, phone]}
```
"""

from apimonster_cli.bundles.nodes import Scalar
from apimonster_cli.bundles.problem import Problem

NAME = "duplicate"


def key(second: Scalar, first: Scalar) -> Problem:
    """Return the problem of one key written twice in a mapping."""
    return named("key", second, first)


def named(what: str, second: Scalar, first: Scalar) -> Problem:
    """Return the problem of two things called the same."""
    return Problem(
        place=second.place,
        rule=NAME,
        message=f"{what} {second.text} is here twice; the first one is at {first.place}",
        width=second.width,
        related=first.place,
    )


def step(second: Scalar, step_id: str, first: Scalar, *, named: bool) -> Problem:
    """Return the problem of two steps with one id."""
    advice = "" if named else "; give one of them an `id:` of its own"
    return Problem(
        place=second.place,
        rule=NAME,
        message=f"step {step_id} is here twice; the first one is at {first.place}{advice}",
        width=second.width,
        related=first.place,
    )
