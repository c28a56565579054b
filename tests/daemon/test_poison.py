"""Poison, over a real socket to the daemon as a whole: each is answered, and the next good lead becomes an order."""

import gzip
import http.client
import itertools
import json
import socket
import zlib
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from typing import Any

import pytest
import structlog

from apimonster_cli.core.clock import SystemClock
from apimonster_cli.sandbox.server import Sandbox
from apimonster_cli.store.api import Store
from apimonster_cli.store.open import open_store
from apimonster_cli.store.rows import EventRow
from apimonster_cli.values import effort
from tests.daemon.listening import Reply, read_raw
from tests.daemon.test_supervisor import TOKEN, Place, ask, until

BUNDLES = """\
version: 1
settings: {{listen: "127.0.0.1:{port}", workers: 4}}
connections:
  landing: {{type: webhook, token: {token}}}
  crm: {{type: retailcrm, url: "{crm}", api_key: sandbox, site: main, rate: 1000/s}}
bundles:
  leads:
    source: {{event: webhook.received}}
    filter: {{good: {{exists: true}}}}
    steps:
      - action: retailcrm.create_order
        fields: {{externalId: "lead-{{{{ good }}}}", firstName: name}}
  patterns:
    source: {{event: webhook.received}}
    filter: {{pattern: {{matches: "(a|aa)+$"}}}}
    steps:
      - action: retailcrm.create_order
        fields: {{firstName: pattern}}
  templates:
    source: {{event: webhook.received}}
    filter: {{template: {{exists: true}}}}
    steps:
      - action: retailcrm.create_order
        fields:
          firstName: "{{% for a in template %}}{{% for b in template | sort %}}{{{{ b | regex('(a|aa)+$') }}}}{{% endfor %}}{{% endfor %}}"
  paths:
    source: {{event: webhook.received}}
    filter: {{path: {{exists: true}}}}
    steps:
      - action: retailcrm.create_order
        fields: {{managerComment: "$..*..*..*"}}
  lists:
    source: {{event: webhook.received}}
    filter: {{rows: {{exists: true}}}}
    steps:
      - id: each
        action: retailcrm.create_order
        for_each: rows
        fields: {{firstName: item}}
"""


@pytest.fixture(scope="module")
def poisoned(tmp_path_factory: pytest.TempPathFactory) -> Iterator["Poisoned"]:
    """Return the daemon, which all of them are thrown at."""
    folder = tmp_path_factory.mktemp("poison")
    sandbox = Sandbox()
    crm = sandbox.serve()
    try:
        place = Poisoned(folder, crm, sandbox)
        with place.running(), place.opened():
            yield place
    finally:
        crm.stop()
        structlog.reset_defaults()


class Poisoned(Place):
    """A daemon with bundles that can be poisoned, and a look into its store."""

    store: Store

    def write(self, **_: str) -> None:
        text = BUNDLES.format(port=self.port, token=TOKEN, crm=self._crm.url)
        (self.folder / "bundles.yaml").write_text(text, encoding="utf-8")
        self._numbers = itertools.count(1)

    @contextmanager
    def opened(self) -> Iterator[None]:
        self.store = open_store("sqlite:///apimonster.db", base=self.folder, daemon=False, clock=SystemClock())
        try:
            yield
        finally:
            self.store.close_store()

    def throw(self, request: bytes) -> Reply:
        """Return what is answered to these bytes."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=30) as sender:
            sender.sendall(request)
            return read_raw(sender)

    def pour(self, request: bytes) -> Reply | None:
        """Return what is answered to more than is taken; None when the connection ends before the answer can be read."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=30) as sender:
            try:
                with suppress(ConnectionError):  # it may end while the rest is still on its way
                    sender.sendall(request)
                return read_raw(sender)
            except (ConnectionError, http.client.HTTPException):
                return None

    def event(self, number: int) -> EventRow:
        found = self.store.event(number)
        assert found is not None
        return found

    def ends(self, number: int) -> dict[str, str | None]:
        """Return how the deliveries of an event ended, those that were filtered left out."""
        until(lambda: all(row.state not in ("waiting", "running") for row in self.store.deliveries(number)), "ended")
        return {row.bundle: row.error for row in self.store.deliveries(number) if row.state == "failed"}

    def takes_the_next(self) -> None:
        """Send a good lead and see that it arrives in the CRM as it was."""
        number = next(self._numbers)
        name = f"Анна {number} ☎"

        self.post({"good": number, "name": name})

        until(lambda: self.order(f"lead-{number}") == name, "the lead is an order")

    def order(self, external_id: str) -> str | None:
        """Return the first name in an order of the CRM; None when there is no such order."""
        port = int(self._crm.url.rpartition(":")[2])
        path = f"/api/v5/orders/{external_id}?by=externalId&site=main"
        _, answer = ask(port, "GET", path, headers={"X-API-KEY": "sandbox"})
        found: str | None = answer.get("order", {}).get("firstName")
        return found


