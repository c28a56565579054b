"""The daemon as a whole, in this process: real address, real store, the look-alike CRM on the other side."""

import errno
import http.client
import json
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
import structlog

from apimonster_cli.bundles.load import load_or_raise
from apimonster_cli.bundles.model import Config
from apimonster_cli.core import log
from apimonster_cli.core.clock import SystemClock
from apimonster_cli.core.errors import ConfigError
from apimonster_cli.core.redact import Redactor
from apimonster_cli.daemon.front import Front, bind
from apimonster_cli.daemon.supervisor import Supervisor
from apimonster_cli.sandbox.server import Running, Sandbox
from apimonster_cli.store.open import open_store
from apimonster_cli.store.rows import HistoryFilter, TransactionRow

TOKEN = "a-token-of-the-landing"
BUNDLES = """\
version: 1
settings: {{listen: "127.0.0.1:{port}", workers: 4}}
connections:
  landing: {{type: webhook, token: {token}}}
  crm: {{type: retailcrm, url: "{crm}", api_key: {key}, site: main, rate: 1000/s}}
bundles:
  leads:
    source: {{event: webhook.received}}
    steps:
      - action: retailcrm.create_order
        fields: {{externalId: "{prefix}-{{{{ id }}}}", firstName: name}}
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until(condition: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end, f"not within 30 s: {what}"
        time.sleep(0.01)


def ask(
    port: int, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
) -> tuple[int, Any]:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=10)) as connection:
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())


class Place:
    """A folder with a bundle file, a port, and a CRM."""

    def __init__(self, folder: Path, crm: Running, sandbox: Sandbox) -> None:
        self.folder = folder
        self.port = free_port()
        self.sandbox = sandbox
        self._crm = crm
        self.write()

    def write(self, *, key: str = "sandbox", prefix: str = "lead") -> None:
        text = BUNDLES.format(port=self.port, token=TOKEN, crm=self._crm.url, key=key, prefix=prefix)
        (self.folder / "bundles.yaml").write_text(text, encoding="utf-8")

    def config(self) -> Config:
        return load_or_raise([self.folder / "bundles.yaml"], environ={}, cwd=self.folder)

    def get(self, path: str) -> tuple[int, Any]:
        """Return status and body; (0, None) when nobody answers."""
        try:
            return ask(self.port, "GET", path)
        except OSError:
            return 0, None

    def post(self, lead: dict[str, Any]) -> dict[str, Any]:
        body = json.dumps(lead).encode()
        status, answer = ask(self.port, "POST", f"/hooks/landing/{TOKEN}", body, {"Content-Type": "application/json"})
        assert status == 200, answer
        told: dict[str, Any] = answer
        return told

    def orders(self) -> list[str]:
        """Return the external ids of all orders in the CRM."""
        port = int(self._crm.url.rpartition(":")[2])
        _, answer = ask(port, "GET", "/api/v5/orders?limit=100", headers={"X-API-KEY": "sandbox"})
        return sorted(order["externalId"] for order in answer["orders"])

    def calls(self) -> list[TransactionRow]:
        store = open_store("sqlite:///apimonster.db", base=self.folder, daemon=False, clock=SystemClock())
        try:
            return store.transactions(HistoryFilter())
        finally:
            store.close_store()

    @contextmanager
    def running(self, **how: bool) -> Iterator[Supervisor]:
        """Run the daemon for the length of a block; it has to end with 0."""
        log.configure(Redactor(), json_lines=True)
        supervisor = Supervisor(self.config())
        codes: list[int] = []
        thread = threading.Thread(target=lambda: codes.append(supervisor.run(**how)))
        thread.start()
        try:
            until(lambda: self.get("/readyz")[0] == 200, "ready")
            yield supervisor
        finally:
            supervisor.tell("stop")
            thread.join(20)
        assert codes == [0]


@pytest.fixture(autouse=True)
def own_log() -> Iterator[None]:
    """Let the next test log where it wants to."""
    yield
    structlog.reset_defaults()


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    sandbox = Sandbox()
    crm = sandbox.serve()
    try:
        yield Place(tmp_path, crm, sandbox)
    finally:
        crm.stop()


def paused(place: Place) -> list[str]:
    """Return which connections wait for a working key, as /readyz tells it."""
    return [pause["connection"] for pause in place.get("/readyz")[1]["paused"]]


def test_a_webhook_becomes_an_order(place: Place) -> None:
    with place.running():
        answer = place.post({"id": 1, "name": "Анна"})
        until(lambda: place.orders() == ["lead-1"], "the order")

    assert answer["status"] == "accepted"


def test_what_was_accepted_is_delivered_after_a_restart(place: Place) -> None:
    with place.running(dry_run=True):
        place.post({"id": 1, "name": "Анна"})
        until(lambda: [call.state for call in place.calls()] == ["planned"], "the plan")
        planned_only = place.orders()
    with place.running():
        until(lambda: place.orders() == ["lead-1"], "the order")

    assert planned_only == []


def test_ends_on_sigterm(place: Place) -> None:
    def terminate() -> None:
        until(lambda: place.get("/readyz")[0] == 200, "ready")
        os.kill(os.getpid(), signal.SIGTERM)

    before = signal.getsignal(signal.SIGTERM)
    sender = threading.Thread(target=terminate)
    sender.start()

    code = Supervisor(place.config()).run()

    sender.join()
    assert code == 0
    assert signal.getsignal(signal.SIGTERM) == before
    assert place.get("/readyz")[0] == 0


def test_takes_over_a_changed_file_while_it_runs(place: Place) -> None:
    with place.running() as supervisor:
        place.post({"id": 1, "name": "Анна"})
        until(lambda: place.orders() == ["lead-1"], "the first order")
        place.write(prefix="new")
        supervisor.tell("reload")
        number = iter(range(2, 1000))

        def is_new() -> bool:
            place.post({"id": next(number), "name": "Борис"})
            return any(order.startswith("new-") for order in place.orders())

        until(is_new, "an order under the new file")

    assert place.orders()[0] == "lead-1"


def test_proxies_that_are_named_are_known_at_once_and_after_a_change(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    fronts: list[Front] = []
    start = Front.start

    def started(front: Front) -> None:
        fronts.append(front)
        start(front)

    monkeypatch.setattr(Front, "start", started)

    def name(network: str) -> None:
        place.write()
        path = place.folder / "bundles.yaml"
        path.write_text(path.read_text().replace("type: webhook,", f"type: webhook, trusted_proxies: [{network}],"))

    name("198.51.100.0/24")
    with place.running() as supervisor:
        (front,) = fronts
        at_first = list(front.proxies)
        name("203.0.113.7")
        supervisor.tell("reload")
        until(lambda: list(front.proxies) == [ip_network("203.0.113.7")], "the proxy of the new file")

    assert at_first == [ip_network("198.51.100.0/24")]


def test_a_broken_file_leaves_the_old_bundles_in_force(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    with place.running() as supervisor:
        (place.folder / "bundles.yaml").write_text("version: 1\nbundels: {}\n", encoding="utf-8")
        supervisor.tell("reload")
        until(lambda: "the old bundles stay in force" in capsys.readouterr().err, "the log line")
        place.post({"id": 1, "name": "Анна"})
        until(lambda: place.orders() == ["lead-1"], "the order")


def test_a_reload_that_breaks_off_leaves_the_old_bundles_in_force(
    place: Place, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError

    with place.running() as supervisor:
        monkeypatch.setattr(supervisor, "_load", breaks)
        supervisor.tell("reload")
        until(lambda: "reading them broke off" in capsys.readouterr().err, "the log line")
        place.post({"id": 1, "name": "Анна"})
        until(lambda: place.orders() == ["lead-1"], "the order")


def test_says_that_deliveries_wait_for_a_bundle_that_was_renamed(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    place.write(key="wrong-key")
    with place.running():
        place.post({"id": 1, "name": "Анна"})
        until(lambda: paused(place) == ["crm"], "the pause")
    file = place.folder / "bundles.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("  leads:", "  orders:"), encoding="utf-8")

    with place.running():
        pass
    lines = capsys.readouterr().err.splitlines()

    (told,) = [json.loads(line) for line in lines if "not in the files" in line]
    assert (told["bundle"], told["waiting"]) == ("leads", 1)


def test_a_refused_key_is_shown_and_the_lead_waits_for_a_working_one(place: Place) -> None:
    place.write(key="wrong-key")
    with place.running() as supervisor:
        place.post({"id": 1, "name": "Анна"})
        until(lambda: paused(place) == ["crm"], "the pause")
        until(lambda: [call.status for call in place.calls()] == [403], "the delivery to be put off")
        place.write()
        supervisor.tell("reload")
        until(lambda: place.orders() == ["lead-1"], "the order")
        until(lambda: paused(place) == [], "the end of the pause")


def test_a_taken_address_is_told_in_a_sentence(place: Place) -> None:
    with socket.create_server(("127.0.0.1", place.port)), pytest.raises(ConfigError) as raised:
        Supervisor(place.config()).run()

    assert str(raised.value) == (
        f"the address 127.0.0.1:{place.port} is taken: another program, or another sync run, listens there. "
        "Stop it, or write another port under settings.listen"
    )


def test_a_port_that_needs_rights_is_told_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuses(*_: Any, **__: Any) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(socket, "create_server", refuses)

    with pytest.raises(ConfigError, match=r"this user may not listen on \[::1\]:80: ports below 1024 need rights"):
        bind(("::1", 80))


def test_ends_so_that_it_is_started_again_when_the_listener_ends_by_itself(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Front, "_serve", lambda _: None)

    assert Supervisor(place.config()).run() == 1


def test_says_which_changed_settings_wait_for_a_restart(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    with place.running() as supervisor:
        file = place.folder / "bundles.yaml"
        file.write_text(file.read_text(encoding="utf-8").replace("workers: 4", "workers: 5"), encoding="utf-8")
        supervisor.tell("reload")
        until(lambda: "settings.workers has changed" in capsys.readouterr().err, "the log line")


def test_an_address_of_another_machine_is_told_in_a_sentence() -> None:
    with pytest.raises(ConfigError, match=r"cannot listen on 192\.0\.2\.1:8080: .*settings\.listen"):
        bind(("192.0.2.1", 8080))


# page and metrics ----------------------------------------------------------------------------------------------------------
def administered(place: Place) -> int:
    """Have the page and the metrics, and return where."""
    port, file = free_port(), place.folder / "bundles.yaml"
    text = file.read_text(encoding="utf-8").replace("workers: 4", f'admin: "127.0.0.1:{port}", workers: 4')
    file.write_text(text, encoding="utf-8")
    return port


def test_page_and_metrics_are_there_when_the_files_say_so(place: Place) -> None:
    port = administered(place)

    with place.running():
        place.post({"id": 1, "name": "Анна"})
        until(lambda: place.orders() == ["lead-1"], "the order")
        done = 'apimonster_deliveries_total{bundle="leads",outcome="done"} 1.0'
        until(lambda: done in text_of(port, "/metrics"), "the count")
        page = text_of(port, "/")

    assert "webhook.received" in page
    with pytest.raises(ConnectionRefusedError):
        text_of(port, "/")


def test_page_and_metrics_are_not_there_unless_the_files_say_so(place: Place) -> None:
    with place.running():
        threads = {thread.name for thread in threading.enumerate()}

    assert "listener" in threads
    assert "admin" not in threads


def test_a_taken_address_of_the_page_is_told_in_a_sentence(place: Place) -> None:
    port = administered(place)

    with (
        socket.create_server(("127.0.0.1", port)),
        pytest.raises(ConfigError, match=f"127.0.0.1:{port} is taken.*settings.admin"),
    ):
        Supervisor(place.config()).run()


def test_webhooks_go_on_when_the_page_ends_by_itself(
    place: Place, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    administered(place)
    real = Front._serve
    monkeypatch.setattr(Front, "_serve", lambda front: None if front._thread.name == "admin" else real(front))

    with place.running():
        until(lambda: "page and metrics have ended by themselves" in capsys.readouterr().err, "the log line")
        place.post({"id": 1, "name": "Анна"})
        until(lambda: place.orders() == ["lead-1"], "the order")


def test_a_mistake_in_changed_files_is_on_the_page(place: Place) -> None:
    port = administered(place)
    with place.running() as supervisor:
        good = (place.folder / "bundles.yaml").read_text(encoding="utf-8")
        (place.folder / "bundles.yaml").write_text("version: 1\nbundels: {}\n", encoding="utf-8")
        supervisor.tell("reload")
        until(lambda: "apimonster_last_reload_successful 0.0" in text_of(port, "/metrics"), "the mistake")
        page = text_of(port, "/")
        (place.folder / "bundles.yaml").write_text(good.replace("leads:", "orders:"), encoding="utf-8")
        supervisor.tell("reload")
        until(lambda: "apimonster_last_reload_successful 1.0" in text_of(port, "/metrics"), "the end of the mistake")
        new = text_of(port, "/metrics")

    assert "were not taken over</b>: the bundle files have 1 mistake" in page
    assert 'apimonster_deliveries_total{bundle="orders",outcome="done"} 0.0' in new


def text_of(port: int, path: str) -> str:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=10)) as connection:
        connection.request("GET", path)
        return connection.getresponse().read().decode()


# one run -------------------------------------------------------------------------------------------------------------------
def accept_without_delivering(place: Place, leads: int) -> None:
    with place.running(dry_run=True):
        for number in range(leads):
            place.post({"id": number, "name": "Анна"})


def test_one_run_delivers_what_waits_and_ends(place: Place) -> None:
    accept_without_delivering(place, 5)

    code = Supervisor(place.config()).run(once=True)

    assert code == 0
    assert place.orders() == [f"lead-{number}" for number in range(5)]


def test_one_run_with_nothing_to_do_ends(place: Place) -> None:
    assert Supervisor(place.config()).run(once=True) == 0


def test_one_run_in_which_a_delivery_fails_says_so(place: Place) -> None:
    accept_without_delivering(place, 1)
    text = (place.folder / "bundles.yaml").read_text(encoding="utf-8")
    (place.folder / "bundles.yaml").write_text(
        text.replace("firstName: name", "firstName: {from: missing, required: true}")
    )

    code = Supervisor(place.config()).run(once=True)

    assert code == 1
    assert place.orders() == []


def test_a_dry_run_that_ends_by_itself_writes_nothing(place: Place) -> None:
    accept_without_delivering(place, 3)

    code = Supervisor(place.config()).run(once=True, dry_run=True)

    assert code == 0
    assert place.orders() == []
