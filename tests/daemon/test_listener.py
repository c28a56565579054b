"""The listener: each row of its table of answers, over real HTTP."""

import base64
import gzip
import hashlib
import hmac
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from ipaddress import ip_network
from typing import Any
from urllib.parse import quote

import pytest
from standardwebhooks import Webhook

from apimonster_cli.bundles.model import Settings
from apimonster_cli.connectors import registry
from apimonster_cli.core.clock import SystemClock
from apimonster_cli.core.errors import ConfigError, StoreError
from apimonster_cli.daemon.health import Health
from tests.daemon.listening import (
    TOKEN,
    HeldStore,
    Listening,
    bundle,
    config,
    connection,
    listening,
    read_raw,
)

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
LEAD = '{"name": "Анна", "id": 1700000000123456789, "sum": 10.50}'


@pytest.fixture(scope="module")
def shared() -> Iterator[tuple[HeldStore, Listening]]:
    store = HeldStore()
    with listening(config([connection()]), store) as up:
        yield store, up


@pytest.fixture
def store(shared: tuple[HeldStore, Listening]) -> HeldStore:
    """Return the store of `listener`, empty and in good health."""
    shared[0].reset()
    return shared[0]


@pytest.fixture
def listener(shared: tuple[HeldStore, Listening], store: HeldStore) -> Listening:
    return shared[1]


def test_accepts_an_event_and_says_which(listener: Listening, store: HeldStore) -> None:
    reply = listener.send(LEAD)

    assert (reply.status, reply.body) == (200, {"status": "accepted", "event": 1})
    assert reply.headers["content-type"] == "application/json"
    (event,) = store.events
    assert (event.connection, event.event, event.status) == ("site", "webhook.received", "accepted")
    assert event.payload == LEAD
    assert event.body is None
    assert event.content_type == "application/json"
    assert event.remote == "127.0.0.1"
    assert abs((datetime.now(UTC) - event.received_at).total_seconds()) < 60


def test_answers_only_after_the_commit(listener: Listening, store: HeldStore) -> None:
    store.holding = True
    replies: list[int] = []
    sending = threading.Thread(target=lambda: replies.append(listener.send(LEAD).status))
    sending.start()
    assert store.came.acquire(timeout=20)

    assert listener.send(method="GET", path="/healthz").status == 200
    assert not replies
    store.release()
    sending.join(20)
    assert replies == [200]


def test_answers_many_that_were_committed_together(listener: Listening, store: HeldStore) -> None:
    store.holding = True
    replies: list[Any] = []
    sending = [threading.Thread(target=lambda: replies.append(listener.send(LEAD).body)) for _ in range(40)]
    for one in sending:
        one.start()
    for _ in sending:
        assert store.came.acquire(timeout=20)

    store.release()
    for one in sending:
        one.join(20)

    assert sorted(reply["event"] for reply in replies) == list(range(1, 41))


def test_answers_several_requests_on_one_connection(listener: Listening) -> None:
    post = f"POST /hooks/site/{TOKEN} HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\n[7]".encode()
    with listener.raw() as sender:
        replies = []
        for _ in range(3):
            sender.sendall(post)
            replies.append(read_raw(sender).body["event"])

    assert replies == [1, 2, 3]


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("path", ["", "?utm=1"])
def test_lets_an_address_be_checked(listener: Listening, store: HeldStore, method: str, path: str) -> None:
    reply = listener.send(method=method, path=f"/hooks/site/{TOKEN}{path}")

    assert reply.status == 200
    assert reply.body == ({"status": "ok"} if method == "GET" else None)
    assert not store.events


@pytest.mark.parametrize(("body", "headers"), [(b"", {}), (b"", None), (b"test=test", FORM), (b"{}", None)])
def test_makes_no_event_of_an_address_check(
    listener: Listening, store: HeldStore, body: bytes, headers: dict[str, str] | None
) -> None:
    reply = listener.send(body, headers=headers)

    assert (reply.status, reply.body) == (200, {"status": "ok"})
    assert not store.events


@pytest.mark.parametrize(
    ("body", "content_type", "reason"),
    [
        (
            b'{"name": "\xd0"}',
            "application/json",
            "the body is not text in utf-8; the sender has to name its charset",
        ),
        (b'{"name": ', "application/json", "the body is not JSON: Expecting value: line 1 column 10 (char 9)"),
        (b"hello", "text/plain", "the body is not JSON: Expecting value: line 1 column 1 (char 0)"),
        (b"[" * 100 + b"]" * 100, "application/json", "the JSON is nested more than 64 deep"),
    ],
)
def test_keeps_what_cannot_be_read_as_rejected(
    listener: Listening, store: HeldStore, body: bytes, content_type: str, reason: str
) -> None:
    reply = listener.send(body, headers={"Content-Type": content_type})

    assert (reply.status, reply.body) == (400, {"status": "rejected", "event": 1, "reason": reason})
    (event,) = store.events
    assert (event.status, event.event, event.reason) == ("rejected", None, reason)
    assert (event.body, event.payload, event.content_type) == (body, None, content_type)


