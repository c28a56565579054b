"""Lists of RetailCRM, page by page."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from apimonster_cli.connectors.retailcrm import calls
from apimonster_cli.connectors.spec import Asker
from apimonster_cli.core.errors import PermanentError

MOST_PAGES = 10
"""A search that fits more than a thousand things is answered from the first thousand."""


class TooManyError(PermanentError):
    """A list that goes on behind the last page that is read."""


def read_pages(
    call: Asker, path: str, key: str, filters: Sequence[tuple[str, str]], *, whole: bool = False
) -> Iterator[Mapping[str, Any]]:
    """Yield the entries of the list at `path`, up to its last page or MOST_PAGES.

    filters: (bracketed name, value) such as ("[email]", "a@example.com"). key: where the answer holds the entries.
    whole: TooManyError instead of an end at MOST_PAGES when there are more.
    """
    for number in range(1, MOST_PAGES + 1):
        data = call.ask(calls.page(path, filters, number)).json()
        entries = data.get(key) or ()
        yield from (entry for entry in (entries.values() if isinstance(entries, Mapping) else entries))
        pagination = data.get("pagination")
        last = pagination.get("totalPageCount") if isinstance(pagination, Mapping) else None
        if not entries or not isinstance(last, int) or number >= last:
            return
    if whole:
        raise TooManyError(
            f"more than {MOST_PAGES * calls.PAGE_SIZE} {key} of RetailCRM fit {', '.join(value for _, value in filters)}, "
            "and the first of them are others: what is looked for has to be named more exactly"
        )
