"""Acknowledged leads outlive SIGKILL and a CRM that misbehaves: each is exactly one order."""

import random
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.acceptance.processes import Sender, daemon, delivery_states, orders, running, sandbox, wait_for

LEADS = 500
KILLS = 5


@pytest.mark.timeout(300)
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
    draw.shuffle(leads)

    with running(crm, "/sandbox/health"), running(program, "/readyz"):
        with ThreadPoolExecutor(8) as pool:
            posting = [pool.submit(sender.post, lead) for lead in leads]
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
        made = Counter(order["phone"] for order in orders(crm))
        exit_code = program.stop()

    assert sorted(sender.acknowledged) == sorted(leads)
    assert delivery_states(tmp_path) == {"done": LEADS}
    assert made == Counter({f"7495{lead:07d}": 1 for lead in leads})
    assert exit_code == 0