def test_refuses_an_unknown_type_and_keeps_the_body(listener: Listening, store: HeldStore) -> None:
    reply = listener.send("<lead/>", headers={"Content-Type": "application/xml"})

    assert reply.status == 415
    assert "application/xml are not understood" in reply.body["reason"]
    assert (store.events[0].status, store.events[0].body) == ("rejected", b"<lead/>")


@pytest.mark.parametrize(
    "path",
    [
        "/hooks/site/a-wrong-token",
        f"/hooks/nobody/{TOKEN}",
        "/hooks/site/",
        "/hooks/site",
        "/hooks/",
        "/hooks//",
        f"/hooks/site/{TOKEN}/more",
        f"/hooks/site/{TOKEN}%00",
        "/hooks/site/%ff%d0",
        "/",
        "/docs",
    ],
)
@pytest.mark.parametrize("method", ["POST", "GET", "DELETE"])
def test_tells_strangers_nothing(listener: Listening, store: HeldStore, path: str, method: str) -> None:
    reply = listener.send(LEAD, path=path, method=method)

    assert (reply.status, reply.body) == (404, {"status": "refused", "reason": "there is no such address"})
    assert not store.events


@pytest.mark.parametrize(
    "path", [f"/hooks/site/{TOKEN}/", f"/hooks/site/{TOKEN}?utm_source=x", f"/hooks/s%69te/{TOKEN}"]
)
def test_knows_its_address_in_other_spellings(listener: Listening, path: str) -> None:
    assert listener.send(LEAD, path=path).body["status"] == "accepted"


@pytest.mark.parametrize(
    ("path", "method", "allowed"),
    [
        (f"/hooks/site/{TOKEN}", "PUT", "GET, HEAD, POST"),
        (f"/hooks/site/{TOKEN}", "DELETE", "GET, HEAD, POST"),
        ("/healthz", "POST", "GET, HEAD"),
        ("/readyz", "PUT", "GET, HEAD"),
    ],
)
def test_says_which_methods_it_takes(listener: Listening, path: str, method: str, allowed: str) -> None:
    reply = listener.send(LEAD, path=path, method=method)

    assert reply.status == 405
    assert reply.headers["allow"] == allowed


def test_takes_other_methods_where_the_connection_allows_them(store: HeldStore) -> None:
    with listening(config([connection(methods=("GET", "PUT"))]), store) as listener:
        got = listener.send(method="GET", path=f"/hooks/site/{TOKEN}?phone=%2B7495&utm[source]=ya", headers={})
        checked = listener.send(method="HEAD", path=f"/hooks/site/{TOKEN}?phone=1", headers={})
        put = listener.send(LEAD, method="PUT")
        posted = listener.send(LEAD)

    assert (got.body, checked.status, put.body) == (
        {"status": "accepted", "event": 1},
        200,
        {"status": "accepted", "event": 2},
    )
    assert (posted.status, posted.headers["allow"]) == (405, "GET, HEAD, PUT")
    assert store.events[0].payload == '{"phone":"+7495","utm":{"source":"ya"}}'
    assert store.events[0].body == b"phone=%2B7495&utm[source]=ya"


def test_reads_no_body_that_says_it_is_too_large(store: HeldStore) -> None:
    with listening(config([connection(max_body=10)]), store) as listener, listener.raw() as sender:
        sender.sendall(f"POST /hooks/site/{TOKEN} HTTP/1.1\r\nHost: x\r\nContent-Length: 11\r\n\r\n".encode())
        reply = read_raw(sender)
        left = sender.recv(1)

    assert (reply.status, reply.body["reason"]) == (413, "the body is over 10 bytes")
    assert reply.headers["connection"] == "close"
    assert left == b""
    assert not store.events


def test_does_not_ask_for_a_body_that_is_too_large(store: HeldStore) -> None:
    head = f"POST /hooks/site/{TOKEN} HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: "
    with listening(config([connection(max_body=10)]), store) as listener, listener.raw() as sender:
        sender.sendall(f"{head}11\r\n\r\n".encode())
        refused = sender.recv(12)
    with listening(config([connection(max_body=10)]), store) as listener, listener.raw() as sender:
        sender.sendall(f"{head}3\r\n\r\n".encode())
        asked = sender.recv(12)

    assert (refused, asked) == (b"HTTP/1.1 413", b"HTTP/1.1 100")


