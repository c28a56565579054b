"""How long it takes until a lead is at the CRM, at an everyday load."""

import json
import tempfile
from pathlib import Path

from tests.acceptance.processes import running, wait_for
from tests.benchmarks.leads import FIRST
from tests.benchmarks.processes import load
from tests.benchmarks.programs import created, crm, daemon

ABOUT = "from when a webhook was due to when its order's call came in at the CRM, 50 webhooks a second"
_SECONDS = 10
_CONNECTIONS = 16
_RATE = 50
_WARM_UP = 0.2  # of the time is not counted


def run() -> dict[str, float]:
    """Measure the daemon once."""
    with tempfile.TemporaryDirectory() as name, crm(Path(name)) as service:
        program = daemon(Path(name), service.port)
        with running(program, "/readyz"):
            sent = load("paced", program.port, seconds=_SECONDS, connections=_CONNECTIONS, rate=_RATE)
            wait_for(lambda: len(created(service.port)) >= sent["answers"], "every lead is at the CRM")
            program.stop()
        found = created(service.port)
    if len(found) != sent["answers"]:
        raise AssertionError(f"{sent['answers']} leads were acknowledged, {len(found)} calls came in")
    waited = sorted(
        record["time"] - (sent["start"] + number / _RATE)
        for number, record in ((_number(record), record) for record in found)
        if number >= _RATE * _SECONDS * _WARM_UP
    )
    return {
        "lead to CRM p50, ms": waited[len(waited) // 2] * 1000,
        "lead to CRM p99, ms": waited[len(waited) * 99 // 100] * 1000,
    }


def _number(record: dict[str, dict[str, str]]) -> int:
    return int(json.loads(record["parameters"]["order"])["externalId"].removeprefix("utmstat-")) - FIRST
