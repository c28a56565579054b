from datetime import timedelta

import pytest

from apimonster_cli.connectors import registry
from apimonster_cli.connectors.settings import TOKEN, check_address, check_safe_address, is_loopback, timeout


@pytest.mark.parametrize(
    "address",
    [
        "https://demo.retailcrm.ru",
        "https://demo.retailcrm.ru/",
        "http://127.0.0.1:8090",
        "http://localhost:1",
        "http://[::1]:80",
    ],
)
def test_a_safe_address_is_taken(address: str) -> None:
    check_safe_address(address)

    assert address.startswith("http")


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("demo.retailcrm.ru", "starts with https://"),
        ("ftp://demo.retailcrm.ru", "starts with https://"),
        ("https://", "starts with https://"),
        ("https://demo.retailcrm.ru:port", "not an address"),
        ("https://[demo", "not an address"),
        ("https://demo.retailcrm.ru/?a=1", "no user name"),
        ("https://me:pass@demo.retailcrm.ru", "no user name"),
        ("http://demo.retailcrm.ru", "clear text"),
        ("http://10.0.0.1", "clear text"),
    ],
)
def test_an_address_that_cannot_be_used_is_refused(address: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        check_safe_address(address)


def test_an_address_without_a_key_may_be_plain_http() -> None:
    with pytest.raises(ValueError, match="clear text"):
        check_safe_address("http://hooks.example.com/in")

    check_address("http://hooks.example.com/in")


@pytest.mark.parametrize(
    ("host", "is_it"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("localhost", True),
        ("crm.localhost", True),
        ("10.0.0.1", False),
        ("example.com", False),
    ],
)
def test_loopback_is_told_from_other_hosts(host: str, *, is_it: bool) -> None:
    assert is_loopback(host) is is_it


@pytest.mark.parametrize("token", ["with/slash-0123", "with space 0123", "вебхук-на-русском"])
def test_a_token_that_does_not_fit_an_address_is_refused(token: str) -> None:
    assert TOKEN.check

    with pytest.raises(ValueError, match="webhook address") as caught:
        TOKEN.check(token)

    assert token not in str(caught.value)


def test_a_timeout_of_nothing_is_refused() -> None:
    check = timeout(30).check
    assert check

    with pytest.raises(ValueError, match="longer than nothing"):
        check(timedelta(0))


@pytest.mark.parametrize("region", ["ru", "RUS", "7", "РФ"])
def test_a_phone_region_is_two_capital_letters(region: str) -> None:
    setting = registry.connector("retailcrm").setting("phone_region")
    assert setting
    assert setting.check

    with pytest.raises(ValueError, match="two capital letters"):
        setting.check(region)


def test_a_header_that_cannot_be_sent_is_refused() -> None:
    setting = registry.connector("http").setting("headers")
    assert setting
    assert setting.check
    setting.check({"X-Key": "plain text"})

    with pytest.raises(ValueError, match="X-Bad"):
        setting.check({"X-Bad": "two\nlines"})
