"""Letters that look like other letters."""

import pytest

from apimonster_cli.bundles.lookalike import latin, stranger


@pytest.mark.parametrize(
    ("message", "meant", "told"),
    [
        ("unknown key stеps in bundle leads", "steps", "its е is a Cyrillic letter"),
        ("СRM is no connection", "CRM", "its С is a Cyrillic letter"),
        ("contact.phone\u00a0 is no field", "contact.phone", "it has an invisible U+00A0"),
        ("unknown key step in bundle leads", "steps", None),
        ("steps is twice here", "steps", None),
        ("Заявка is no field", "{value: Заявка}", None),
    ],
)
def test_says_why_a_word_that_looks_right_is_another(message: str, meant: str, told: str | None) -> None:
    assert stranger(message, meant) == told


def test_a_russian_word_stays_one() -> None:
    assert latin("Имя") != "Name"
    assert latin("город").isascii() is False
