"""What the bundle files of fault runs name is in the environment of the commands that a test runs itself."""

import pytest

from tests.acceptance.canaries import environment


@pytest.fixture(autouse=True)
def planted(clean_environment: None, monkeypatch: pytest.MonkeyPatch) -> None:  # first that one, then this
    """Set the variables that a program of ours gets."""
    for name, value in environment().items():
        monkeypatch.setenv(name, value)
