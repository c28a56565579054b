"""A `${…}` cannot be filled in.

`${NAME}` takes a variable of the environment, or of the `.env` file beside the bundle file; `${NAME:-default}` has a default for
when it is missing or empty; `${file:PATH}` takes what a file holds, which is how Docker and systemd hand over secrets. To write `${`
itself, double the dollar: `$${`.

Bad:

```yaml
connections:
  site: {type: utmstat, token: "${UTMSTAT_HOOK_TOKEM}"}
  crm: {type: retailcrm, url: "https://demo.retailcrm.ru", api_key: "${RETAILCRM_API_KEY}"}
bundles:
  leads:
    source: {event: utmstat.new_lead}
    steps:
      - action: retailcrm.create_order
        fields: {phone: contact.phone}
```

Good:

```yaml
connections:
  site: {type: utmstat, token: "${UTMSTAT_HOOK_TOKEN}"}
  crm: {type: retailcrm, url: "https://demo.retailcrm.ru", api_key: "${RETAILCRM_API_KEY}"}
bundles:
  leads:
    source: {event: utmstat.new_lead}
    steps:
      - action: retailcrm.create_order
        fields: {phone: contact.phone}
```
"""

from collections.abc import Iterable

from apimonster_cli.bundles.problem import Problem, nearest
from apimonster_cli.core.place import Place

NAME = "variable"


def missing(place: Place, name: str, written: str, known: Iterable[str]) -> Problem:
    """Return the problem of a variable that nothing sets."""
    message = f"the variable {name} is not set; put it into .env beside this file, or into the environment"
    return Problem(place, NAME, message, nearest(name, known, cutoff=0.8), width=len(written))


def without_braces(place: Place, name: str, width: int) -> Problem:
    """Return the problem of a variable written as shells have it, `$NAME`."""
    message = "without braces this is plain text and no variable"
    return Problem(place, NAME, message, f"${{{name}}}", width=width)


def no_file(place: Place, path: str, written: str, error: Exception) -> Problem:
    """Return the problem of a `${file:…}` that cannot be read."""
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    if isinstance(error, UnicodeDecodeError):
        reason = "it is not UTF-8 text"
    return Problem(place, NAME, f"the file {path} cannot be read: {reason}", width=len(written))


def unreadable(place: Place, written: str) -> Problem:
    """Return the problem of braces that hold no name."""
    message = f"{written} names no variable; write ${{NAME}}, ${{NAME:-default}} or ${{file:PATH}}, or $${{ to mean ${{ itself"
    return Problem(place, NAME, message, width=len(written))


def never_closed(place: Place, written: str) -> Problem:
    """Return the problem of braces that are never closed."""
    return Problem(
        place, NAME, "this ${ is never closed; write ${NAME}, or $${ to mean ${ itself", width=min(len(written), 2)
    )