def test_counts_a_body_that_does_not_say_its_size(store: HeldStore) -> None:
    with listening(config([connection(max_body=10)]), store) as listener, listener.raw() as sender:
        sender.sendall(f"POST /hooks/site/{TOKEN} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n".encode())
        sender.sendall(b"6\r\n[1,2,3\r\n")
        sender.sendall(b"6\r\n,4,5,6\r\n")
        reply = read_raw(sender)
        left = sender.recv(1)

    assert reply.status == 413
    assert left == b""
    assert not store.events


def test_takes_a_body_in_chunks_up_to_the_bound(store: HeldStore) -> None:
    with listening(config([connection(max_body=7)]), store) as listener, listener.raw() as sender:
        sender.sendall(f"POST /hooks/site/{TOKEN} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n".encode())
        sender.sendall(b"3\r\n[1,\r\n")
        sender.sendall(b"4\r\n2,3]\r\n0\r\n\r\n")
        reply = read_raw(sender)

    assert reply.body == {"status": "accepted", "event": 1}
    assert store.events[0].payload == "[1,2,3]"


def test_does_not_wait_for_a_slow_body(store: HeldStore) -> None:
    with listening(config([connection()]), store, body_seconds=0.05) as listener, listener.raw() as sender:
        sender.sendall(f"POST /hooks/site/{TOKEN} HTTP/1.1\r\nHost: x\r\nContent-Length: 11\r\n\r\n[".encode())
        reply = read_raw(sender)
        left = sender.recv(1)

    assert (reply.status, reply.headers["connection"], left) == (408, "close", b"")
    assert not store.events


def test_forgets_a_sender_that_leaves(listener: Listening, store: HeldStore) -> None:
    with listener.raw() as sender:
        sender.sendall(f"POST /hooks/site/{TOKEN} HTTP/1.1\r\nHost: x\r\nContent-Length: 11\r\n\r\n[".encode())

    assert listener.send(LEAD).body == {"status": "accepted", "event": 1}
    assert len(store.events) == 1


def test_unpacks_gzip_within_the_bound(store: HeldStore) -> None:
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    with listening(config([connection(max_body=1000)]), store) as listener:
        taken = listener.send(gzip.compress(LEAD.encode()), headers=headers)
        bomb = listener.send(gzip.compress(b" " * 1_000_000)[:900], headers=headers)
        other = listener.send(LEAD, headers={**headers, "Content-Encoding": "br"})

    assert (taken.status, bomb.status, other.status) == (200, 413, 415)
    assert store.events[0].payload == LEAD


def test_works_with_the_loop_and_the_parser_of_plain_python(store: HeldStore) -> None:
    plain = listening(config([connection(max_body=100)]), store, http="h11", loop="asyncio")
    with plain as listener, listener.raw() as sender:
        taken = listener.send(LEAD)
        sender.sendall(f"POST /hooks/site/{TOKEN} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n".encode())
        sender.sendall(b"65\r\n" + b"x" * 0x65 + b"\r\n")
        large = read_raw(sender)

    assert taken.body == {"status": "accepted", "event": 1}
    assert (large.status, large.headers["connection"]) == (413, "close")


def test_holds_a_connection_to_its_rate(store: HeldStore) -> None:
    both = [connection(rate=2.0), connection(name="other")]
    with listening(config(both), store) as listener:
        statuses = [listener.send(LEAD).status for _ in range(2)]
        refused = [listener.send(LEAD) for _ in range(4)]
        other = listener.send(LEAD, path=f"/hooks/other/{TOKEN}")

    late = next(reply for reply in refused if reply.status == 429)
    assert statuses == [200, 200]
    assert late.headers["retry-after"] == "1"
    assert other.status == 200


def test_answers_503_when_the_commit_fails(listener: Listening, store: HeldStore) -> None:
    store.failure = StoreError("the disk is full")

    reply = listener.send(LEAD)

    assert reply.status == 503
    assert reply.headers["retry-after"] == "10"
    assert reply.body["reason"] == "the webhook could not be kept; send it again later"


def test_answers_503_when_what_cannot_be_read_cannot_be_kept_either(listener: Listening, store: HeldStore) -> None:
    store.failure = StoreError("the disk is full")

    assert listener.send("{").status == 503


