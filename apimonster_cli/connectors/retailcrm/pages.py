"""Lists of RetailCRM, page by page."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from apimonster_cli.connectors.retailcrm import calls
from apimonster_cli.connectors.spec import Asker

MOST_PAGES = 10
"""A search that fits more than a thousand things is answered from the first thousand."""


def read_pages(call: Asker, path: str, key: str, filters: Sequence[tuple[str, str]]) -> Iterator[Mapping[str, Any]]:
    """Yield the entries of the list at `path`, up to its last page or MOST_PAGES.

    filters: (bracketed name, value) such as ("[email]", "a@example.com"). key: where the answer holds the entries.
    """
    for number in range(1, MOST_PAGES + 1):
        data = call.ask(calls.page(path, filters, number)).json()
        entries = data.get(key) or ()
        yield from (entry for entry in (entries.values() if isinstance(entries, Mapping) else entries))
        pagination = data.get("pagination")
        last = pagination.get("totalPageCount") if isinstance(pagination, Mapping) else None
        if not entries or not isinstance(last, int) or number >= last:
            return
