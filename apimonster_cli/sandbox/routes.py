"""Which handler answers which call."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from apimonster_cli.sandbox.account import Account, Key
from apimonster_cli.sandbox.answers import Refusal, Reply
from apimonster_cli.sandbox.state import State


@dataclass(frozen=True, slots=True)
class Call:
    """One call as a handler sees it: the key is known to be right and to have the scope."""

    account: Account
    state: State
    key: Key
    parameters: Mapping[str, Any]
    uid: str = ""

    @property
    def site(self) -> str:
        """Return the shop that the call is about; Refusal when it must be named and is not."""
        return self.account.site(self.key, self._asked_site())

    @property
    def reached(self) -> list[str]:
        """Return the shops the call may look into: the one it names, or all that the key reaches."""
        asked = self._asked_site()
        return [self.account.site(self.key, asked)] if asked else list(self.account.reached(self.key))

    @property
    def by_id(self) -> bool:
        """Return whether the uid is an id; without `by` it is an externalId."""
        return self.parameters.get("by") == "id"

    def _asked_site(self) -> str | None:
        asked = self.parameters.get("site")
        return asked if isinstance(asked, str) else None


Handler = Callable[[Call], Reply]


@dataclass(frozen=True, slots=True)
class Route:
    """A call that exists: verb, path with at most one `{uid}`, the scope a key needs (None: any key), the handler."""

    method: str
    path: str
    scope: str | None
    handler: Handler


class Routes:
    """All calls of the API, found by verb and path."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._plain: dict[str, dict[str, Route]] = {}
        self._with_uid: dict[tuple[str, str], dict[str, Route]] = {}
        for route in routes:
            before, found, after = route.path.partition("{uid}")
            place = self._with_uid.setdefault((before, after), {}) if found else self._plain.setdefault(route.path, {})
            place[route.method] = route

    def find(self, method: str, path: str) -> tuple[Route, str]:
        """Return the route of a percent-encoded path, and its uid decoded; Refusal 404 or 405 when there is none."""
        methods, uid = self._plain.get(path), ""
        if methods is None:
            methods, uid = self._find_with_uid(path)
        if methods is None:
            raise Refusal(404, "API method not found")
        if method not in methods:
            raise Refusal(405, "Method Not Allowed")
        return methods[method], unquote(uid)

    def _find_with_uid(self, path: str) -> tuple[dict[str, Route] | None, str]:
        for (before, after), methods in self._with_uid.items():
            uid = path[len(before) : len(path) - len(after)]
            if path.startswith(before) and path.endswith(after) and uid and "/" not in uid:
                return methods, uid
        return None, ""
