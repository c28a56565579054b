"""Where to listen is written so that it can be read and called."""

import pytest

from apimonster_cli.core.address import from_here, written


@pytest.mark.parametrize(
    ("address", "shown", "url"),
    [
        (("127.0.0.1", 8080), "127.0.0.1:8080", "http://127.0.0.1:8080"),
        (("example.com", 80), "example.com:80", "http://example.com:80"),
        (("::1", 8080), "[::1]:8080", "http://[::1]:8080"),
        (("0.0.0.0", 8080), "0.0.0.0:8080", "http://127.0.0.1:8080"),
        (("::", 8080), "[::]:8080", "http://127.0.0.1:8080"),
    ],
    ids=str,
)
def test_an_address_is_written_and_called(address: tuple[str, int], shown: str, url: str) -> None:
    assert written(address) == shown
    assert from_here(address) == url
