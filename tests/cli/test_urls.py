"""`sync urls`: the addresses to paste into the senders' settings."""

from pathlib import Path

import pytest

from tests.cli.conftest import Sync
from tests.cli.filled import BUNDLES, TOKEN, write_bundles


def test_without_a_public_address_the_local_one_is_shown_with_a_hint(folder: Path, sync: Sync) -> None:
    write_bundles(folder)

    shown = sync("urls")

    assert shown.code == 0
    assert shown.out == f"site-leads (Utmstat)\n    http://127.0.0.1:8080/hooks/site-leads/{TOKEN}\n"
    assert "settings.public_url" in shown.err


def test_with_a_public_address_the_whole_address_is_shown(folder: Path, sync: Sync) -> None:
    write_bundles(folder, BUNDLES.replace("settings:", "settings:\n  public_url: https://hooks.example.org/in/"))

    shown = sync("urls")

    assert f"    https://hooks.example.org/in/hooks/site-leads/{TOKEN}\n" in shown.out
    assert shown.err == ""


@pytest.mark.parametrize(
    ("listen", "base"),
    [
        ("0.0.0.0:9000", "http://127.0.0.1:9000"),
        ("192.0.2.7:80", "http://192.0.2.7:80"),
        ('"[::1]:9000"', "http://[::1]:9000"),
    ],
)
def test_the_local_address_is_one_that_can_be_opened(folder: Path, sync: Sync, listen: str, base: str) -> None:
    write_bundles(folder, BUNDLES.replace("settings:", f"settings:\n  listen: {listen}"))

    shown = sync("urls", "--json")

    assert shown.json() == [
        {
            "connection": "site-leads",
            "type": "utmstat",
            "title": "Utmstat",
            "url": f"{base}/hooks/site-leads/{TOKEN}",
        }
    ]
