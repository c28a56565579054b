"""Puts page and metrics on their own port, beside the listener, in the same process."""

from prometheus_client import CollectorRegistry, ProcessCollector

from apimonster_cli.core.clock import Clock
from apimonster_cli.daemon.admin.app import Admin
from apimonster_cli.daemon.admin.counters import Counters
from apimonster_cli.daemon.admin.gauges import Gauges
from apimonster_cli.daemon.admin.look import Looks
from apimonster_cli.daemon.admin.page import Page
from apimonster_cli.daemon.front import Front, bind
from apimonster_cli.daemon.health import Health
from apimonster_cli.daemon.status import Status
from apimonster_cli.store.api import Store

_MOST_AT_ONCE = 32  # connections: a browser or two, and Prometheus


class AdminFront:
    """Page and metrics of a running program. counters: for the parts of it to count with.

    Bound as soon as it is made, so that a taken address ends the start: ConfigError.
    """

    def __init__(self, address: tuple[str, int]) -> None:
        self._name = address[0]
        self._socket = bind(address, "settings.admin")
        self._registry = CollectorRegistry()
        self._front: Front | None = None
        self.counters = Counters(self._registry)

    @property
    def address(self) -> tuple[str, int]:
        """Return where it is."""
        host, port = self._socket.getsockname()[:2]
        return host, port

    @property
    def alive(self) -> bool:
        """Return whether it answers."""
        return self._front is not None and self._front.alive

    def start(self, store: Store, status: Status, health: Health, clock: Clock) -> None:
        """Begin to answer."""
        looks = Looks(store, clock)
        ProcessCollector(registry=self._registry)
        self._registry.register(Gauges(status, health, looks, clock))
        page = Page(store, status, health, looks, clock)
        self._front = Front(Admin(self._registry, page, self._name), self._socket, "admin", most=_MOST_AT_ONCE)
        self._front.start()

    def stop(self, seconds: float) -> None:
        """Answer nothing more."""
        if self._front is not None:
            self._front.stop(seconds)
        self._socket.close()
