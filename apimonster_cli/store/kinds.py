"""The kinds of columns, chosen so that a person with any SQLite client can read them."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Dialect, String, Text
from sqlalchemy.types import TypeDecorator

from apimonster_cli.core import exactjson

_TO_MICROSECONDS = 26


class Moment(TypeDecorator[datetime]):
    """A moment in UTC as text of one width, `2026-11-21T18:03:11.123456Z`: sorting the text sorts the moments."""

    impl = String(27)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> str | None:  # noqa: ARG002  # given by the library
        """Return the text; ValueError for a moment that does not say its zone."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value} does not say its time zone")
        moment = value if value.tzinfo is UTC else value.astimezone(UTC)
        return moment.isoformat(timespec="microseconds")[:_TO_MICROSECONDS] + "Z"

    def process_result_value(self, value: str | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Return the moment."""
        return None if value is None else datetime.fromisoformat(value)


class Words(TypeDecorator[str]):
    """Text that strangers wrote. Halves of a surrogate pair, which no database takes, become question marks."""

    impl = Text()
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """Return the text as it can be stored."""
        return value if value is None else _storable(value)


class JsonText(TypeDecorator[Mapping[str, Any]]):
    """An object as JSON text in which every number keeps its digits."""

    impl = Text()
    cache_ok = True

    def process_bind_param(self, value: Mapping[str, Any] | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """Return the JSON text."""
        return _storable(exactjson.dumps(dict(value))) if value else "{}"

    def process_result_value(self, value: str | None, dialect: Dialect) -> Mapping[str, Any]:  # noqa: ARG002
        """Return the object."""
        found: Mapping[str, Any] = {} if value is None or value == "{}" else exactjson.loads(value)
        return found


def _storable(text: str) -> str:
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace").decode()
    return text
