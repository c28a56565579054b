"""`sync demo`: the whole system on this machine, as a user starts it."""

import os
import signal
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from apimonster_cli.cli import demo
from apimonster_cli.cli.leads import Posting
from apimonster_cli.store.rows import DeliveryRow

DEMO = [sys.executable, "-m", "apimonster_cli", "demo"]


def play(folder: Path, *arguments: str, environ: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*DEMO, *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
        env={**os.environ, "TMPDIR": str(folder), **(environ or {})},
    )


@pytest.mark.acceptance
def test_every_sample_becomes_its_order_also_behind_a_proxy(folder: Path) -> None:
    proxy = {"HTTP_PROXY": "http://127.0.0.1:9", "http_proxy": "http://127.0.0.1:9", "ALL_PROXY": "http://127.0.0.1:9"}

    done = play(folder, environ=proxy)

    assert done.returncode == 0, done.stderr
    rows = [line.split() for line in done.stdout.splitlines() if line.split()[:1] and line.split()[0].isdigit()]
    assert "12 orders expected, 12 in the CRM: 0 missing, 0 there twice" in done.stdout
    assert [row[3] for row in rows if len(row) > 3 and row[1] != "events,"] == ["done"] * 15
    assert list(folder.iterdir()) == []


@pytest.mark.acceptance
def test_made_up_leads_become_orders_too(folder: Path) -> None:
    done = play(folder, "--leads", "40")

    assert done.returncode == 0, done.stderr
    assert "55 events, 52 orders expected, 52 in the CRM: 0 missing, 0 there twice" in done.stdout
    assert "… and 15 more" in done.stdout


@pytest.mark.acceptance
def test_kept_running_until_it_is_stopped(folder: Path) -> None:
    playing = subprocess.Popen(
        [*DEMO, "--keep"], stdout=subprocess.PIPE, text=True, env={**os.environ, "TMPDIR": str(folder)}
    )
    try:
        told = list(_until(playing, "Ctrl-C"))
        address = next(line.split()[-1] for line in told if "/hooks/site-leads/" in line)
        with urllib.request.urlopen(address, timeout=10) as answer:  # noqa: S310 - an address on loopback
            status = answer.status
        playing.send_signal(signal.SIGINT)
        code = playing.wait(30)
    finally:
        playing.kill()
        playing.communicate()

    assert status == 200
    assert code == 0
    assert list(folder.iterdir()) == []


def _until(playing: "subprocess.Popen[str]", words: str) -> Iterator[str]:
    assert playing.stdout
    for line in playing.stdout:
        yield line
        if words in line:
            return


class _NoDeliveries:
    def deliveries(self, _event_id: int) -> list[DeliveryRow]:
        return []


@pytest.mark.parametrize(
    ("in_crm", "code", "words"),
    [("ab", 0, "0 missing, 0 there twice"), ("a", 1, "missing: b"), ("aba", 1, "there twice: a")],
    ids=["all there", "one missing", "one doubled"],
)
def test_the_verdict_is_about_what_was_sent(
    capsys: pytest.CaptureFixture[str], in_crm: str, code: int, words: str
) -> None:
    sent = [demo.Sent(Posting("site-leads", "utmstat.new_lead", {}, name), 1) for name in ("a", "b")]
    sent.append(demo.Sent(Posting("site-leads", "utmstat.contact_scored", {}), 2))

    failed = demo.report(sent, _NoDeliveries(), [{"externalId": name} for name in in_crm], 1.0)  # type: ignore[arg-type]

    assert failed == bool(code)
    assert words in capsys.readouterr().out


def test_the_folder_is_gone_even_when_the_stage_cannot_be_set(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from apimonster_cli.cli import stage

    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    monkeypatch.setattr(stage, "example_file", lambda: folder / "missing.yaml")

    with pytest.raises(FileNotFoundError), stage.stage(rate="10/s"):
        pass

    assert list(folder.iterdir()) == []
