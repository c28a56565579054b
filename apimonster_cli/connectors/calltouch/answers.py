"""What an answer of Calltouch means: a page of deals, try again, mend the connection, or give up. Never an empty day by mistake.

Statuses and bodies are those of the service's page, and of public clients that handle its failures (calltouch-export, calltouch,
callibri-export).
"""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from apimonster_cli.core.call import Answer, Request
from apimonster_cli.core.errors import PermanentError, RefusedError, TransientError

RECORDS = "records"
_LEAST_WAIT = 1.0  # seconds; the limit counts calls a second
_LONGEST = 500
_TRY_AGAIN = (408, 425)


def judge(_request: Request, answer: Answer) -> None:
    """Return when `answer` holds deals, if only none; raise what it means otherwise."""
    status = answer.status
    data = _data(answer)
    if status in (429, 503):
        raise TransientError(
            f"Calltouch takes no more calls for now (status {status}{_said(data)})",
            may_have_happened=False,
            retry_after=max(_LEAST_WAIT, _retry_after(answer) or 0),
        )
    if status in (401, 403):
        raise RefusedError(
            f"Calltouch refuses the token (status {status}{_said(data)}): check token and site_id of the connection, "
            "and that the token's login may see the site"
        )
    if 300 <= status < 400:
        raise RefusedError(
            f"Calltouch sends us elsewhere (status {status}, {_elsewhere(answer)}): check site_id and url of the connection"
        )
    if status == 404:
        raise RefusedError(
            f"Calltouch has no diary here (status 404{_said(data)}): check site_id and url of the connection"
        )
    if status >= 500 or status in _TRY_AGAIN:
        raise TransientError(f"Calltouch is in trouble (status {status}{_said(data)})", may_have_happened=False)
    if not 200 <= status < 300:
        raise PermanentError(
            f"Calltouch refuses the request (status {status}{_said(data)}): check params of the bundle's source"
        )
    _check_deals(data, answer)


def _check_deals(data: Any, answer: Answer) -> None:
    """Raise TransientError unless the body of a success holds a list of deals."""
    if data is None:
        raise TransientError(
            f"Calltouch answered {answer.status} with something that is not JSON: {_start(answer)}",
            may_have_happened=False,
        )
    deals = data.get(RECORDS) if isinstance(data, Mapping) else data
    if not isinstance(deals, list) or not all(isinstance(deal, Mapping) for deal in deals):
        said = _said(data) or f", {_start(answer)}"
        raise TransientError(
            f"Calltouch's answer holds no deals (status {answer.status}{said})", may_have_happened=False
        )


def _data(answer: Answer) -> Any:
    try:
        return answer.json()
    except ValueError:
        return None


def _said(data: Any) -> str:
    reason = "; ".join(dict.fromkeys(_reasons(data)))[:_LONGEST] if isinstance(data, Mapping) else ""
    return f", {reason}" if reason else ""


def _reasons(data: Mapping[str, Any]) -> Iterator[str]:
    """Yield what a body says of a failure: `message`, or what lies under `data`."""
    for place in (data, _inside(data, "data", "apiErrorData"), _inside(data, "data", "validationErrorData")):
        for name in ("message", "errorMessage"):
            said = place.get(name)
            if isinstance(said, str) and said.strip():
                yield " ".join(said.split())


def _inside(data: Mapping[str, Any], *names: str) -> Mapping[str, Any]:
    found: Any = data
    for name in names:
        found = found.get(name) if isinstance(found, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def _elsewhere(answer: Answer) -> str:
    """Return where a redirect leads, without its query: the token is in ours and may be in theirs."""
    try:
        parts = urlsplit(answer.headers.get("location", ""))
    except ValueError:
        return "an address that cannot be read"
    return f"{parts.scheme}://{parts.netloc}{parts.path}" if parts.netloc else parts.path or "no address"


def _retry_after(answer: Answer) -> float | None:
    said = answer.headers.get("retry-after", "").strip()
    return float(said) if said.isascii() and said.isdigit() else None


def _start(answer: Answer) -> str:
    return " ".join(answer.text()[:200].split()) or "an empty answer"
