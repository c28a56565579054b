"""What the look-alike answers: the envelopes of RetailCRM API v5.

Every answer is `{"success": …}`; a refusal adds `errorMsg` and, at times, `errors` (official docs, page "API rules").
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from apimonster_cli.core import exactjson

JSON = b"application/json"
HTML = b"text/html; charset=utf-8"
PAGE_SIZES = (20, 50, 100)  # docs of GET orders; any other limit is refused

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer ready to be sent."""

    status: int
    body: bytes
    content_type: bytes = JSON
    headers: tuple[tuple[bytes, bytes], ...] = ()


class Refusal(Exception):  # noqa: N818 - the word of the house for a call that the service turns down
    """A call that RetailCRM turns down: status, errorMsg, errors (map or list) and further keys of the envelope."""

    def __init__(
        self,
        status: int,
        message: str,
        errors: Mapping[str, str] | Sequence[str] | None = None,
        **more: Any,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.errors = errors
        self.more = more

    def by_field(self) -> dict[str, str]:
        """Return the errors that name a field."""
        return dict(self.errors) if isinstance(self.errors, Mapping) else {}

    def reply(self) -> Reply:
        """Return the refusal as an answer; `errors` is left out when there are none."""
        body: Row = {"success": False, "errorMsg": self.message}
        if self.errors:
            body["errors"] = self.errors
        return Reply(self.status, _encode(body | self.more))


def done(status: int = 200, /, **fields: Any) -> Reply:
    """Return a success with `fields` beside `success`."""
    return Reply(status, _encode({"success": True, **fields}))


def created(**fields: Any) -> Reply:
    """Return a success of a creating call: 201, as docs and the Go client's tests have it."""
    return done(201, **fields)


def wrong_parameter(name: str) -> Refusal:
    """Return the refusal of a query parameter or filter whose value makes no sense."""
    return Refusal(400, "Errors in the input parameters", {f"children[{name}]": "This value is not valid."})


def wrong_entity(errors: Mapping[str, str]) -> Refusal:
    """Return the refusal of an entity with unusable fields."""
    return Refusal(400, "Errors in the entity format", dict(errors))


def page_of(rows: Sequence[Row], parameters: Mapping[str, Any]) -> tuple[Row, Sequence[Row]]:
    """Return the `pagination` block and the rows of the page asked for; Refusal for a wrong `limit` or `page`."""
    limit = positive(parameters, "limit", PAGE_SIZES[0])
    page = positive(parameters, "page", 1)
    if limit not in PAGE_SIZES:
        raise wrong_parameter("limit")
    pagination = {
        "limit": limit,
        "totalCount": len(rows),
        "currentPage": page,
        "totalPageCount": -(-len(rows) // limit),
    }
    return pagination, rows[(page - 1) * limit : page * limit]


def positive(parameters: Mapping[str, Any], name: str, default: int) -> int:
    """Return a parameter that counts from 1, or `default` when it is not sent."""
    text = parameters.get(name, "")
    if text in ("", "None"):
        return default
    if not isinstance(text, str) or not text.isdecimal() or int(text) < 1:
        raise wrong_parameter(name)
    return int(text)


def object_or_list(found: Mapping[str, Any]) -> Mapping[str, Any] | list[Any]:
    """Return a map as PHP writes it: an empty one becomes `[]`."""
    return found or []


def _encode(body: Row) -> bytes:
    return exactjson.dumps(body).encode()
