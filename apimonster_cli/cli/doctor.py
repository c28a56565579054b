"""`sync doctor`: whether everything is as it should be."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from apimonster_cli.cli import output
from apimonster_cli.cli.boundary import WORK_FAILED
from apimonster_cli.cli.check import summary
from apimonster_cli.cli.opening import AsJson, Files, store_beside
from apimonster_cli.core.clock import SystemClock
from apimonster_cli.core.errors import StoreError

if TYPE_CHECKING:
    from apimonster_cli.bundles.load import Loaded
    from apimonster_cli.bundles.model import Config
    from apimonster_cli.core.call import Answer
    from apimonster_cli.daemon.doctor import Finding, Level


def command(files: Files = None, *, as_json: AsJson = False) -> int:
    """Look at files, keys, rights, clock, disk, permissions, addresses and deliveries, and say what to do about each.

    Exit code 1 when something does not work; what is only worth a look does not count.
    """
    from apimonster_cli.bundles.load import load

    loaded = load(files, environ=os.environ, cwd=Path.cwd())
    found: list[Finding] = []
    for finding in look(loaded):
        found.append(finding)
        if not as_json:
            _print(finding)
    failed = sum(finding.level == "fail" for finding in found)
    if as_json:
        output.document({"ok": not failed, "findings": [_as_object(finding) for finding in found]})
    else:
        warned = sum(finding.level == "warn" for finding in found)
        output.say(f"{len(found)} looked at, {failed} not working, {warned} worth a look")
    return WORK_FAILED if failed else 0


def look(loaded: "Loaded") -> "Iterator[Finding]":
    """Look at one thing after the other; the rest is left out when the files have errors."""
    from apimonster_cli.daemon import doctor
    from apimonster_cli.daemon.clients import Clients
    from apimonster_cli.store.lock import is_taken
    from apimonster_cli.store.open import store_path

    yield _bundles(loaded)
    config = loaded.config
    if config is None or loaded.draft is None:
        return
    clock = SystemClock()
    yield from doctor.services(config, loaded.draft, Clients(config, clock).of, clock)
    path = store_path(config.settings.store, config.base)
    yield from doctor.files(config, path)
    yield from doctor.addresses(config, daemon=is_taken(path), ask=lambda address, what: _get(config, address, what))
    try:
        with store_beside(config) as store:
            yield from doctor.work(config, store, clock.now())
    except StoreError as error:
        yield doctor.Finding("store", "fail" if path.exists() else "warn", str(error))


def _bundles(loaded: "Loaded") -> "Finding":
    from apimonster_cli.daemon.doctor import Finding

    errors = sum(problem.severity == "error" for problem in loaded.problems)
    said = summary(loaded, errors, len(loaded.problems) - errors)
    level: Level = "fail" if errors else "warn" if loaded.problems else "ok"
    return Finding("files", level, said, "sync check shows them" if loaded.problems else None)


def _get(config: "Config", address: str, path: str) -> "Answer":
    from apimonster_cli.core.call import Request
    from apimonster_cli.transport.client import Client

    client = Client("own", address, headers={}, rate=None, timeout=10.0, redactor=config.redactor, clock=SystemClock())
    try:
        return client.send(Request("GET", path))
    finally:
        client.close()


def _print(finding: "Finding") -> None:
    output.marked(finding.level, f"{'  ' if finding.level == 'ok' else ''}{finding.about}: {finding.said}")
    if finding.advice:
        output.say(f"      → {finding.advice}")


def _as_object(finding: "Finding") -> dict[str, str | None]:
    return {"about": finding.about, "level": finding.level, "said": finding.said, "advice": finding.advice}
