"""Run-wide fixtures: nothing of this machine's settings leaks in, nothing is left in the working tree."""

import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from hypothesis import HealthCheck, settings

from apimonster_cli.core import log

ROOT = Path(__file__).parent.parent
READ_BY_US = {
    "ALL_PROXY",
    "COLUMNS",
    "CREDENTIALS_DIRECTORY",
    "FORCE_COLOR",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "LINES",
    "NOTIFY_SOCKET",
    "NO_COLOR",
    "NO_PROXY",
    "REQUESTS_CA_BUNDLE",
    "SSL_CERT_FILE",
    "TYPER_USE_RICH",
    "WATCHDOG_USEC",
}
SECRETS = ("_API_KEY", "_SECRET", "_TOKEN")


def _no_store_in_the_tree(event: str, arguments: tuple[Any, ...]) -> None:
    """Refuse to open a database in the checkout, whoever asks: a test's store belongs into its tmp_path."""
    if event != "sqlite3.connect" or not arguments:
        return
    address = os.fsdecode(arguments[0]) if isinstance(arguments[0], str | bytes | os.PathLike) else ""
    file = address.removeprefix("file:").partition("?")[0]
    if Path(file).name.startswith(".coverage"):  # what coverage itself writes
        return
    if file and file != ":memory:" and Path(file).absolute().parent == ROOT:
        raise AssertionError(f"a test opened the store {address} in the working tree; give it tmp_path")


def _settrace_in_turn(hook: Any, settrace: Callable[[Any], None] = sys.settrace) -> None:
    """Measure the coverage of a new thread also while another one begins to be measured.

    Before 3.12 Python refuses that, and the thread ends before it has begun (python/cpython#98257).
    """
    while True:
        try:
            return settrace(hook)
        except RuntimeError:
            time.sleep(0)


if sys.version_info < (3, 12):
    sys.settrace = _settrace_in_turn


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--seed", default="1", help="what fault runs draw their kills, faults and order from")
    parser.addoption("--slow", action="store_true", help="run the long tests as well")
    parser.addoption("--deals", default="300", help="how many deals the simulated month of a Calltouch account has")


def pytest_configure(config: pytest.Config) -> None:
    sys.addaudithook(_no_store_in_the_tree)
    # The normal run tries the same examples each time, so that what it says does not hang on luck; the long one looks for others.
    # How long an example takes is never asked.
    settings.register_profile(
        "ours",
        deadline=None,
        derandomize=not config.getoption("--slow"),
        print_blob=True,
        suppress_health_check=[HealthCheck.too_slow],
    )
    settings.load_profile("ours")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Skip what is marked slow unless it is asked for."""
    for item in items:
        if item.get_closest_marker("slow") and not config.getoption("--slow"):
            item.add_marker(pytest.mark.skip(reason="only with --slow"))


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take away every variable that the program or its libraries read, and what bundle files usually name."""
    for name in list(os.environ):
        if name.upper() in READ_BY_US or name.upper().endswith(SECRETS):
            monkeypatch.delenv(name)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))  # child processes run this tree from whatever folder


@pytest.fixture(autouse=True)
def plain_log() -> None:
    """Let each test log as nobody has set it up: a command that another test ran in this process has."""
    log._wanted.clear()
    structlog.reset_defaults()


@pytest.fixture(scope="session", autouse=True)
def clean_tree() -> Iterator[None]:
    """Fail the run when a child process left a store in the working tree."""
    before = set(ROOT.glob("*.db*"))
    yield
    left = set(ROOT.glob("*.db*")) - before
    assert not left, f"the tests left {sorted(map(str, left))} in the working tree"
