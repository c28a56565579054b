import errno
import io
import json
import threading
from typing import Any

import pytest
import structlog

from apimonster_cli.core import log
from apimonster_cli.core.redact import MASK, Redactor


def test_writes_json_lines_to_stderr_with_secrets_masked(capsys: pytest.CaptureFixture[str]) -> None:
    log.configure(Redactor(["s3cret-token"]), json_lines=True)

    log.get().info("delivered", event_id=7, url="https://crm.example.org/?key=s3cret-token")

    written = capsys.readouterr()
    line = json.loads(written.err)
    assert written.out == ""
    assert (line["message"], line["event_id"], line["url"]) == ("delivered", 7, f"https://crm.example.org/?key={MASK}")


def test_masks_secrets_in_tracebacks(capsys: pytest.CaptureFixture[str]) -> None:
    log.configure(Redactor(["s3cret-token"]), json_lines=False)

    try:
        raise RuntimeError("s3cret-token in a message")
    except RuntimeError:
        log.get().exception("failed")

    written = capsys.readouterr().err
    assert "failed" in written
    assert "s3cret-token" not in written


def test_a_stream_that_cannot_be_written_costs_the_line_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    class FullAtFirst(io.StringIO):
        full = True

        def write(self, text: str) -> int:
            if self.full:
                raise OSError(errno.ENOSPC, "No space left on device")
            return super().write(text)

    stream = FullAtFirst()
    monkeypatch.setattr("sys.stderr", stream)
    log.configure(Redactor(), json_lines=True)

    log.get().error("lost")
    stream.full = False
    log.get().error("written")

    assert [json.loads(line)["message"] for line in stream.getvalue().splitlines()] == ["written"]


def test_writes_each_line_at_once_so_that_threads_do_not_mix_theirs(monkeypatch: pytest.MonkeyPatch) -> None:
    class Pieces(io.StringIO):
        def __init__(self) -> None:
            super().__init__()
            self.written: list[str] = []

        def write(self, text: str) -> int:
            self.written.append(text)
            return len(text)

    stream = Pieces()
    monkeypatch.setattr("sys.stderr", stream)
    log.configure(Redactor(), json_lines=True)

    log.get().info("one")

    assert [piece.endswith("\n") for piece in stream.written] == [True]


def test_no_thread_writes_before_logging_is_set_up(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    structlog.reset_defaults()
    set_up, beginning, go_on = log._configure, threading.Event(), threading.Event()

    def slowly(*given: Any, **named: Any) -> None:
        beginning.set()
        go_on.wait(10)
        set_up(*given, **named)

    monkeypatch.setattr(log, "_configure", slowly)
    log.configure(Redactor(["s3cret-token"]), json_lines=True)
    first = threading.Thread(target=lambda: log.get().info("first s3cret-token"))
    second = threading.Thread(target=lambda: log.get().info("second s3cret-token"))
    first.start()
    beginning.wait(10)
    second.start()
    second.join(0.1)  # long enough for a line, were it not to wait
    go_on.set()
    first.join()
    second.join()

    written = capsys.readouterr()
    assert written.out == ""
    assert sorted(json.loads(line)["message"] for line in written.err.splitlines()) == [
        f"first {MASK}",
        f"second {MASK}",
    ]


def test_shows_no_phone_and_no_email(capsys: pytest.CaptureFixture[str]) -> None:
    log.configure(Redactor(["74950000099"]), json_lines=True)

    try:
        raise RuntimeError("write to ivan@example.com")
    except RuntimeError:
        log.get().exception(
            "failed", error='phone "74950000012" is not valid', object="74950000013", event_id=74950000014
        )
    log.get().info("refused", reason="token 74950000099, call +7 495 000-00-12", until="2026-03-01T12:00:00+03:00")

    failed, refused = map(json.loads, capsys.readouterr().err.splitlines())
    assert (failed["error"], failed["object"]) == ('phone "7495•••••12" is not valid', "7495•••••13")
    assert failed["event_id"] == 74950000014
    assert failed["exception"].endswith("RuntimeError: write to i•••@example.com")
    assert refused["reason"] == f"token {MASK}, call +7 495 •••-••-12"
    assert refused["until"] == "2026-03-01T12:00:00+03:00"
