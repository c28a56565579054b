"""`sync pull` outlives SIGKILL: the same command goes on, and each deal is exactly one order."""

import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.acceptance.joined import parts
from tests.acceptance.oracle import Row, World, complaints
from tests.acceptance.processes import get, running, sandbox, wait_for
from tests.acceptance.storm import STORE, holdings

DEALS = 400
FAULTS = "latency=10ms,lost=0.03,500=0.02,echo=0.02"
BUNDLES = """\
version: 1
connections:
  deals: {{type: calltouch, site_id: 12345, token: "${{CALLTOUCH_KEY}}", url: "{url}"}}
  crm: {{type: retailcrm, url: "{url}", api_key: "${{CRM_KEY}}", site: main, rate: 100/s}}
bundles:
  deals:
    source: {{event: calltouch.order, every: 10m, params: {{withAllOrderOrigins: true, limit: 20}}}}
    steps:
      - action: retailcrm.create_order
        retry: {{backoff: 200ms}}
        fields: {{externalId: "ct-{{{{ service or 'own' }}}}-{{{{ orderNumber }}}}", phone: client.phones}}
"""


@pytest.mark.acceptance
@pytest.mark.parametrize("how", [(), ("--bulk",)], ids=["one by one", "bulk"])
def test_a_backfill_that_was_killed_goes_on(
    tmp_path: Path, request: pytest.FixtureRequest, how: tuple[str, ...]
) -> None:
    seed = str(request.config.getoption("--seed"))
    service = sandbox(tmp_path, faults=FAULTS, seed=int(seed), more=["--deals", str(DEALS)])
    (tmp_path / "bundles.yaml").write_text(BUNDLES.format(url=f"http://127.0.0.1:{service.port}"), encoding="utf-8")

    with running(service, "/sandbox/health"):
        for made in (30, 150):
            killed = start(tmp_path, *how)
            wait_for(lambda made=made: len(holdings(service).orders) >= made, f"{made} orders")  # type: ignore[misc]
            killed.send_signal(signal.SIGKILL)
            killed.wait()
        codes = [start(tmp_path, *how).wait(100)]
        while codes[-1] and len(codes) < 5:  # what a fault put off is delivered by the next run
            codes.append(start(tmp_path, *how).wait(100))
        held = holdings(service)
        _, diary = get(service.port, "/sandbox/calltouch/deals")

    log = (tmp_path / "pull.log").read_text()
    assert codes[-1] == 0, log
    wanted: dict[str, Row] = {f"ct-{deal['service'] or 'own'}-{deal['orderNumber']}": {} for deal in diary["deals"]}
    assert len(wanted) == len(held.orders) == DEALS
    assert complaints(World(tmp_path / STORE, held, wanted, same="externalId", elsewhere=frozenset())) == []
    assert any(parts(request) for request in held.requests) == bool(how)


def start(folder: Path, *how: str) -> "subprocess.Popen[bytes]":
    """Start `sync pull` over all that the diary has."""
    since = (datetime.now(UTC) - timedelta(days=9)).date().isoformat()
    with (folder / "pull.log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "apimonster_cli", "pull", "deals", "--from", since, *how],
            cwd=folder,
            stdout=log,
            stderr=log,
        )
