"""A sandbox on a free loopback port, and the official client pointed at it."""

from collections.abc import Callable, Iterator
from typing import Any, Self

import pytest
import requests
import retailcrm

from apimonster_cli.sandbox.faults import Faults
from apimonster_cli.sandbox.server import Running, Sandbox

Serve = Callable[..., Running]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Start sandboxes with settings of one's own; all are stopped at the end."""
    started: list[Running] = []

    def start(sandbox: Sandbox | None = None, **how: Any) -> Running:
        started.append((sandbox or Sandbox()).serve(**how))
        return started[-1]

    yield start
    for running in started:
        running.stop()


@pytest.fixture(scope="module")
def shared() -> Iterator[Running]:
    with Sandbox().serve() as running:
        yield running


@pytest.fixture
def running(shared: Running) -> Running:
    """Return an empty sandbox with default settings."""
    shared.sandbox.reset()
    shared.sandbox.set_faults(Faults())
    return shared


@pytest.fixture
def client(running: Running) -> Any:
    """Return the official client with the right key."""
    return retailcrm.v5(running.url, "sandbox")


@pytest.fixture
def http(running: Running) -> Iterator["Http"]:
    """Return a plain HTTP client for what the official one cannot do."""
    with Http(running.url) as client:
        yield client


class Http:
    """Requests with the key in the header, unless told otherwise."""

    def __init__(self, url: str, key: str | None = "sandbox") -> None:
        self.url = url
        self.session = requests.Session()
        if key is not None:
            self.session.headers["X-API-KEY"] = key

    def get(self, path: str, **how: Any) -> requests.Response:
        return self.session.get(self.url + path, timeout=10, **how)

    def post(self, path: str, **how: Any) -> requests.Response:
        return self.session.post(self.url + path, timeout=10, **how)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_how: object) -> None:
        self.session.close()