def post(body: bytes, content_type: str | None = "application/json", *headers: str, path: str = "") -> bytes:
    """Return a webhook as bytes."""
    lines = [f"POST /hooks/landing/{TOKEN}{path} HTTP/1.1", "Host: x", f"Content-Length: {len(body)}", *headers]
    if content_type is not None:
        lines.append(f"Content-Type: {content_type}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=b"
DEEP = 10_000
BOMB = gzip.compress(bytes(50_000_000))

REJECTED = {
    "cut off": (post(b'{"a": '), "is not JSON"),
    "no JSON": (post(b"a=1"), "is not JSON"),
    "two values": (post(b"{}{}"), "is not JSON"),
    "single quotes": (post(b"{'a': 1}"), "is not JSON"),
    "NaN": (post(b'{"a": NaN}'), "NaN is not JSON"),
    "infinity": (post(b"[Infinity]"), "Infinity is not JSON"),
    "below infinity": (post(b"[-Infinity]"), "-Infinity is not JSON"),
    "an endless whole number": (post(b"[" + b"9" * 5000 + b"]"), "is not JSON"),
    "an exponent without end": (post(b"[1e" + b"9" * 400 + b"]"), "out of any range"),
    "NUL": (post(b'{"a": "\0"}'), "is not JSON"),
    "only NUL": (post(bytes(1000)), "is not JSON"),
    "deep lists": (post(b"[" * DEEP + b"]" * DEEP), "nested"),
    "deep objects": (post(b'{"a":' * DEEP + b"1" + b"}" * DEEP), "nested"),
    "deep and open": (post(b"[" * 500_000), "nested"),
    "a bit deep": (post(b"[" * 65 + b"]" * 65), "nested more than 64 deep"),
    "windows-1251 that says nothing": (post('{"name": "Анна"}'.encode("cp1251")), "not text in utf-8"),
    "cut characters": (post('{"name": "Анна"}'.encode()[:-3] + b'"}'), "not text in utf-8"),
    "another charset": (post(b"{}", "application/json; charset=ebcdic-cp-be"), "charset ebcdic-cp-be is not known"),
    "a charset that unpacks": (post(b"{}", "application/json; charset=zlib"), "charset zlib is not known"),
    "a charset that evaluates": (post(b"{}", "text/plain; charset=unicode_escape"), "is not known"),
    "no gzip": (post(b"{}", "application/json", "Content-Encoding: gzip"), "says it is gzip and is not"),
    "cut gzip": (post(gzip.compress(b"{}")[:-4], "application/json", "Content-Encoding: gzip"), "breaks off"),
    "gzip and more": (post(gzip.compress(b"{}") + b"{}", "application/json", "Content-Encoding: gzip"), "behind its end"),
    "gzip in gzip": (post(gzip.compress(BOMB), "application/json", "Content-Encoding: gzip"), "not text in utf-8"),
    "a deep form": (post(b"a" + b"[b]" * DEEP + b"=1", FORM), "nested more than 64 deep"),
    "too many fields": (post(b"&".join(b"a%d=1" % n for n in range(2000)), FORM), "more than 1000 fields"),
    "a form in UTF-16": (post(b"a=1", f"{FORM}; charset=utf-16"), "a form cannot be in utf-16"),
    "parts without end": (post(b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n1', MULTIPART), "breaks off"),
    "parts without boundary": (post(b"--b--", "multipart/form-data"), "does not say its boundary"),
    "parts without headers' end": (post(b"--b\r\nname\r\n--b--\r\n", MULTIPART), "no end of its headers"),
    "too many parts": (post(b"--b\r\n\r\n\r\n" * 2000 + b"--b--", MULTIPART), "more than 1000 fields"),
}  # fmt: skip


@pytest.mark.parametrize("name", REJECTED)
def test_what_cannot_be_read_is_kept_as_rejected(poisoned: Poisoned, name: str) -> None:
    request, reason = REJECTED[name]

    reply = poisoned.throw(request)

    assert (reply.status, reply.body["status"]) == (400, "rejected")
    assert reason in reply.body["reason"]
    row = poisoned.event(reply.body["event"])
    body = BOMB if name == "gzip in gzip" else request.partition(b"\r\n\r\n")[2]
    assert (row.status, row.reason, row.body) == ("rejected", reply.body["reason"], body)
    poisoned.takes_the_next()


TYPES = {
    "deflate": post(zlib.compress(b"{}"), "application/json", "Content-Encoding: deflate"),
    "brotli": post(b"\x0b\x02\x80{}\x03", "application/json", "Content-Encoding: br"),
    "gzip twice": post(gzip.compress(gzip.compress(b"{}")), "application/json", "Content-Encoding: gzip, gzip"),
    "XML": post(b'<!DOCTYPE a [<!ENTITY b "&c;&c;">]><a>&b;</a>', "application/xml"),
    "a picture": post(bytes(1000), "image/png"),
    "pickle": post(b"cos\nsystem\n(S'id'\ntR.", "application/x-python-pickle"),
}


@pytest.mark.parametrize("name", TYPES)
def test_what_nobody_understands_is_kept_as_rejected(poisoned: Poisoned, name: str) -> None:
    reply = poisoned.throw(TYPES[name])

    assert (reply.status, reply.body["status"]) == (415, "rejected")
    assert poisoned.event(reply.body["event"]).body == TYPES[name].partition(b"\r\n\r\n")[2]
    poisoned.takes_the_next()


CHUNKED = post(b"", "application/json", "Transfer-Encoding: chunked").replace(b"Content-Length: 0\r\n", b"")
TOO_LARGE = {
    "so it says": post(b"")[:-4].replace(b"Content-Length: 0", b"Content-Length: 9999999999") + b"\r\n\r\n",
    "in chunks": CHUNKED + b"100001\r\n" + b"a" * 0x100001,
    "in many chunks": CHUNKED + b"8000\r\n" + (b"a" * 0x8000 + b"\r\n8000\r\n") * 33,
    "packed": post(BOMB, "application/json", "Content-Encoding: gzip"),
    "packed, and longer than it says": post(BOMB[:-4] + b"\1\0\0\0", "application/json", "Content-Encoding: x-gzip"),
}
REFUSED = {"status": "refused", "reason": "the body is over 1048576 bytes"}


@pytest.mark.parametrize("name", TOO_LARGE)
def test_what_is_too_large_is_not_read_to_its_end(poisoned: Poisoned, name: str) -> None:
    before = poisoned.store.counts().events

    reply = poisoned.throw(TOO_LARGE[name])

    assert (reply.status, reply.body) == (413, REFUSED)
    assert poisoned.store.counts().events == before
    poisoned.takes_the_next()


def test_ten_megabytes_are_refused_while_they_are_still_being_sent(poisoned: Poisoned) -> None:
    before = poisoned.store.counts().events

    reply = poisoned.pour(post(b'"' + b"a" * 10_000_000 + b'"'))

    assert reply is None or (reply.status, reply.body) == (413, REFUSED)
    assert poisoned.store.counts().events == before
    poisoned.takes_the_next()


EXACT = {
    "1e400": '{"sum": 1e400, "small": 1E-400, "zero": -0, "long": 0.1000000000000000055511151231257827}',
    "1e999999999": '{"sum": 1e999999999, "small": -1e-999999999}',
    "whole": '{"id": 12345678901234567890123456789012345678901234567890}',
    "keys twice": '{"a": 1, "a": 2, "a": {"b": 1, "b": 3}}',
    "NUL": '{"a": "\\u0000", "\\u0000": 1}',
    "half a character": '{"a": "\\ud800", "b": "\\udc00\\ud83d"}',
    "names of Python": '{"__class__": 1, "__proto__": {"constructor": 2}, "": 3, "self": 4}',
    "signs": '{"a": "\\u202e\\ufeff\\u2028\\u0085 \u200b", "b": "Z̸a̷l̶g̵o"}',
    "as deep as may be": "[" * 64 + "]" * 64,
    "wide": "[" + "[]," * 100_000 + "[]]",
    "no object": "[null]",
    "a text": '"текст"',
}


@pytest.mark.parametrize("name", EXACT)
def test_what_is_strange_but_json_is_kept_to_the_letter(poisoned: Poisoned, name: str) -> None:
    reply = poisoned.throw(post(EXACT[name].encode()))

    assert (reply.status, reply.body["status"]) == (200, "accepted")
    assert poisoned.event(reply.body["event"]).payload == EXACT[name]
    assert poisoned.ends(reply.body["event"]) == {}
    poisoned.takes_the_next()


WRITTEN: dict[str, tuple[bytes, Any]] = {
    "windows-1251": (post('{"name": "Анна"}'.encode("cp1251"), "application/json; charset=windows-1251"), {"name": "Анна"}),
    "UTF-8 with its mark": (post(b'\xef\xbb\xbf{"name": "\xd0\x90"}'), {"name": "А"}),
    "UTF-16": (post('{"name": "Анна"}'.encode("utf-16")), {"name": "Анна"}),
    "UTF-32 the other way": (post('{"name": "Анна"}'.encode("utf-32-be"), "application/json; charset=utf-32-be"), {"name": "Анна"}),
    "a form in windows-1251": (post("имя=Анна".encode("cp1251"), FORM), {"имя": "Анна"}),
    "a form with a mark": (post(b"\xef\xbb\xbfa=1", FORM), {"a": "1"}),
    "NUL in a form": (post(b"a%00b=%00&c[%00]=1", FORM), {"a\0b": "\0", "c": {"\0": "1"}}),
    "a form with JSON too deep": (post(b"data=" + b"[" * DEEP, FORM), {"data": "[" * DEEP}),
    "a form that is JSON": (post(b'{"a": 1}', FORM), {"a": 1}),
    "brackets that do not close": (post(b"a[b=1&]c[=2&[d]=3&e[]]=4", FORM), {"a[b": "1", "]c[": "2", "[d]": "3", "e[]]": "4"}),
    "indexes": (post(b"a[999999999999]=1&b[-1]=2&c[1e9]=3", FORM), {"a": {"999999999999": "1"}, "b": {"-1": "2"}, "c": {"1e9": "3"}}),
    "half a percent sign": (post(b"a=%&b=%f&c=%zz", FORM), {"a": "%", "b": "%f", "c": "%zz"}),
    "a file": (post(b'--b\r\nContent-Disposition: form-data; name="a"; filename="../../etc/passwd"\r\n\r\n\0\0\r\n--b--', MULTIPART), {"a": {"name": "../../etc/passwd", "size": 2}}),
    "packed": (post(gzip.compress(b'{"a": 1}'), "application/json", "Content-Encoding: gzip"), {"a": 1}),
    "in chunks": (CHUNKED + b'1\r\n{\r\n7;x="y"\r\n"a": 1}\r\n0\r\nX: y\r\n\r\n', {"a": 1}),
}  # fmt: skip


@pytest.mark.parametrize("name", WRITTEN)
def test_what_can_be_read_is_kept_as_it_was_meant(poisoned: Poisoned, name: str) -> None:
    request, meant = WRITTEN[name]

    reply = poisoned.throw(request)

    assert (reply.status, reply.body["status"]) == (200, "accepted")
    assert json.loads(poisoned.event(reply.body["event"]).payload or "") == meant
    assert poisoned.ends(reply.body["event"]) == {}
    poisoned.takes_the_next()


def test_nothing_is_kept_of_a_body_that_breaks_off(poisoned: Poisoned) -> None:
    before = poisoned.store.counts().events
    with socket.create_connection(("127.0.0.1", poisoned.port), timeout=30) as sender:
        sender.sendall(post(b'{"a": 1}')[:-3])

    poisoned.takes_the_next()

    assert poisoned.store.counts().events == before + 1


def test_a_body_longer_than_it_says_is_cut_where_it_says(poisoned: Poisoned) -> None:
    with socket.create_connection(("127.0.0.1", poisoned.port), timeout=30) as sender:
        sender.sendall(post(b'{"a": 1}') + b"X" * 100)
        answers = b""
        with closing(sender):
            while piece := sender.recv(65536):
                answers += piece

    assert b'"reason":"this is not a request of HTTP"' in answers
    poisoned.takes_the_next()


@pytest.mark.parametrize("path", ["%00", "/%00", "%ff", "/..%2f..", "%0d%0aX:%20y"])
def test_no_address_is_nearly_right(poisoned: Poisoned, path: str) -> None:
    reply = poisoned.throw(post(b"{}", path=path))

    assert reply.status in (404, 429)
    poisoned.takes_the_next()


def nested(depth: int) -> Any:
    event: Any = {"x": list(range(500))}
    for _ in range(depth):
        event = {"a": event, "b": [1, 2]}
    return event


@pytest.mark.parametrize(
    ("bundle", "payload", "reason"),
    [
        ("patterns", {"pattern": "a" * 5000 + "!"}, "took too long"),
        ("patterns", {"pattern": "a" * 200_000}, "too long for the pattern"),
        ("templates", {"template": ["a" * 5000 + "!"] * 100}, "took too long"),
        ("templates", {"template": ["b"] * 100_000}, "longer than|more than|has no value|nothing that matches"),
        ("templates", {"template": [[1], {}, 2]}, "cannot be worked out"),
        ("paths", {"path": nested(58)}, "working it out takes more than 0.1 s"),
        ("lists", {"rows": ["a"] * 100_000}, "rows has 100000 items, more than the 10000 that for_each takes"),
    ],
)
def test_what_would_run_for_ever_fails_by_itself(
    poisoned: Poisoned, monkeypatch: pytest.MonkeyPatch, bundle: str, payload: dict[str, Any], reason: str
) -> None:
    monkeypatch.setattr(effort, "SECONDS", 0.1)
    event = poisoned.post(payload)["event"]
    poisoned.takes_the_next()

    failed = poisoned.ends(event)

    assert list(failed) == [bundle]
    assert any(part in str(failed[bundle]) for part in reason.split("|"))


def test_nobody_is_left_waiting(poisoned: Poisoned) -> None:
    poisoned.takes_the_next()

    assert poisoned.get("/readyz")[0] == 200
    until(lambda: not poisoned.store.counts().deliveries.get("waiting"), "nothing waits")
