"""The page on settings.admin: who may see it, what it tells and what it never tells."""

import base64
import hashlib
import html
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from apimonster_cli.core.errors import StoreError
from apimonster_cli.daemon.admin.page import Page
from apimonster_cli.engine.circuit import FAILURES
from apimonster_cli.store.rows import PullState
from tests.daemon.test_admin_metrics import EVERY_10_MINUTES
from tests.daemon.watched import Watched, watched
from tests.engine.support import DOWN, SECRET, START, answer, bundle, connection, step

Make = Callable[..., Watched]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    with ExitStack() as stack:
        yield lambda *bundles, **more: stack.enter_context(watched(tmp_path, *bundles, **more))


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """One program for all who only ask for its page."""
    with watched(tmp_path_factory.mktemp("program"), bundle()) as made:
        yield made


def words(program: Watched) -> str:
    """Return the text of the page on one line, as it is read."""
    program.bench.clock.sleep(1)  # what was read a moment ago would be shown again
    text = program.get().text
    body = re.sub(r"<style>.*?</style>", "", text, flags=re.DOTALL)
    return html.unescape(" ".join(re.sub(r"<[^>]*>", " ", body).split()))


# who may see it --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("path", ["/", "/metrics"])
@pytest.mark.parametrize(
    "host", ["127.0.0.1:8081", "127.0.0.1", "localhost:8081", "LocalHost", "[::1]:8081", "[::1]", "10.0.0.7:80"]
)
def test_answers_under_an_address(program: Watched, path: str, host: str) -> None:
    assert program.get(path, host=host).status == 200


@pytest.mark.parametrize("path", ["/", "/metrics"])
@pytest.mark.parametrize(
    "host",
    ["evil.example.com", "evil.example.com:8081", "127.0.0.1.evil.example.com", "localhost.evil.example.com", "", "[", "x@127.0.0.1"],
)  # fmt: skip
def test_answers_under_no_strange_name(program: Watched, path: str, host: str) -> None:
    answer = program.get(path, host=host)

    assert answer.status == 421
    assert "leads" not in answer.text


@pytest.mark.parametrize("path", ["/", "/metrics"])
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
def test_changes_nothing(program: Watched, path: str, method: str) -> None:
    assert program.get(path, method=method).status == 405


@pytest.mark.parametrize("path", ["/", "/metrics"])
def test_a_head_has_no_body(program: Watched, path: str) -> None:
    shown = program.get(path, method="HEAD")

    assert (shown.status, shown.text) == (200, "")


@pytest.mark.parametrize("path", ["/hooks/site/token", "/page.css", "/../page.html", "/healthz", "/docs", "//"])
def test_has_nothing_else(program: Watched, path: str) -> None:
    assert program.get(path).status == 404


@pytest.mark.parametrize("path", ["/", "/metrics", "/nothing"])
def test_is_neither_kept_nor_framed_nor_guessed(program: Watched, path: str) -> None:
    headers = program.get(path).headers

    assert headers["cache-control"] == "no-store"
    assert headers["x-frame-options"] == "DENY"
    assert headers["x-content-type-options"] == "nosniff"
    assert "server" not in headers


