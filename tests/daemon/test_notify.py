"""What the service manager is told."""

import os
import socket
from pathlib import Path

import pytest

from apimonster_cli.daemon.notify import notify, watchdog_seconds


def test_without_a_service_manager_nothing_is_sent() -> None:
    assert not notify("READY=1")


@pytest.mark.parametrize("abstract", [False, True])
def test_sends_the_state_to_the_socket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, abstract: bool) -> None:
    name = f"@{tmp_path}" if abstract else str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(name.replace("@", "\0", 1))
        manager.settimeout(10)
        monkeypatch.setenv("NOTIFY_SOCKET", name)

        told = notify("READY=1")

        assert told
        assert manager.recv(100) == b"READY=1"


def test_a_service_manager_that_is_gone_stops_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "gone"))

    assert not notify("READY=1")


def test_reports_twice_in_the_time_that_the_watchdog_allows(monkeypatch: pytest.MonkeyPatch) -> None:
    assert watchdog_seconds() is None
    monkeypatch.setenv("WATCHDOG_USEC", "30000000")

    assert watchdog_seconds() == 15


def test_a_watchdog_meant_for_another_process_is_not_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WATCHDOG_USEC", "30000000")
    monkeypatch.setenv("WATCHDOG_PID", str(os.getpid() + 1))

    assert watchdog_seconds() is None
