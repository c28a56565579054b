"""What an answer of an unknown service means, by its status alone."""

from apimonster_cli.core.call import Answer, Request
from apimonster_cli.core.errors import PermanentError, TransientError


def judge(request: Request, answer: Answer) -> None:
    """Return when `answer` is a success (2xx and 3xx); raise what it means otherwise.

    401 and 403 give up this one delivery instead of pausing the connection: a service may refuse one address and take others.
    """
    status = answer.status
    if status < 400:
        return
    said = " ".join(answer.text()[:300].split())
    reason = f"the service answered with status {status}: {said or 'nothing more'}"
    if status == 429:
        raise TransientError(reason, may_have_happened=False, retry_after=_retry_after(answer))
    if status >= 500 or status in (408, 425):
        raise TransientError(reason, may_have_happened=request.writes, retry_after=_retry_after(answer))
    if status in (401, 403):
        raise PermanentError(f"{reason} (check the credentials in url or headers of the connection)")
    raise PermanentError(reason)


def _retry_after(answer: Answer) -> float | None:
    text = answer.headers.get("retry-after", "").strip()
    return float(text) if text.isascii() and text.isdigit() else None
