"""GET /calls-service/RestAPI/{site_id}/orders-diary/orders: what it checks, which deals it picks, how it pages.

The bodies of refusals are those that public loaders read: `data.apiErrorData.errorMessage` (roman-lomv/calltouch), or
`errorCode` and `message`. A wrong path or site is answered with a redirect to a page for people (Uti-puti/callibri-export).
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from apimonster_cli.core import exactjson
from apimonster_cli.sandbox.answers import HTML, Reply, Row
from apimonster_cli.sandbox.calltouch import Calltouch, phone_of, sortable
from apimonster_cli.sandbox.journal import Record
from apimonster_cli.sandbox.state import digits

PREFIX = "/calls-service/"
LARGEST_PAGE = 1000  # deals; the page names it, and that it is the default
_PATH = re.compile(r"/calls-service/RestAPI/([^/]+)/orders-diary/orders")
_HELP = "/calls-service/help.html"
_DATE = re.compile(r"\d\d/\d\d/\d{4}")
_TIME = re.compile(r"\d\d:\d\d:\d\d")
_DAY = timedelta(days=1)

OVERLOADED = Reply(
    429,
    exactjson.dumps({"errorCode": "429", "message": "Too many requests"}).encode(),
    headers=((b"retry-after", b"1"),),
)
BROKEN = Reply(500, exactjson.dumps({"errorCode": "500", "message": "Internal server error"}).encode())
_FORBIDDEN = Reply(403, exactjson.dumps({"errorCode": "403", "message": "Access denied"}).encode())
_ELSEWHERE = Reply(302, b"", HTML, headers=((b"location", _HELP.encode()),))
_FOR_PEOPLE = Reply(200, "<!doctype html><title>Calltouch</title><h1>Справка по API</h1>".encode(), HTML)


class _WrongError(Exception):
    """A parameter that makes no sense."""


@dataclass(frozen=True, slots=True)
class _Paging:
    page: int
    limit: int


def carry_out(diary: Calltouch, record: Record, token: str) -> Reply:
    """Return the answer to a call: path and site are checked first, then the token, then the parameters."""
    if record.path == _HELP:
        return _FOR_PEOPLE
    match = _PATH.fullmatch(record.path)
    if match is None or record.method != "GET" or match[1] not in diary.sites:
        return _ELSEWHERE
    if token != diary.token or diary.rules.token_expired:
        return _FORBIDDEN
    try:
        return _list(diary, match[1], record.parameters)
    except _WrongError as error:
        body = {"data": {"apiErrorData": {"errorCode": 400, "errorMessage": str(error)}}}
        return Reply(400, exactjson.dumps(body).encode())


def _list(diary: Calltouch, site: str, asked: Mapping[str, Any]) -> Reply:
    paging = _paging(asked)
    wanted = _conditions(diary, asked, paged=paging is not None)
    if paging is not None and diary.fails(paging.page):
        return BROKEN
    found = diary.deals(site, wanted)
    if paging is None:
        return _json([_shown(diary, deal, asked) for deal in found])
    first = (paging.page - 1) * paging.limit
    return _json(
        {
            "page": paging.page,
            "pageTotal": -(-len(found) // paging.limit),
            "pageSize": paging.limit,
            "recordsTotal": len(found),
            "records": [_shown(diary, deal, asked) for deal in found[first : first + paging.limit]],
        }
    )


def _conditions(diary: Calltouch, asked: Mapping[str, Any], *, paged: bool) -> list[Callable[[Row], bool]]:
    wanted: list[Callable[[Row], bool]] = []
    number, phone = asked.get("orderNumber"), asked.get("phoneNumber.value")
    if number:
        wanted.append(lambda deal: deal["orderNumber"] == number)
    if phone:
        wanted.append(lambda deal: digits(phone) in map(digits, phone_of(deal)))
    if not number and not phone:  # instead of the dates
        first, last = _window(asked, end_included=diary.rules.end_included, paged=paged)
        wanted.append(lambda deal: first <= sortable(deal["orderDate"]) < last)
    texts = {name: asked[name] for name in ("service", "manager") if asked.get(name)}
    if texts:
        wanted.append(lambda deal: all(deal[name] == text for name, text in texts.items()))
    if source := asked.get("orderSource"):
        wanted.append(lambda deal: (deal["orderSource"] or {}).get("type") == source)
    if not _flag(asked, "withAllOrderOrigins"):
        wanted.append(lambda deal: deal["orderOrigin"] == "API")
    if diary.rules.comments == "filter":
        with_comment = _flag(asked, "withComments")
        wanted.append(lambda deal: bool(deal["comment"]) == with_comment)
    return wanted


def _window(asked: Mapping[str, Any], *, end_included: bool, paged: bool) -> tuple[str, str]:
    """Return the window in the sortable form: from the first moment on, before the second."""
    first, last = (_date(asked, name) for name in ("dateFrom", "dateTo"))
    if first >= last:
        raise _WrongError("dateFrom must be less than dateTo")
    if not paged and last - first > _DAY:
        raise _WrongError("page is required when the period is longer than 1 day")
    from_time, to_time = (_time(asked, name) for name in ("timeFrom", "timeTo"))
    start = f"{first:%Y%m%d} {from_time or '00:00:00'}"
    if to_time:
        return start, f"{last:%Y%m%d} {to_time}~"  # the second that is named belongs to the period
    end = last + _DAY if end_included else last
    return start, f"{end:%Y%m%d} 00:00:00"


def _date(asked: Mapping[str, Any], name: str) -> datetime:
    text = str(asked.get(name, ""))
    try:
        if _DATE.fullmatch(text):
            return datetime.strptime(text, "%d/%m/%Y")  # noqa: DTZ007 - the diary's dates carry no zone
    except ValueError:
        pass  # such as 31/02/2026
    raise _WrongError(f"{name} is required in the format dd/mm/yyyy")


def _time(asked: Mapping[str, Any], name: str) -> str:
    text = str(asked.get(name, ""))
    if text and not _TIME.fullmatch(text):
        raise _WrongError(f"{name} must have the format hh:mm:ss")
    return text


def _paging(asked: Mapping[str, Any]) -> _Paging | None:
    if "page" not in asked:
        return None
    page, limit = str(asked["page"]), str(asked.get("limit", LARGEST_PAGE))
    if not page.isdecimal() or int(page) < 1:
        raise _WrongError("page must be a number from 1")
    if not limit.isdecimal() or not 1 <= int(limit) <= LARGEST_PAGE:
        raise _WrongError(f"limit must be a number from 1 to {LARGEST_PAGE}")
    return _Paging(int(page), int(limit))


def _flag(asked: Mapping[str, Any], name: str) -> bool:
    text = str(asked.get(name, "false"))
    if text not in ("true", "false"):
        raise _WrongError(f"{name} must be true or false")
    return text == "true"


def _shown(diary: Calltouch, deal: Row, asked: Mapping[str, Any]) -> Row:
    hidden = set()
    if not _flag(asked, "withOrdersTags"):
        hidden.add("tags")
    if diary.rules.comments == "include" and not _flag(asked, "withComments"):
        hidden.add("comment")
    return {name: value for name, value in deal.items() if name not in hidden}


def _json(body: Any) -> Reply:
    return Reply(200, exactjson.dumps(body).encode())
