"""Calltouch: which deal it is, when it is dated, and what counts as a change."""

from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from apimonster_cli.connectors.calltouch.deal import changed_at, content, dated, deal_key
from apimonster_cli.core import exactjson

MOSCOW = ZoneInfo("Europe/Moscow")
ANSWERS = Path(__file__).parent / "answers"
DEALS: list[dict[str, Any]] = [
    deal
    for page in ("page_1.json", "page_2.json")
    for deal in exactjson.loads((ANSWERS / page).read_text(encoding="utf-8"))["records"]
]


def test_two_crms_may_share_a_number() -> None:
    keys = [deal_key(deal) for deal in DEALS]

    assert len(keys) == 12
    assert len(set(keys)) == 11
    assert {"retailCRM:1001", "AmoCRM:1001", ":20411"} <= set(keys)


@pytest.mark.parametrize(
    ("deal", "key"),
    [
        ({"orderNumber": "0042", "service": None}, ":0042"),
        ({"orderNumber": 9223372036854775808}, ":9223372036854775808"),
        ({"orderNumber": "1", "service": "a:b%"}, "a%3Ab%25:1"),
        ({"orderNumber": ""}, None),
        ({"orderNumber": None, "service": "AmoCRM"}, None),
    ],
)
def test_a_key_is_service_and_number(deal: dict[str, Any], key: str | None) -> None:
    assert deal_key(deal) == key


def test_days_come_before_months() -> None:
    assert dated({"orderDate": "03/10/2025 17:45:31"}, MOSCOW) == datetime(2025, 10, 3, 17, 45, 31, tzinfo=MOSCOW)


@pytest.mark.parametrize("written", [None, "", "yesterday", "99/99/2025 10:00:00", []])
def test_a_date_that_cannot_be_read_is_none(written: Any) -> None:
    assert dated({"orderDate": written}, MOSCOW) is None


def test_the_newer_copy_of_a_deal_is_told_by_its_update() -> None:
    copies = [changed_at(deal, MOSCOW) for deal in DEALS if deal["orderNumber"] == "20417"]

    assert copies == [
        datetime(2025, 10, 12, 14, tzinfo=MOSCOW),
        datetime(2025, 10, 28, 19, 5, 44, tzinfo=MOSCOW),
    ]


@pytest.mark.parametrize(
    "change",
    [
        {"orderStatus": "Оплачен"},
        {"plannedAmount": Decimal("2050.16")},
        {"client": {"phones": "74950000099", "fio": "Вера Тестова"}},
        {"orderDate": "04/10/2025 17:45:31"},
        {"products": []},
        {"custom": {"Город": "Примеров"}},
        {"tags": ["опт"]},
    ],
    ids=lambda change: next(iter(change)),
)
def test_an_edit_changes_the_content(change: dict[str, Any]) -> None:
    assert content({**DEALS[1], **change}) != content(DEALS[1])


@pytest.mark.parametrize(
    "same",
    [
        {"updatedDate": "30/10/2025 10:00:00"},
        {"hash": "an undocumented key"},
        {"tags": []},
        {"visit": None},
        {"comment": "Просила счёт на почту", "manager": ""},
        {"plannedAmount": Decimal("2050.150")},
        {"isDeleted": "false"},
    ],
    ids=lambda same: next(iter(same)),
)
def test_what_says_nothing_new_does_not(same: dict[str, Any]) -> None:
    assert content({**DEALS[1], **same}) == content(DEALS[1])


def test_the_order_of_tags_says_nothing() -> None:
    assert content({"tags": ["b", "a", {"names": ["x"]}]}) == content({"tags": [{"names": ["x"]}, "a", "b"]})


@pytest.mark.parametrize(
    ("left", "right"),
    [(5, Decimal("5.0")), (Decimal("1E+3"), 1000), (0, Decimal("0.00"))],
)
def test_one_number_has_one_content(left: Any, right: Any) -> None:
    assert content({"margin": left}) == content({"margin": right})


def test_a_number_keeps_every_digit() -> None:
    assert content({"orderSource": {"callId": 9223372036854775807}}) != content(
        {"orderSource": {"callId": 9223372036854775806}}
    )


def test_a_huge_exponent_is_compared_as_it_is() -> None:
    assert content({"margin": Decimal("1E+999999")}) == {"margin": "1E+999999"}
