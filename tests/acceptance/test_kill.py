"""Acknowledged leads outlive SIGKILL and a CRM that misbehaves: each is exactly one order."""

import random
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from apimonster_cli.connectors.retailcrm.external_id import derive
from tests.acceptance.canaries import SECRETS
from tests.acceptance.oracle import World, complaints
from tests.acceptance.processes import daemon, delivery_states, lead_payload, running, sandbox, wait_for
from tests.acceptance.storm import STORE, Sender, holdings

LEADS = 500
KILLS = 5


@pytest.mark.parametrize("external_id", ['externalId: "utmstat-{{ id }}"', "# derived"], ids=["mapped", "derived"])
def test_each_acknowledged_lead_is_exactly_one_order(
    tmp_path: Path, request: pytest.FixtureRequest, external_id: str
) -> None:
    seed = int(request.config.getoption("--seed"))
    draw = random.Random(seed)
    kill_at = sorted(draw.sample(range(20, LEADS - 20), KILLS))
    crm = sandbox(tmp_path, faults="lost=0.05,500=0.1,reset=0.02,limit=0.03", seed=seed)
    program = daemon(tmp_path, crm, external_id=external_id)
    sender = Sender(program.port)
    leads = list(range(1, LEADS + 1))
    name = "utmstat-{}".format if external_id.startswith("externalId") else derived
    draw.shuffle(leads)

    with running(crm, "/sandbox/health"), running(program, "/readyz"):
        with ThreadPoolExecutor(8) as pool:
            posting = [pool.submit(sender.post, lead_payload(lead)) for lead in leads]
            for count in kill_at:
                wait_for(lambda count=count: len(sender.acknowledged) >= count, f"{count} leads acknowledged")  # type: ignore[misc]
                threading.Event().wait(draw.uniform(0, 0.2))
                program.kill()
                program.start("/readyz")
            for posted in posting:
                posted.result()
        wait_for(
            lambda: not {"waiting", "running"} & delivery_states(tmp_path).keys(),
            "every delivery is closed",
            seconds=120,
        )
        held = holdings(crm)
        exit_code = program.stop()

    wanted = {
        name(lead): {
            "phone": f"7495{lead:07d}",
            "firstName": f"Клиент {lead}",
            "managerComment": f"Заявка {lead}",
            "customerComment": SECRETS["PROMO"],
        }
        for lead in leads
    }
    world = World(tmp_path / STORE, held, wanted, frozenset(sender.acknowledged))
    assert complaints(world) == []
    assert len(sender.acknowledged) == LEADS
    assert exit_code == 0


def derived(lead: int) -> str:
    """Return the externalId that is made for a lead without one."""
    return derive(f"leads/create_order/{lead}")
