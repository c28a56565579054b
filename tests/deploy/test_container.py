"""The container: nothing in it but what is locked or ours, nobody's secrets, and as few rights as the daemon needs."""

import json
import re
import shlex
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from apimonster_cli.cli.main import command_tree

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "deploy" / "Containerfile").read_text(encoding="utf-8")
LINES = [line for line in re.sub(r"\\\n", " ", TEXT).splitlines() if line and not line.startswith("#")]
SERVICE = YAML(typ="safe").load(ROOT / "deploy" / "compose.yaml")["services"]["apimonster"]


def lines(instruction: str) -> list[str]:
    return [line.removeprefix(instruction).strip() for line in LINES if line.startswith(f"{instruction} ")]


def test_only_what_is_locked_is_installed() -> None:
    asked = [re.split(r"&&", line) for line in lines("RUN")]
    pip = [part for line in asked for part in line if re.search(r"\bpip\b.* (install|wheel) ", part)]

    assert len(pip) == 4
    assert [part for part in pip if "--no-deps" not in part] == []
    assert [
        part for part in pip if not re.search(r"--no-index|--require-hashes --no-deps --only-binary :all:", part)
    ] == []
    assert lines("ADD") == []


def test_every_stage_begins_with_the_same_pinned_image() -> None:
    assert lines("FROM") == ["${BASE} AS build", "${BASE}"]
    assert re.fullmatch(r"BASE=python:3\.\d+-slim-\w+(@sha256:[0-9a-f]{64})?", lines("ARG")[0])


def test_what_is_copied_is_let_through_and_nothing_else_is() -> None:
    copied = {name for line in lines("COPY") if "--from" not in line for name in line.split()[:-1]}
    through = {
        line.removeprefix("!")
        for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
        if line.startswith("!")
    }

    assert copied == through
    assert [name for name in copied if not (ROOT / name).exists()] == []
    assert [name for name in copied if ".env" in name] == []


def test_it_runs_as_nobody_who_matters() -> None:
    (user,) = lines("USER")

    assert SERVICE["user"] == user
    assert all(int(number) >= 10000 for number in user.split(":"))
    assert lines("STOPSIGNAL") == ["SIGTERM"]


def test_compose_takes_away_what_the_daemon_does_not_need() -> None:
    assert SERVICE["read_only"] is True
    assert SERVICE["cap_drop"] == ["ALL"]
    assert SERVICE["security_opt"] == ["no-new-privileges:true"]
    assert int(SERVICE["stop_grace_period"].removesuffix("s")) >= 15
    assert [port for port in SERVICE["ports"] if not port.startswith("127.0.0.1:")] == []
    assert [f"{name}:" for name in ("environment", "privileged", "network_mode", "pid") if name in SERVICE] == []


def test_the_store_is_in_a_volume_and_the_bundles_cannot_be_written() -> None:
    (volume,) = lines("VOLUME")

    assert set(SERVICE["volumes"]) == {"./bundles:/etc/apimonster/bundles:ro", f"store:{volume}"}


def test_what_does_not_fit_into_memory_has_a_place() -> None:
    (volume,) = lines("VOLUME")

    assert f"SQLITE_TMPDIR={volume}" in " ".join(lines("ENV")).split()


def test_it_starts_the_daemon() -> None:
    words = json.loads(lines("ENTRYPOINT")[0]) + json.loads(lines("CMD")[0])

    assert words[0] == "apimonster"
    assert words[1] in command_tree().commands


PROXIED = {"HTTP_PROXY": "http://127.0.0.1:9", "http_proxy": "http://127.0.0.1:9"}  # as a container may be


def health_check(port: int) -> list[str]:
    """Return the container's health check, for a daemon on another port and with this Python."""
    command = json.loads(lines("HEALTHCHECK")[0].partition(" CMD ")[2])
    return [sys.executable if word == "python" else word.replace("8080", str(port)) for word in command]


@pytest.mark.parametrize(("status", "code"), [(200, 0), (503, 1), (None, 1)], ids=["alive", "unwell", "gone"])
def test_the_health_check_tells_a_living_daemon_from_none(status: int | None, code: int) -> None:
    asked: list[str] = []

    class Listener(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(status or 0)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Listener) as server:
        if status is None:
            server.server_close()
        else:
            threading.Thread(target=server.handle_request, daemon=True).start()
        checked = subprocess.run(health_check(server.server_port), env=PROXIED, capture_output=True, check=False)

    assert (checked.returncode, asked) == (code, ["/healthz"] if status else [])


def test_the_page_builds_it_by_files_that_exist() -> None:
    page = (ROOT / "docs" / "running.md").read_text(encoding="utf-8")
    (build,) = re.findall(r"^docker build .*$", page, re.MULTILINE)

    words = shlex.split(build)

    assert words[words.index("--tag") + 1] == SERVICE["image"]
    assert (ROOT / words[words.index("--file") + 1]).samefile(ROOT / "deploy" / "Containerfile")
    assert words[-1] == "."
    assert f"# {build}" in TEXT


def test_the_page_has_the_settings_of_the_volume_and_of_the_port() -> None:
    page = (ROOT / "docs" / "running.md").read_text(encoding="utf-8")
    found: list[Any] = [
        YAML(typ="safe").load(text) for text in re.findall(r"^```yaml\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    ]

    settings = [block["settings"] for block in found if block and "listen" in block.get("settings", {})]

    assert settings == [{"listen": "0.0.0.0:8080", "store": f"sqlite:///{lines('VOLUME')[0]}/apimonster.db"}]
