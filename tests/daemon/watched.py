"""A store, an engine over scripted services, a worker that is driven by hand, and page and metrics over all of it on a free port."""

import http.client
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from apimonster_cli.bundles.model import Bundle
from apimonster_cli.daemon.admin.serve import AdminFront
from apimonster_cli.daemon.health import Health
from apimonster_cli.daemon.status import Status
from apimonster_cli.daemon.worker import Worker
from apimonster_cli.engine.deliver import Engine
from tests.engine.support import Bench, bench


@dataclass(frozen=True)
class Shown:
    """What came back."""

    status: int
    text: str
    headers: Mapping[str, str]


class Watched:
    """A program as page and metrics see it. status, engine: as the supervisor would hold them."""

    def __init__(self, made: Bench, *, dry_run: bool = False) -> None:
        self.bench = made
        self.front = AdminFront(("127.0.0.1", 0))
        self.counters = self.front.counters
        self.counters.expect(made.config.bundles.values())
        self.engine = self.fresh_engine(dry_run=dry_run)
        self.status = Status(self.engine, made.clock.now())
        self.health = Health(made.store, made.clock, self.status.pauses)
        self.worker = Worker(made.store, self.engine, made.clock, name="w", workers=4, meter=self.counters)
        self.front.start(made.store, self.status, self.health, made.clock)

    def fresh_engine(self, *, dry_run: bool = False) -> Engine:
        """Return an engine as a reload makes it."""
        made = self.bench
        return Engine(
            made.store, made.config, made.services.__getitem__, made.clock, dry_run=dry_run, meter=self.counters
        )

    def get(self, path: str = "/", *, method: str = "GET", host: str | None = None) -> Shown:
        """Return the answer to one request; host: what it says it is for."""
        with closing(http.client.HTTPConnection("127.0.0.1", self.front.address[1], timeout=20)) as connection:
            connection.request(method, path, headers={} if host is None else {"Host": host})
            answer = connection.getresponse()
            text = answer.read().decode()
            return Shown(answer.status, text, {name.lower(): value for name, value in answer.getheaders()})

    def figures(self) -> dict[str, float]:
        """Return every sample of /metrics: `name{label="value"}`, our prefix left out → number."""
        self.bench.clock.sleep(1)  # what was read a moment ago would be told again
        return samples(self.get("/metrics").text)


def samples(text: str) -> dict[str, float]:
    """Return the samples of a page of metrics by name and labels, our prefix left out."""
    found: dict[str, float] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels = ",".join(f"{name}={value}" for name, value in sorted(sample.labels.items()))
            found[sample.name.removeprefix("apimonster_") + (f"{{{labels}}}" if labels else "")] = sample.value
    return found


@contextmanager
def watched(folder: Path, *bundles: Bundle, dry_run: bool = False) -> Iterator[Watched]:
    """Yield the whole for the length of a block."""
    with bench(folder, *bundles, dry_run=dry_run) as made:
        program = Watched(made, dry_run=dry_run)
        try:
            yield program
        finally:
            program.front.stop(5)
