"""What the doctor finds, each look by itself."""

import shutil
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from apimonster_cli.bundles.load import load_text
from apimonster_cli.bundles.model import Config
from apimonster_cli.core import exactjson
from apimonster_cli.core.call import Answer, Request
from apimonster_cli.core.errors import TransientError
from apimonster_cli.daemon import doctor
from apimonster_cli.daemon.doctor import Finding
from apimonster_cli.store.open import open_store
from apimonster_cli.store.rows import NewEvent, NewTransaction
from tests.store.build import SetClock

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
FILE = """\
version: 1
settings: {settings}
connections:
  site-leads: {{type: utmstat, token: invented-hook-token}}
  crm: {{type: retailcrm, url: "https://demo.retailcrm.ru", api_key: invented-key, site: main, rate: 10/m}}
bundles:
  leads:
    source: {{event: utmstat.new_lead}}
    steps: [{{id: order, action: retailcrm.create_order, fields: {{phone: contact.phone}}}}]
"""
Ask = Callable[[str, str], Answer]


def loaded(folder: Path, settings: str = "{}") -> Any:
    found = load_text(FILE.format(settings=settings), environ={}, file="bundles.yaml", folder=folder)
    assert found.config
    return found


def config(folder: Path = Path(), settings: str = "{}") -> Config:
    made: Config = loaded(folder, settings).config
    return made


def told(findings: Iterable[Finding]) -> dict[str, tuple[str, str]]:
    return {finding.about: (finding.level, finding.said) for finding in findings}


