"""What an answer of RetailCRM means for the call: fine, try again, mend the key, or give up.

Texts and statuses are those of the official clients' test suites (api-client-php, api-client-go) and of live logs in the
issues of RetailCRM's shop plugins; texts are compared in parts, as their wording differs between sources.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from apimonster_cli.core.call import Answer, Request
from apimonster_cli.core.errors import CallError, PermanentError, RefusedError, TransientError

_LEAST_WAIT = 1.0  # seconds; the limit counts calls a second
_LONGEST_MESSAGE = 1000
_TRY_AGAIN = (408, 425)


class NotFoundError(PermanentError):
    """RetailCRM has no such order, customer or other thing."""


class AlreadyExistsError(PermanentError):
    """RetailCRM has an order with this externalId already."""


def judge(request: Request, answer: Answer) -> None:
    """Return when `answer` is a success; raise what it means otherwise."""
    data = _data(answer)
    status = answer.status
    if status in (429, 503):
        raise TransientError(
            f"RetailCRM takes no more calls for now (status {status}{_said(data)})",
            may_have_happened=False,
            retry_after=max(_LEAST_WAIT, _retry_after(answer) or 0),
        )
    if status >= 500 or status in _TRY_AGAIN:
        raise TransientError(
            f"RetailCRM is in trouble (status {status}{_said(data)})", may_have_happened=request.writes
        )
    if 300 <= status < 400:
        raise RefusedError(
            f"RetailCRM sends us elsewhere (status {status}, {answer.headers.get('location', 'no address')}): "
            "write the account's own address as url of the connection"
        )
    if 200 <= status < 300:
        if data is None:
            raise TransientError(
                f"RetailCRM answered {status} with something that is not JSON: {_start(answer)}",
                may_have_happened=request.writes,
            )
        if data.get("success") is True:
            return
        if data.get("success") is not False and not data.get("errorMsg"):
            raise TransientError(
                f"RetailCRM's answer does not say whether it worked: {_start(answer)}", may_have_happened=request.writes
            )
    if data is None and answer.body.lstrip().startswith(b"{"):
        # RetailCRM's own no, cut off on its way: what it said of the call is not known, and the half is no reason to give up
        raise TransientError(
            f"RetailCRM's answer is cut off (status {status}, {_start(answer)})", may_have_happened=request.writes
        )
    raise _refusal(status, data, answer)


_EXISTS = "already exists"
# What errorMsg may hold, in the order it is looked for; the text is put in place of {}. What is in `errors` is about single
# fields, and both quote what a sender wrote: no event may pause a connection by the words in it.
_SAYINGS: tuple[tuple[str, type[CallError], str], ...] = (
    (
        "account does not exist",
        RefusedError,
        "there is no RetailCRM account at this address ({}): check url of the connection",
    ),
    ("apikey", RefusedError, "RetailCRM does not know the key ({}): check api_key of the connection"),
    (
        "access denied",
        RefusedError,
        "RetailCRM does not let the key do this ({}): check the key's scopes and shops, and site of the connection",
    ),
    (
        "parameter 'site' is missing",
        RefusedError,
        "RetailCRM asks for a shop, as the key reaches several ({}): write its code as site of the connection",
    ),
    ("method not found", RefusedError, "RetailCRM does not know this method ({}): check url of the connection"),
)
# Where the text says nothing of that.
_BY_STATUS: Mapping[int, tuple[type[CallError], str]] = {
    401: (RefusedError, "RetailCRM refuses the key ({}): check api_key of the connection"),
    403: (RefusedError, "RetailCRM refuses the key ({}): check api_key of the connection, and the key's scopes"),
    404: (NotFoundError, "RetailCRM did not find it: {}"),
    405: (RefusedError, "RetailCRM does not know this method ({}): check url of the connection"),
}
_PAGES: Mapping[int, tuple[type[CallError], str]] = {
    401: _BY_STATUS[401],
    403: _BY_STATUS[403],
    404: (RefusedError, "there is no RetailCRM account at this address ({}): check url of the connection"),
    405: (RefusedError, "there is no RetailCRM account at this address ({}): check url of the connection"),
}


def _refusal(status: int, data: Mapping[str, Any] | None, answer: Answer) -> CallError:
    """Return the error of an answer that says no."""
    otherwise = (PermanentError, "RetailCRM refuses the call: {}")
    if data is None:
        kind, sentence = _PAGES.get(status, otherwise)
        return kind(sentence.format(f"status {status}, {_start(answer)}"))
    text = message(data)
    if _EXISTS in text.casefold():
        return AlreadyExistsError(f"RetailCRM has this already: {text}")
    said = str(data.get("errorMsg") or "").casefold()
    for words, kind, sentence in _SAYINGS:
        if words in said:
            return kind(sentence.format(text))
    if _refuses_site(data):
        return RefusedError(
            f"RetailCRM does not know the shop ({text}): check site of the connection, the code of a shop"
        )
    kind, sentence = _BY_STATUS.get(status, otherwise)
    return kind(sentence.format(text))


def _refuses_site(data: Mapping[str, Any]) -> bool:
    errors = data.get("errors")
    return isinstance(errors, Mapping) and any(name in errors for name in ("site", "children[site]"))


def message(data: Mapping[str, Any]) -> str:
    """Return the answer's own words: errorMsg, then `errors`, which is an object of field → text or a list of texts."""
    parts = [str(data.get("errorMsg") or "").strip()]
    parts += list(_texts(data.get("errors"), ""))
    merged = data.get("combinedTo")
    if isinstance(merged, Mapping) and merged.get("id"):
        parts.append(f"merged into {merged['id']}")
    return "; ".join(part for part in parts if part)[:_LONGEST_MESSAGE] or "no reason given"


def _texts(errors: Any, name: str) -> Iterator[str]:
    if isinstance(errors, Mapping):
        for key, value in errors.items():
            yield from _texts(value, f"{name}.{key}" if name else str(key))
    elif isinstance(errors, list):
        for value in errors:
            yield from _texts(value, name)
    elif errors not in (None, ""):
        yield f"{name}: {errors}" if name else str(errors)


def _data(answer: Answer) -> Mapping[str, Any] | None:
    try:
        data = answer.json()
    except ValueError:
        return None
    return data if isinstance(data, Mapping) else None


def _said(data: Mapping[str, Any] | None) -> str:
    return f", {message(data)}" if data is not None else ""


def _retry_after(answer: Answer) -> float | None:
    text = answer.headers.get("retry-after", "").strip()
    return float(text) if text.isascii() and text.isdigit() else None


def _start(answer: Answer) -> str:
    start = " ".join(answer.text()[:200].split())
    return start or "an empty answer"
