"""The application on `settings.admin`: `GET /` for people, `GET /metrics` for Prometheus. It changes nothing.

There is no login, so it is for this machine. A page of a stranger, open in a browser here, could have its own name point at this
machine and read along; therefore only requests that name an address, or the name in the settings, are answered.
"""

from ipaddress import ip_address

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route, Router

from apimonster_cli.core import log
from apimonster_cli.daemon.admin.page import CSP, Page
from apimonster_cli.daemon.asgi import Message, Receive, Scope, Send

_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": CSP,
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
_STRANGE_NAME = "This page is answered under an address such as 127.0.0.1, under localhost, or under the name that settings.admin has.\n"


class Admin:
    """The application, behind a look at the name that it is asked by. name: the host of settings.admin."""

    def __init__(self, registry: CollectorRegistry, page: Page, name: str) -> None:
        self._registry = registry
        self._page = page
        self._names = {"localhost", name.lower()}
        self._routes = Router([Route("/", self._show), Route("/metrics", self._metrics)], redirect_slashes=False)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(_HEADERS)
            await send(message)

        if not self._is_ours(Headers(scope=scope).get("host", "")):
            await PlainTextResponse(_STRANGE_NAME, 421)(scope, receive, guarded)
            return
        try:
            await self._routes(scope, receive, guarded)
        except Exception:  # noqa: BLE001  # logged whole, and by us: the server would write it with the secrets in it
            log.get().exception("a request on settings.admin could not be answered")
            await PlainTextResponse("Something is wrong here; the log has more.\n", 500)(scope, receive, guarded)

    def _is_ours(self, host: str) -> bool:
        name = host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]
        return name.lower() in self._names or _is_address(name)

    # Both look at the store, so they run in a thread of the pool and not in the server's own.
    def _show(self, _request: Request) -> Response:
        return HTMLResponse(self._page.text())

    def _metrics(self, _request: Request) -> Response:
        return Response(generate_latest(self._registry), headers={"Content-Type": CONTENT_TYPE_PLAIN_0_0_4})


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
