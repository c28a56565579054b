"""Someone else's service that quotes each call whole, key and all, and a sender whose webhooks are signed."""

import base64
import hashlib
import hmac
import http.client
import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.acceptance.canaries import SECRETS

NOBODY = "http://127.0.0.1:9"
"""An address for bundles in which the partner is never called."""


@dataclass
class Partner:
    """A service that runs. answers: its statuses, one call after the other. heard: path and headers of each call that came in."""

    url: str
    answers: Sequence[int]
    heard: list[tuple[str, dict[str, str]]] = field(default_factory=list)


@contextmanager
def partner(*answers: int) -> Iterator[Partner]:
    """Run the service for the length of a block; it answers with these statuses in turn."""
    server = _Server(("127.0.0.1", 0), _Echo)
    running = server.partner = Partner(f"http://127.0.0.1:{server.server_port}", answers or (200, 200, 503))
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield running
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    partner: Partner

    def handle_error(self, *_: Any) -> None:
        """Say nothing of a caller that was killed in the middle of its call."""


class _Echo(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"] or 0)).decode()
        partner: Partner = self.server.partner  # type: ignore[attr-defined]  # a server of the kind above
        number = len(partner.heard)
        partner.heard.append((self.path, dict(self.headers)))
        said = {
            "call": f"{self.requestline}\n{self.headers}",
            "headers": dict(self.headers),
            "sent": body,
            "dump": base64.b64encode(f"{self.requestline}\n{self.headers}{body}".encode()).decode(),
        }
        told = json.dumps(said, ensure_ascii=number % 2 == 0).encode()
        self.send_response(partner.answers[number % len(partner.answers)])
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(told)))
        self.send_header("X-Call", self.path)
        self.send_header("X-Key", self.headers["X-Key"])
        self.end_headers()
        self.wfile.write(told)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the name of the one that it stands for
        """Say nothing: the terminal is the tests'."""


def knock(port: int, number: int) -> dict[str, int]:
    """Post a signed webhook, and others that must not come in; return what each was answered."""
    body = json.dumps({"number": number}).encode()
    right = hmac.new(SECRETS["LANDING_SECRET"].encode(), body, hashlib.sha256).hexdigest()
    path = f"/hooks/landing/{SECRETS['LANDING_HOOK']}"
    return {
        "signed": _post(port, path, body, right),
        "forged": _post(port, path, body, "0" * 64),
        "signed with the secret itself": _post(port, path, body, SECRETS["LANDING_SECRET"].encode().hex()),
        "with another's token": _post(port, f"/hooks/landing/{SECRETS['LEADS_HOOK']}", body, right),
        "with a sign too many": _post(port, f"{path}x", body, right),
        "with the token in the query": _post(port, f"{path}?token={SECRETS['LANDING_HOOK']}", body, right),
        "unreadable": _post(port, f"/hooks/site-leads/{SECRETS['LEADS_HOOK']}", b"{", ""),
    }


def _post(port: int, path: str, body: bytes, signature: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    headers = {"Content-Type": "application/json", "X-Signature": signature, "X-Original-Uri": path, "Referer": path}
    connection.request("POST", path, body, headers)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status
