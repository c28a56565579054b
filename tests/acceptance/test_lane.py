"""New leads go before the events that `sync replay` delivers again, however many of those still wait."""

from pathlib import Path

import pytest

from tests.acceptance.oracle import complaints
from tests.acceptance.processes import Program, lead_payload, running, sandbox, wait_for
from tests.acceptance.storm import STORE, Sender, daemon, ended, holdings, requests, still_open, world

REPLAYED = 120
SLOW = 10  # calls a second, as RetailCRM takes them
QUICK = 1000
NEW = range(1001, 1031)
MADE = "/api/v5/orders/create"
LOOKED_FOR = "/api/v5/orders/utmstat-"  # how a replay begins: it looks for its order, and finds it

pytestmark = pytest.mark.acceptance


def test_new_leads_become_orders_while_most_replays_wait(tmp_path: Path) -> None:
    crm = sandbox(tmp_path)
    program = daemon(tmp_path, crm, QUICK)
    replay = Program(["replay", "--since", "1d", "--yes", "--json"], tmp_path, program.port)
    sender = Sender(program.port)

    with running(crm, "/sandbox/health"):
        with running(program, "/readyz"):
            for lead in range(1, REPLAYED + 1):
                sender.post(lead_payload(lead))
            wait_for(lambda: ended(tmp_path) == REPLAYED, "every lead is delivered")
            program.stop()
        before = requests(crm, "last=1")["total"]
        change_rate(tmp_path, QUICK, SLOW)
        with running(program, "/readyz"):
            replay.launch()
            code = replay.ended()
            wait_for(lambda: ended(tmp_path) > 0, "a replay is done")
            for lead in NEW:
                sender.post(lead_payload(lead))
            wait_for(lambda: len(holdings(crm).orders) == REPLAYED + len(NEW), "every new lead is an order")
            program.stop()
        change_rate(tmp_path, SLOW, QUICK)
        with running(program, "/readyz"):
            wait_for(lambda: still_open(tmp_path) == 0, "every delivery has ended")
            program.stop()
        held = holdings(crm)

    assert code == 0, replay.log()
    paths = [request["path"] for request in held.requests if request["number"] > before]
    first, last = paths.index(MADE), len(paths) - 1 - paths[::-1].index(MADE)
    between = {path for path in paths[first:last] if path.startswith(LOOKED_FOR)}
    afterwards = {path for path in paths[last:] if path.startswith(LOOKED_FOR)}
    assert any(path.startswith(LOOKED_FOR) for path in paths[:first])
    assert len(between) < len(NEW) / 2  # those claimed before; by turns it would be one for each lead
    assert len(afterwards) > REPLAYED / 2
    assert complaints(world(tmp_path / STORE, held, sender.acknowledged)) == []


def change_rate(folder: Path, old: int, new: int) -> None:
    """Let the daemon make so many calls a second when it starts next."""
    file = folder / "bundles.yaml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace(f"rate: {old}/s", f"rate: {new}/s"), encoding="utf-8")