def test_answers_503_when_something_unforeseen_happens(listener: Listening, store: HeldStore) -> None:
    store.failure = RuntimeError("a mistake in the store")

    reply = listener.send(LEAD)

    assert (reply.status, reply.headers["retry-after"]) == (503, "10")
    assert "mistake" not in reply.body["reason"]


def test_answers_503_when_the_queue_is_full(store: HeldStore) -> None:
    store.waiting = 3
    site = connection()
    with listening(config([site], settings=Settings(queue_limit=3)), store) as listener:
        replies = [listener.send(LEAD)]
        while replies[-1].status == 200:
            replies.append(listener.send(LEAD))

    assert replies[-1].status == 503
    assert replies[-1].headers["retry-after"] == "10"
    assert len(store.events) == len(replies) - 1


def test_goes_on_when_the_queue_cannot_be_counted(store: HeldStore, capsys: pytest.CaptureFixture[str]) -> None:
    store.waiting = None
    with listening(config([connection()]), store) as listener:
        statuses = [listener.send(LEAD).status for _ in range(3)]

    assert statuses == [200, 200, 200]
    assert "the queue could not be counted" in "".join(capsys.readouterr())


def test_keeps_an_event_that_nothing_recognises(store: HeldStore) -> None:
    leads = connection("utmstat")
    with listening(config([leads], [bundle("a", leads, "utmstat.new_lead")]), store) as listener:
        reply = listener.send('{"what": "is this"}')

    assert reply.body == {"status": "accepted", "event": 1}
    (event,) = store.events
    assert (event.status, event.event, event.bundles) == ("unmatched", None, ())
    assert event.reason == "no event of Utmstat looks like this"


def test_hands_an_event_to_the_bundles_that_listen_for_it(store: HeldStore) -> None:
    leads, others = connection("utmstat"), connection("utmstat", name="others")
    bundles = [
        bundle("both", leads, "utmstat.new_lead", "utmstat.lead_status_changed"),
        bundle("changes", leads, "utmstat.lead_status_changed"),
        bundle("elsewhere", others, "utmstat.new_lead"),
        bundle("new", leads, "utmstat.new_lead"),
    ]
    folder = registry.connector("utmstat").catalogue.folder / "samples"
    with listening(config([leads, others], bundles), store) as listener:
        for sample in ("new_lead", "lead_status_changed", "contact_scored"):
            listener.send((folder / f"{sample}.json").read_bytes())

    assert [(event.event, event.bundles) for event in store.events] == [
        ("utmstat.new_lead", ("both", "new")),
        ("utmstat.lead_status_changed", ("both", "changes")),
        ("utmstat.contact_scored", ()),
    ]
    assert all(event.status == "accepted" for event in store.events)
    assert all(event.object_key for event in store.events)


def test_keeps_an_event_when_the_connector_makes_a_mistake(store: HeldStore) -> None:
    def broken(_payload: Any, _settings: Any, _body: bytes) -> Any:
        raise KeyError("id")

    leads = connection()
    assert leads.connector.hook
    wrong = replace(leads.connector, hook=replace(leads.connector.hook, recognise=broken))
    with listening(config([replace(leads, connector=wrong)]), store) as listener:
        reply = listener.send(LEAD)

    assert reply.body == {"status": "accepted", "event": 1}
    assert (store.events[0].status, store.events[0].payload) == ("unmatched", LEAD)


def test_keeps_headers_and_query_but_no_secrets(listener: Listening, store: HeldStore) -> None:
    listener.send(
        LEAD,
        path=f"/hooks/site/{TOKEN}?utm_source=ya&back={TOKEN}",
        headers={
            "Content-Type": "application/json",
            "User-Agent": "Utmstat/1",
            "X-Form-Id": "7",
            "Idempotency-Key": "k1",
            "Authorization": "Basic c2VjcmV0",
            "Cookie": "sid=1",
            "X-Api-Key": "secret",
            "X-Auth-Token": "secret",
            "X-Original-Uri": f"/hooks/site/{TOKEN}",
        },
    )

    (event,) = store.events
    assert event.headers["user-agent"] == "Utmstat/1"
    assert event.headers["x-form-id"] == "7"
    assert event.headers["idempotency-key"] == "k1"
    assert event.headers["x-original-uri"] == "/hooks/site/•••"
    assert not {"authorization", "cookie", "x-api-key", "x-auth-token"} & set(event.headers)
    assert event.query == {"utm_source": "ya", "back": "•••"}
    assert TOKEN not in repr(event)