class Service:
    """RetailCRM, as far as the doctor asks, at a time of its own."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def reserve(self) -> None:
        pass

    def send(self, _request: Request) -> Answer:
        data = {
            "success": True,
            "scopes": ["order_read", "order_write", "reference_read"],
            "sites": {"main": {"code": "main"}},
        }
        return Answer(200, {"date": f"{self.now:%a, %d %b %Y %H:%M:%S} GMT"}, exactjson.dumps(data).encode())


@pytest.mark.parametrize(
    ("off", "level", "words"),
    [
        (timedelta(seconds=3), "ok", "the same time here as at crm"),
        (timedelta(seconds=-40), "warn", "the clock here is 40s ahead of that of crm"),
        (timedelta(hours=1), "fail", "the clock here is 1h behind that of crm"),
    ],
)
def test_the_clock_is_compared_with_that_of_the_service(off: timedelta, level: str, words: str) -> None:
    files = loaded(Path())
    service: Any = Service(NOON + off)

    found = told(doctor.services(files.config, files.draft, lambda _name: service, SetClock(NOON)))

    assert found["crm"] == ("ok", "the key works and has order_read, order_write and reference_read")
    assert found["clock"][0] == level
    assert words in found["clock"][1]


@pytest.mark.parametrize(("free", "level"), [(50 * 1024**3, "ok"), (500 * 1024**2, "warn"), (50 * 1024**2, "fail")])
def test_disk_space_is_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: int, level: str) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: SimpleNamespace(free=free))

    found = told(doctor.files(config(tmp_path), tmp_path / "apimonster.db"))

    assert found["disk"][0] == level


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    (finding,) = doctor.files(config(tmp_path), tmp_path / "nowhere" / "apimonster.db")

    assert (finding.about, finding.level) == ("disk", "fail")


def test_files_that_others_may_read_are_named_with_what_to_do(tmp_path: Path) -> None:
    for name, mode in (("apimonster.db", 0o640), (".env", 0o604), ("apimonster.db.lock", 0o644)):
        (tmp_path / name).write_text("x")
        (tmp_path / name).chmod(mode)

    found = [finding for finding in doctor.files(config(tmp_path), tmp_path / "apimonster.db") if finding.level != "ok"]

    assert [(finding.level, finding.advice) for finding in found] == [
        ("fail", f"chmod 600 {tmp_path / 'apimonster.db'}"),
        ("fail", f"chmod 600 {tmp_path / '.env'}"),
    ]


def test_copies_of_the_store_are_looked_at_too(tmp_path: Path) -> None:
    copies = ("apimonster-20261121-120000.db", "apimonster.db.0001.bak", "apimonster.db.20261121-120000.old")
    for name in (*copies, "another.db"):
        (tmp_path / name).write_text("x")
        (tmp_path / name).chmod(0o640)

    found = [finding for finding in doctor.files(config(tmp_path), tmp_path / "apimonster.db") if finding.level != "ok"]

    assert [finding.advice for finding in found] == [f"chmod 600 {tmp_path / name}" for name in copies]


def test_files_for_the_owner_alone_are_well(tmp_path: Path) -> None:
    for name in ("apimonster.db", "apimonster.db-wal", ".env"):
        (tmp_path / name).touch(0o600)

    found = told(doctor.files(config(tmp_path), tmp_path / "apimonster.db"))

    assert found["permissions"] == ("ok", "only their owner may read apimonster.db, apimonster.db-wal and .env")


def answering(answers: Mapping[str, tuple[int, str]]) -> Ask:
    def ask(address: str, path: str) -> Answer:
        if f"{address}{path}" not in answers:
            raise TransientError(
                "connection own: it cannot be found: check url of the connection, and the network of this machine",
                may_have_happened=False,
            )
        status, body = answers[f"{address}{path}"]
        return Answer(status, {}, body.encode())

    return ask


LOCAL = "http://127.0.0.1:8080"
PUBLIC = "https://hooks.example.org"
OK, REFUSED = '{"status":"ok"}', '{"status":"refused","reason":"there is no such address"}'


@pytest.mark.parametrize(
    ("answers", "listen", "public"),
    [
        ({f"{LOCAL}/readyz": (200, OK), f"{PUBLIC}/healthz": (200, OK)}, "ok", "ok"),
        (
            {f"{LOCAL}/readyz": (200, OK), f"{PUBLIC}/healthz": (404, "<html>"), f"{PUBLIC}/hooks/": (404, REFUSED)},
            "ok",
            "ok",
        ),
        (
            {f"{LOCAL}/readyz": (200, OK), f"{PUBLIC}/healthz": (200, "<html>"), f"{PUBLIC}/hooks/": (404, "<html>")},
            "ok",
            "fail",
        ),
        ({f"{LOCAL}/readyz": (503, '{"store":"cannot be written","listener":"ok"}')}, "fail", "fail"),
        ({}, "fail", "fail"),
    ],
    ids=["all well", "only hooks are public", "another server", "not ready", "away"],
)
def test_the_addresses_are_tried(answers: Mapping[str, tuple[int, str]], listen: str, public: str) -> None:
    with_public = config(settings=f'{{public_url: "{PUBLIC}"}}')

    found = told(doctor.addresses(with_public, daemon=True, ask=answering(answers)))

    assert (found["listen"][0], found["public address"][0]) == (listen, public)
    assert all("connection" not in said for _, said in found.values())


def test_a_missing_public_address_is_worth_a_look() -> None:
    found = told(doctor.addresses(config(), daemon=True, ask=answering({f"{LOCAL}/readyz": (200, OK)})))

    assert found["public address"] == ("warn", "settings.public_url is not set")


def test_how_the_work_stands_is_told(tmp_path: Path) -> None:
    clock = SetClock(NOON)
    store = open_store("sqlite:///apimonster.db", base=tmp_path, daemon=True, clock=clock)
    for number in (1, 2, 3):
        event = NewEvent(
            "site-leads", "utmstat.new_lead", "accepted", NOON, "{}", object_key=str(number), bundles=("leads",)
        )
        store.accept(event).result()
    first, second = store.claim("w", ["leads"], limit=2, lease=timedelta(minutes=5), now=NOON)
    for number in range(40):
        store.begin_call(first.lease, call(NOON - timedelta(minutes=number)))
    store.begin_call(first.lease, call(NOON - timedelta(days=2)))
    store.close(second.lease, "failed", error="no")
    store.pause("crm", reason="RetailCRM does not know the key", now=NOON)

    found = list(doctor.work(config(), store, NOON + timedelta(hours=2)))

    store.close_store()
    assert [(each.about, each.level, each.said) for each in found] == [
        ("deliveries", "warn", "2 under way, the oldest for 2h"),
        ("deliveries", "warn", "1 failed"),
        ("crm", "fail", "paused for 2h: RetailCRM does not know the key"),
        ("calls to crm", "ok", "40 in 24 hours, 0.3% of what 10/m lets through"),
    ]


def call(sent_at: datetime) -> NewTransaction:
    return NewTransaction("order", "crm", "retailcrm.create_order", "POST", "https://x", None, True, sent_at)  # noqa: FBT003


@pytest.mark.parametrize(("made", "level"), [(7_000, "ok"), (8_000, "warn"), (14_000, "fail")])
def test_the_head_room_of_a_rate_is_of_a_whole_day(made: int, level: str) -> None:
    finding = doctor._head_room(config().connections["crm"], made)

    assert finding.level == level
