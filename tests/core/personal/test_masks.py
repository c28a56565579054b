"""One value of a known kind, masked."""

from decimal import Decimal
from typing import Any

import pytest

from apimonster_cli.core.personal import Kind, masked


@pytest.mark.parametrize(
    ("kind", "value", "shown"),
    [
        ("phone", "74950000012", "7495•••••12"),
        ("phone", "+7 (495) 000-00-12", "+7 (495) •••-••-12"),
        ("phone", "380440000012", "3804••••••12"),
        ("phone", "4950000012", "495•••••12"),
        ("phone", "0000012", "•••••12"),
        ("phone", 74950000012, "7495•••••12"),
        ("phone", Decimal(74950000012), "7495•••••12"),
        ("phone", "доб. 12", "доб. 12"),
        ("email", "ivan@example.com", "i•••@example.com"),
        ("email", "ivan@example.com, o'neil@example.org", "i•••@example.com, o•••@example.org"),
        ("email", "a@example.com", "•••@example.com"),
        ("email", "none", "none"),
        ("name", "Иван Примеров", "И••• П•••"),
        ("name", "О. 74950000012", "О••• •••"),
        ("name", 7, 7),
        ("address", "ул. Образцовая, 5", "у•••"),
        ("address", "12-А", "•••"),
        ("address", 7, "•••"),
        ("birthday", "1990-05-14", "•••"),
        ("ip", "203.0.113.7", "203.0.•••"),
        ("ip", "2001:db8::7", "2001:db8:•••"),
        ("ip", "localhost", "•••"),
        ("text", "74950000012", "74950000012"),
        ("none", "74950000012", "74950000012"),
    ],
)
def test_a_mask_leaves_the_value_recognisable(kind: Kind, value: Any, shown: Any) -> None:
    assert masked(value, kind) == shown
    assert masked(shown, kind) == shown


@pytest.mark.parametrize("value", [None, True, False, ""])
def test_what_tells_nothing_stays(value: Any) -> None:
    assert masked(value, "phone") is value
