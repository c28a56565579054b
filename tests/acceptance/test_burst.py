"""The daily burst of scored contacts, thousands within seconds, does not hold up a new lead."""

import http.client
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.canaries import ALL, Search
from tests.acceptance.processes import (
    TOKEN,
    Program,
    delivery_states,
    free_port,
    get,
    lead_payload,
    running,
    sandbox,
    wait_for,
)

SCORED = 10_000
RATE = 10  # calls a second, as RetailCRM takes them
LATE = 5  # seconds of calls at that rate: counted in calls, so that a busy machine changes nothing
SENDERS = 8

BUNDLES = """\
version: 1
settings: {{listen: "127.0.0.1:{port}"}}
connections:
  site-leads: {{type: utmstat, token: "${{LEADS_HOOK}}"}}
  crm: {{type: retailcrm, url: "{crm}", api_key: "${{CRM_KEY}}", site: main, rate: {rate}/s}}
bundles:
  scoring:
    source: {{event: utmstat.contact_scored}}
    steps:
      - id: last
        action: retailcrm.find_order
        fields: {{phone: contact.phone}}
      - action: retailcrm.edit_order
        filter: {{steps.last.id: {{exists: true}}}}
        fields: {{id: steps.last.id, managerComment: "{{{{ scoring.interest_rate }}}}"}}
  leads:
    source: {{event: utmstat.new_lead}}
    steps:
      - id: known
        action: retailcrm.find_order
        fields: {{phone: contact.phone}}
      - action: retailcrm.create_order
        fields: {{externalId: "utmstat-{{{{ id }}}}", firstName: contact.name, phone: contact.phone}}
"""


@pytest.mark.acceptance
def test_a_lead_overtakes_ten_thousand_scored_contacts(tmp_path: Path) -> None:
    crm = sandbox(tmp_path)
    program = daemon(tmp_path, crm)

    with running(crm, "/sandbox/health"), running(program, "/readyz"):
        with ThreadPoolExecutor(SENDERS) as pool:
            answers = [pool.submit(post_scored, program.port, first) for first in range(SENDERS)]
            calls_in_the_middle = post_lead(program.port, crm, 1)
            statuses = [status for answer in answers for status in answer.result()]
        calls_at_the_end = post_lead(program.port, crm, 2)
        left = delivery_states(tmp_path)["waiting"]

    assert list(Search(ALL).folder(tmp_path)) == []
    assert statuses == [200] * SCORED
    assert left > SCORED / 2
    assert calls_in_the_middle <= LATE * RATE
    assert calls_at_the_end <= LATE * RATE


def daemon(folder: Path, crm: Program) -> Program:
    """Return the daemon with both bundles as a program."""
    port = free_port()
    text = BUNDLES.format(port=port, crm=f"http://127.0.0.1:{crm.port}", rate=RATE)
    (folder / "bundles.yaml").write_text(text, encoding="utf-8")
    return Program(["run", "bundles.yaml"], folder, port)


def post_scored(port: int, first: int) -> list[int]:
    """Post every eighth scored contact, from `first` on, over one connection; return the statuses."""
    sender = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    statuses = [post(sender, scored_payload(contact)) for contact in range(first, SCORED, SENDERS)]
    sender.close()
    return statuses


def post_lead(port: int, crm: Program, lead: int) -> int:
    """Post a lead; return how many calls the CRM saw from its acknowledgement to its order."""
    sender = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    assert post(sender, lead_payload(lead)) == 200
    sender.close()
    _, journal = get(crm.port, "/sandbox/requests?last=1")
    acknowledged = journal["total"]

    def created() -> list[dict[str, Any]]:
        _, found = get(crm.port, "/sandbox/requests?path=/api/v5/orders/create")
        return [row for row in found["requests"] if f'"utmstat-{lead}"' in row["parameters"]["order"]]

    wait_for(lambda: bool(created()), f"lead {lead} has become an order")
    return int(created()[0]["number"]) - int(acknowledged)


def post(sender: http.client.HTTPConnection, payload: dict[str, Any]) -> int:
    body = json.dumps(payload).encode()
    sender.request("POST", f"/hooks/site-leads/{TOKEN}", body, {"Content-Type": "application/json"})
    answer = sender.getresponse()
    answer.read()
    return answer.status


def scored_payload(contact: int) -> dict[str, Any]:
    """Return the score of one contact."""
    return {
        "event_name": "contact_scoring",
        "contact": {"id": contact, "name": f"Клиент {contact}", "phone": f"7495{contact:07d}"},
        "scoring": {"interest_rate": contact % 101, "recommendation": "Позвонить"},
        "crm": {"leads": []},
    }
