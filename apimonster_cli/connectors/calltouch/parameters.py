"""What the diary is asked with: the window as whole days, a bundle's own parameters, one deal by its number.

Words and formats are those of the service's page on this method (calltouch.ru/support, journal of deals).
"""

import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from apimonster_cli.connectors.spec import Setting, Window
from apimonster_cli.values.convert import text

_CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d:[0-5]\d")
_DIGITS = re.compile(r"\d{5,15}")
_COMMENTS = "withComments"
_SHOWING = ("withOrdersTags", "withAllOrderOrigins", _COMMENTS, "withContacts")


def whole_days(window: Window) -> dict[str, str]:
    """Return the window as Calltouch takes it: dates, the first strictly before the last."""
    first = window.start.date()
    last = max(window.end.date(), first + timedelta(days=1))
    return {"dateFrom": f"{first:%d/%m/%Y}", "dateTo": f"{last:%d/%m/%Y}"}


def by_number(deal: Mapping[str, Any], params: Mapping[str, str]) -> Sequence[Mapping[str, str]]:
    """Return the ways to ask for one deal, with what decides how deals are shown and without what chooses among them.

    The page words withComments as a choice (true: deals with a comment, false: those without), public clients use it as a wish to see
    the comment. Should the page be right, a deal that got or lost its comment is found the other way round.
    """
    shown = {name: params[name] for name in _SHOWING if name in params}
    wanted = {"orderNumber": text(deal["orderNumber"]), **shown}
    other = "false" if shown.get(_COMMENTS) == "true" else "true"
    return (wanted, {**wanted, _COMMENTS: other})


def _clock(written: Any) -> None:
    if not _CLOCK.fullmatch(written):
        raise ValueError(f"{written!r} is not a time of day; write it like 09:00:00")


def _digits(written: Any) -> None:
    if not _DIGITS.fullmatch(written):
        raise ValueError(
            f"{written!r} is not a phone number as Calltouch has it; write its digits alone, such as 74950000021"
        )


def _page_size(size: Any) -> None:
    if not 1 <= size <= 1000:
        raise ValueError("a page holds from 1 to 1000 deals")


NO_WINDOW = ("phoneNumber.value", "orderNumber")
"""These choose deals by themselves: the service wants no dates beside them."""

PARAMETERS = (
    Setting("orderSource", "text", "Only deals of calls (CALL) or of requests (REQUEST); all unless set."),
    Setting("withOrdersTags", "boolean", "true brings the deals' tags."),
    Setting(
        "withAllOrderOrigins",
        "boolean",
        "true brings all deals; without it those typed into the account or made by built-in integrations stay away.",
    ),
    Setting(
        _COMMENTS,
        "boolean",
        "true brings the comments. The service's page can also be read so that true brings only deals with a comment "
        "and false only those without: compare the counts of both once.",
    ),
    Setting("withContacts", "boolean", "true brings the contacts; not documented by the service."),
    Setting("manager", "text", "Only deals of this manager."),
    Setting("service", "text", "Only deals that this service sent, such as AmoCRM."),
    Setting(
        "phoneNumber.value", "text", "Only deals of this phone, in digits; then no window is asked for.", check=_digits
    ),
    Setting("orderNumber", "text", "Only deals with this number; then no window is asked for."),
    Setting(
        "bindTo",
        "text",
        "What the window goes by instead of the date of the deal; see the service's page for its words.",
    ),
    Setting("timeFrom", "text", "The time at which the first day begins, such as 09:00:00.", check=_clock),
    Setting("timeTo", "text", "The time at which the last day ends, such as 18:00:00.", check=_clock),
    Setting("limit", "integer", "How many deals a page holds; 1000 unless set.", check=_page_size),
)
"""What a bundle may set under `source.params`."""