def test_keeps_no_token_that_a_proxy_hands_on_in_percent_signs(store: HeldStore) -> None:
    token = "a token/with=signs"
    path = f"/hooks/site/{quote(token, safe='')}"

    with listening(config([connection(token=token)]), store) as listener:
        listener.send(LEAD, path=path, headers={"Content-Type": "application/json", "X-Original-Uri": path})

    (event,) = store.events
    assert event.headers["x-original-uri"] == "/hooks/site/•••"


def test_takes_only_what_is_signed(store: HeldStore) -> None:
    secret = "whsec_" + base64.b64encode(b"a secret of 24 bytes....").decode()
    now = datetime.now(UTC)
    headers = {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(secret).sign("msg_1", now, LEAD),
        "Content-Type": "application/json",
    }
    signed = connection(signature={"scheme": "standard-webhooks", "secret": secret})
    with listening(config([signed]), store) as listener:
        good = listener.send(LEAD, headers=headers)
        forged = listener.send(LEAD + " ", headers=headers)
        bare = listener.send(LEAD)
        check = listener.send(b"")

    assert (good.status, forged.status, bare.status, check.status) == (200, 401, 401, 200)
    assert forged.body == {"status": "refused", "reason": "the signature does not fit the body and the secret"}
    assert len(store.events) == 1
    assert "webhook-signature" not in store.events[0].headers


def test_takes_what_is_signed_over_a_packed_body(store: HeldStore) -> None:
    packed = gzip.compress(LEAD.encode())
    headers = {"X-Signature": hmac.new(b"plain secret", packed, hashlib.sha256).hexdigest(), "Content-Encoding": "gzip"}
    signed = connection(signature={"scheme": "hmac-sha256", "secret": "plain secret"})
    with listening(config([signed]), store) as listener:
        assert listener.send(packed, headers=headers).status == 200

    assert store.events[0].payload == LEAD


def test_starts_with_no_secret_that_cannot_be_one(store: HeldStore) -> None:
    signed = connection(signature={"scheme": "standard-webhooks", "secret": "whsec_A"})

    with (
        pytest.raises(ConfigError, match="bundles.yaml:1:1: the signature of site cannot be used"),
        listening(config([signed]), store),
    ):
        pass


def test_takes_webhooks_from_allowed_networks_only(store: HeldStore) -> None:
    elsewhere = connection(allow_from=(ip_network("203.0.113.0/24"),))
    with listening(config([elsewhere]), store) as listener:
        refused = listener.send(LEAD, headers={"X-Forwarded-For": "203.0.113.7"})

    assert (refused.status, refused.body["reason"]) == (404, "there is no such address")


def test_believes_a_trusted_proxy(store: HeldStore) -> None:
    behind = connection(allow_from=(ip_network("203.0.113.0/24"),), trusted_proxies=(ip_network("127.0.0.1"),))
    with listening(config([behind]), store) as listener:
        taken = listener.send(LEAD, headers={"X-Forwarded-For": "6.6.6.6, 203.0.113.7"})
        forged = listener.send(LEAD, headers={"X-Forwarded-For": "203.0.113.7, 6.6.6.6"})

    assert (taken.status, forged.status) == (200, 404)
    assert store.events[0].remote == "203.0.113.7"


def test_reads_forms(listener: Listening, store: HeldStore) -> None:
    body = "lead[name]=%D0%90&lead[id]=1700000000123456789"

    listener.send(body, headers=FORM)

    (event,) = store.events
    assert event.payload == '{"lead":{"name":"А","id":"1700000000123456789"}}'
    assert event.body == body.encode()


def test_says_whether_it_is_alive_and_ready(store: HeldStore) -> None:
    clock = SystemClock()
    health = Health(store, clock)  # type: ignore[arg-type]
    with listening(config([connection()]), store, health=health) as listener:
        alive = listener.send(method="GET", path="/healthz")
        ready = listener.send(method="GET", path="/readyz")
        health.stopping = True
        stopping = listener.send(method="GET", path="/readyz")

    assert (alive.status, alive.body) == (200, {"status": "ok"})
    assert (ready.status, ready.body) == (200, {"status": "ok", "store": "ok", "listener": "ok", "paused": []})
    assert (stopping.status, stopping.body["listener"]) == (503, "stopping")


def test_is_not_ready_without_a_disk(listener: Listening, store: HeldStore) -> None:
    store.failure = StoreError("the disk is full")

    reply = listener.send(method="GET", path="/readyz")

    assert (reply.status, reply.body["store"]) == (503, "cannot be written")
    assert listener.send(method="GET", path="/healthz").status == 200
