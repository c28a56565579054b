"""What is counted while the program works: counters and histograms, from 0 at each start.

Every label is a name of the bundle files or one of a few words, so there are only so many series, and nothing of what came in
is in them.
"""

from collections.abc import Callable, Iterable
from typing import Generic, TypeVar

import prometheus_client
from prometheus_client import CollectorRegistry, Counter, Histogram

from apimonster_cli.bundles.model import Bundle
from apimonster_cli.core.meter import Meter

NONE = "none"
"""The label of what has no name: an event that nothing recognised, a webhook to no connection of ours."""

_ACKNOWLEDGED = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
_DELIVERED = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3600.0, 21600.0, 86400.0)
_CALLED = (0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
_OUTCOMES = ("done", "filtered", "failed")

Child = TypeVar("Child", Counter, Histogram)


class _Children(Generic[Child]):
    """The series of a metric by their labels. Finding one takes no lock, which `labels` would."""

    def __init__(self, make: Callable[..., Child]) -> None:
        self._make: Callable[..., Child] = make
        self._children: dict[tuple[str, ...], Child] = {}

    def __getitem__(self, labels: tuple[str, ...]) -> Child:
        child = self._children.get(labels)
        if child is None:  # two threads may both come here: the metric itself gives them the same one
            child = self._children[labels] = self._make(*labels)
        return child


class Counters(Meter):
    """Counts what happens, for Prometheus."""

    def __init__(self, registry: CollectorRegistry) -> None:
        prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]  # series that say when each one began
        self._acknowledged = Histogram(
            "apimonster_acknowledge_seconds",
            "From a webhook's body being there to its event being on disk.",
            buckets=_ACKNOWLEDGED,
            registry=registry,
        )
        events, refused, put_off, ended, calls = (
            Counter(f"apimonster_{name}", text, labels, registry=registry)
            for name, text, labels in (
                ("events", "Events that came in.", ("connection", "event", "status")),
                ("webhooks_refused", "Webhooks of which nothing was accepted.", ("connection", "status")),
                ("deliveries_put_off", "Tries after which a delivery waits for another.", ("bundle",)),
                ("deliveries", "Deliveries that ended.", ("bundle", "outcome")),
                ("transactions", "Outgoing calls.", ("connection", "action", "outcome", "status")),
            )
        )
        took, called = (
            Histogram(f"apimonster_{name}_seconds", text, labels, buckets=buckets, registry=registry)
            for name, text, labels, buckets in (
                ("delivery", "From an event coming in to the end of its delivery as done.", ("bundle",), _DELIVERED),
                ("transaction", "How long outgoing calls took.", ("connection",), _CALLED),
            )
        )
        self._events, self._refused = _Children(events.labels), _Children(refused.labels)
        self._put_off, self._ended = _Children(put_off.labels), _Children(ended.labels)
        self._calls, self._took, self._called = (
            _Children(calls.labels),
            _Children(took.labels),
            _Children(called.labels),
        )

    def expect(self, bundles: Iterable[Bundle]) -> None:
        """Let the series of these bundles begin at 0 now, so that the first event of each is seen as a rise."""
        for bundle in bundles:
            for event in bundle.events:
                self.event(bundle.connection.name, event.name, "accepted", 0)
            self._put_off[bundle.name,].inc(0)
            for outcome in _OUTCOMES:
                self._ended[bundle.name, outcome].inc(0)

    def event(self, connection: str, event: str | None, status: str, times: int = 1) -> None:
        """Count what came in."""
        self._events[connection, event or NONE, status].inc(times)

    def acknowledged(self, seconds: float) -> None:
        """Take how long a webhook waited for its answer."""
        self._acknowledged.observe(seconds)

    def refused(self, connection: str | None, status: int) -> None:
        """Count a webhook of which nothing was kept."""
        self._refused[connection or NONE, str(status)].inc()

    def delivered(self, bundle: str, outcome: str, seconds: float | None) -> None:
        """Count a delivery that ended."""
        self._ended[bundle, outcome].inc()
        if seconds is not None and outcome == "done":
            self._took[bundle,].observe(seconds)

    def put_off(self, bundle: str) -> None:
        """Count a try after which a delivery waits."""
        self._put_off[bundle,].inc()

    def called(self, connection: str, action: str, outcome: str, status: int | None, seconds: float | None) -> None:
        """Count a transaction. A service may make up statuses, so only their first digit counts."""
        kind = f"{status // 100}xx" if status is not None and 100 <= status < 600 else NONE
        self._calls[connection, action, outcome, kind].inc()
        if seconds is not None:
            self._called[connection,].observe(seconds)
