"""docs/metrics.md names every metric with its labels, and no other."""

import re
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from tests.daemon.watched import watched
from tests.engine.support import answer, bundle

PAGE = (Path(__file__).parents[2] / "docs" / "metrics.md").read_text(encoding="utf-8")


def test_the_tables_are_those_of_the_program(tmp_path: Path) -> None:
    with watched(tmp_path, bundle()) as program:
        told = program.counters
        told.event("site", "site.lead", "accepted")
        told.refused("site", 404)
        told.delivered("leads", "done", 1.0)
        told.put_off("leads")
        told.called("crm", "crm.put", "answered", 200, 1.0)
        program.bench.crm.replies = [answer(status=403)]
        program.bench.accept()
        program.worker.work_once()
        found = labels(program.get("/metrics").text)
    pulls = {"apimonster_pull_lag_seconds": {"bundle"}, "apimonster_pull_failures": {"bundle"}}

    rows = re.findall(r"^\| `(apimonster_\w+)` \| ([\w, ]*) ?\|", PAGE, re.MULTILINE)
    assert {name: set(filter(None, names.strip().split(", "))) for name, names in rows} == found | pulls


def test_every_metric_that_an_alarm_looks_at_is_there() -> None:
    (alarms,) = re.findall(r"^```yml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    listed = set(re.findall(r"^\| `(apimonster_\w+)`", PAGE, re.MULTILINE))

    asked = set(re.findall(r"apimonster_\w+", alarms))

    assert len(asked) > 5
    assert asked <= listed


def labels(text: str) -> dict[str, set[str]]:
    """Return metric → its labels, those of our own alone; a counter by the name of its sample, a histogram by its own."""
    found: dict[str, set[str]] = {}
    for family in text_string_to_metric_families(text):
        name = f"{family.name}_total" if family.type == "counter" else family.name
        for sample in family.samples:
            found.setdefault(name, set()).update(sample.labels.keys() - {"le"})
    return {name: names for name, names in found.items() if name.startswith("apimonster_")}
