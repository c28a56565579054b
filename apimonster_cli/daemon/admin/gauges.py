"""How things stand at the moment that Prometheus asks: read off the store and the running program, kept nowhere."""

import platform
from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import datetime

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from apimonster_cli import __version__
from apimonster_cli.bundles.model import Config
from apimonster_cli.core.clock import Clock
from apimonster_cli.daemon.admin.counters import NONE
from apimonster_cli.daemon.admin.look import Look, Looks
from apimonster_cli.daemon.health import Health
from apimonster_cli.daemon.status import Status
from apimonster_cli.engine.circuit import Circuits

Series = Mapping[tuple[str, ...], float]


class Gauges(Collector):
    """Figures of the present moment. Where the store cannot be read, its figures are left out and the others are told."""

    def __init__(self, status: Status, health: Health, looks: Looks, clock: Clock) -> None:
        self._status = status
        self._health = health
        self._looks = looks
        self._clock = clock

    def collect(self) -> Iterator[Metric]:
        """Return every figure, for the registry."""
        yield from self._program()
        look, engine = self._looks.last(), self._status.engine
        yield from _connections(engine.config, engine.circuits)
        yield from _queues(engine.config, look, self._clock.now())
        yield from _pulls(engine.config, look, self._clock.now())

    def _program(self) -> Iterator[Metric]:
        status = self._status
        yield _gauge(
            "build_info",
            "What runs; always 1.",
            ("version", "python"),
            {(__version__, platform.python_version()): 1},
        )
        yield _one("store_writable", "Whether a commit works right now.", self._health.writable())
        yield _one(
            "last_reload_successful",
            "Whether the files were taken over when they were read last.",
            status.reload_failed_at is None,
        )
        tried = status.reload_failed_at or status.taken_over_at
        yield _one("last_reload_timestamp_seconds", "When the files were read last.", tried.timestamp())


def _connections(config: Config, circuits: Circuits) -> Iterator[Metric]:
    called = [name for name, connection in config.connections.items() if connection.connector.url is not None]
    pauses = {pause.connection: pause.since for pause in circuits.pauses()}
    yield _gauge(
        "connection_paused",
        "Whether deliveries wait for a working key.",
        ("connection",),
        {(name,): name in pauses for name in called},
    )
    yield _gauge(
        "connection_paused_timestamp_seconds",
        "Since when deliveries wait for a working key.",
        ("connection",),
        {(name,): since.timestamp() for name, since in pauses.items()},
    )
    yield _gauge(
        "connection_resting",
        "Whether no calls are made for a while, or one on trial: too many failed, or the key is refused.",
        ("connection",),
        {(name,): circuits[name].resting for name in called},
    )


def _queues(config: Config, look: Look, now: datetime) -> Iterator[Metric]:
    if look.figures is None:
        return
    opened: defaultdict[tuple[str, ...], float] = defaultdict(float)
    ages: defaultdict[tuple[str, ...], float] = defaultdict(float, {(bundle,): 0.0 for bundle in config.bundles})
    for name in config.bundles:
        opened[name, "waiting"] = opened[name, "running"] = 0.0
    for name, queue in look.figures.queues.items():
        label = name if name in config.bundles else NONE  # of a bundle that has left the files
        opened[label, "waiting"] += queue.waiting
        opened[label, "running"] += queue.running
        age = (now - queue.oldest).total_seconds() if queue.oldest else 0.0
        ages[label,] = max(ages[label,], age)
    yield _gauge("deliveries_open", "Deliveries that have not ended.", ("bundle", "state"), opened)
    yield _gauge(
        "deliveries_oldest_age_seconds",
        "For how long the oldest open delivery has been there, but for those that nobody waits for.",
        ("bundle",),
        ages,
    )
    yield _one("deliveries_failed", "Failed deliveries in the store: they wait for a person.", look.figures.failed)


def _pulls(config: Config, look: Look, now: datetime) -> Iterator[Metric]:
    pulls = [state for state in look.pulls if state.bundle in config.bundles and config.bundles[state.bundle].pull]
    yield _gauge(
        "pull_lag_seconds",
        "For how long there has been no complete pull: since the last one began.",
        ("bundle",),
        {(state.bundle,): (now - state.complete).total_seconds() for state in pulls if state.complete},
    )
    yield _gauge(
        "pull_failures",
        "Pulls that have failed since the last complete one.",
        ("bundle",),
        {(state.bundle,): state.failures for state in pulls},
    )


def _one(name: str, text: str, value: float) -> Metric:
    return _gauge(name, text, (), {(): value})


def _gauge(name: str, text: str, labels: tuple[str, ...], series: Series) -> Metric:
    family = GaugeMetricFamily(f"apimonster_{name}", text, labels=labels)
    for values, number in series.items():
        family.add_metric(values, float(number))
    return family