def test_loads_and_runs_nothing_but_its_own_style(program: Watched) -> None:
    shown = program.get()

    (style,) = re.findall(r"<style>(.*?)</style>", shown.text, flags=re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert shown.headers["content-security-policy"] == (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    assert not re.search(r"<script|<link|<img|<form|<a |style=|\bon\w+=|https?:", shown.text)


# what it tells ---------------------------------------------------------------------------------------------------------
def test_tells_what_came_in_and_what_became_of_it(make: Make) -> None:
    program = make(bundle(), bundle(name="other", only={"name": "nobody"}))
    event = program.bench.accept(key="order-17")
    program.worker.work_once()

    shown = words(program)

    assert f"{event} 2026-03-01 12:00:00 site site.lead order-17 accepted leads: done , other: filtered" in shown
    assert "Times are in Europe/Moscow." in shown
    assert "Nothing has failed." in shown


def test_tells_what_has_failed_and_why(make: Make) -> None:
    program = make(bundle())
    program.bench.crm.replies = [answer(status=400)]
    event = program.bench.accept(key="order-17")
    program.worker.work_once()

    shown = words(program)

    assert f"{event} 2026-03-01 12:00:00 site site.lead order-17 leads step order: phone is wrong" in shown
    assert "1 failed" in shown


def test_tells_that_a_connection_is_paused_and_what_to_do(make: Make) -> None:
    program = make(bundle())
    program.bench.crm.replies = [answer(status=403)]
    program.bench.accept()
    program.worker.work_once()
    paused = words(program)
    program.bench.clock.sleep(100)
    program.worker.work_once()

    working = words(program)

    assert "1 paused" in paused
    assert "crm CRM paused since 2026-03-01 12:00:00 the key is refused Its deliveries wait. Mend the key" in paused
    assert "0 paused" in working
    assert "crm CRM ok" in working


def test_tells_that_a_connection_rests(make: Make) -> None:
    program = make(bundle(step(to=connection("broken")), name="a"))
    program.bench.services["broken"].replies = [DOWN] * 100
    for _ in range(FAILURES):
        program.bench.accept()
    program.worker.work_once()

    shown = words(program)

    assert "broken CRM rests nobody answers; deliveries wait until connection broken works again" in shown


def test_tells_what_waits_also_for_bundles_that_left_the_files(make: Make) -> None:
    program = make(bundle())
    program.bench.accept(to=("leads", "renamed"))
    program.bench.clock.sleep(89)

    shown = words(program)

    assert "2 waiting 0 running 1m 30s oldest waits" in shown
    assert "leads site.lead site 1 0 1m 30s" in shown
    assert "1 deliveries wait for the bundle renamed, which is not in the files." in shown


def test_tells_that_files_were_not_taken_over(make: Make) -> None:
    program = make(bundle())
    program.status.not_taken_over("the bundle files have 2 mistakes", START + timedelta(minutes=5))
    failed = words(program)
    program.status.taken_over(program.fresh_engine(), START + timedelta(minutes=6))

    mended = words(program)

    assert "at 2026-03-01 12:05:00 were not taken over : the bundle files have 2 mistakes." in failed
    assert "The bundles of 2026-03-01 12:00:00 stay in force." in failed
    assert "Taken over at 2026-03-01 12:06:00." in mended
    assert "not taken over" not in mended


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "deals 2026-03-01 11:50:00 10m 1s ok"),
        ({"held": True}, "deals 2026-03-01 11:50:00 10m 1s reading"),
        (
            {"error": "nobody answers", "failures": 2, "retry_at": START + timedelta(minutes=1)},
            "deals 2026-03-01 11:50:00 10m 1s failed 2 times nobody answers; tried again at 2026-03-01 12:01:00",
        ),
        ({"bundle": "other"}, "deals not yet"),
    ],
    ids=["complete", "under way", "failed", "never pulled"],
)
def test_tells_how_pulls_stand(make: Make, monkeypatch: pytest.MonkeyPatch, changes: Any, said: str) -> None:
    program = make(replace(bundle(name="deals"), pull=EVERY_10_MINUTES))
    ten_minutes_ago = START - timedelta(minutes=10)
    state = PullState("deals", "schedule", ten_minutes_ago, ten_minutes_ago, 0, None, None, False, None, None)  # noqa: FBT003
    monkeypatch.setattr(program.bench.store, "pull_states", lambda: [replace(state, **changes)])

    assert said in words(program)


def test_tells_that_the_store_does_not_work(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: Any, **__: Any) -> Any:
        raise StoreError("the disk is gone")

    program = make(bundle())
    for verb in ("figures", "glance", "pull_states", "writable"):
        monkeypatch.setattr(program.bench.store, verb, fails)

    shown = words(program)

    assert "no store takes events" in shown
    assert "The store could not be read just now" in shown


def test_says_that_a_dry_run_writes_nothing(make: Make) -> None:
    assert "dry run: nothing is written to the services" in words(make(bundle(), dry_run=True))


def test_a_page_that_cannot_be_made_says_so_and_the_log_says_why(
    make: Make, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def breaks(_: Page) -> str:
        raise ZeroDivisionError

    program = make(bundle())
    monkeypatch.setattr(Page, "text", breaks)

    shown = program.get()

    assert (shown.status, shown.text) == (500, "Something is wrong here; the log has more.\n")
    assert "ZeroDivisionError" in "".join(capsys.readouterr())


# what it never tells ---------------------------------------------------------------------------------------------------
def test_shows_nothing_of_a_person_and_no_secret(make: Make) -> None:
    program = make(bundle())
    program.bench.crm.replies = [answer(status=400), DOWN, DOWN, DOWN, answer(status=403)]
    person = {"name": "Анна Петрова", "phone": "+7 495 000-00-12", "email": "anna@example.com", "token": SECRET}
    for key in ("+74950000012", "8 (495) 000-00-12", "380440000012", "anna@example.com", "17"):
        program.bench.accept(person, key=key)
    program.worker.work_once()

    text = html.unescape(program.get().text)

    assert not [word for word in ("Анна", "Петрова", "anna", "495", "0012", "00-12", SECRET) if word in text]
    assert "•••" in text


def test_masks_people_in_reasons(make: Make) -> None:
    program = make(bundle(step(fields={"name": {"from": "phone", "required": True}})))
    program.bench.accept(key="17")
    program.worker.work_once()
    program.engine.circuits["crm"].refused("anna@example.com may not do that, call +7 495 000-00-12")

    text = program.get().text

    assert "paused since" in text
    assert "anna@" not in text
    assert "000-00" not in text


def test_what_strangers_wrote_stays_text(make: Make) -> None:
    program = make(bundle())
    program.bench.accept(key="<script>alert(1)</script>")
    program.engine.circuits["crm"].refused("<img src=x onerror=alert(1)>")

    text = program.get().text

    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert "&lt;img src=x" in text
    assert "<script" not in text
    assert "<img" not in text
