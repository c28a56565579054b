"""How `sync show` makes fields, forms and payloads readable."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from apimonster_cli.cli.show import flat, print_event, readable
from apimonster_cli.core.personal.record import form_pairs
from apimonster_cli.store.rows import EventRow


def test_nested_fields_are_shown_as_they_are_written_in_a_bundle() -> None:
    fields = {"phone": "7", "items": [{"quantity": 1, "offer": {"externalId": "a"}}], "customFields": {"city": None}}

    assert flat(fields) == {
        "phone": "7",
        "items.0.quantity": 1,
        "items.0.offer.externalId": "a",
        "customFields.city": "null",
    }


def test_an_empty_object_is_shown_as_it_is() -> None:
    assert flat({"customFields": {}, "items": []}) == {"customFields": {}, "items": []}


@pytest.mark.parametrize(
    ("text", "pairs"),
    [
        ("site=main&by=id", [("site", "main"), ("by", "id")]),
        ('site=main&order={"a": "x&y=1"}', [("site", "main"), ("order", '{"a": "x&y=1"}')]),
        ('order={"a": "x&y=1"}&site=main', [("order", '{"a": "x&y=1"}'), ("site", "main")]),
        ("filter[ids][]=1", [("filter[ids][]", "1")]),
        ("order={broken", [("order", "{broken")]),
        ("site=", [("site", "")]),
        ("a sentence with a = in it", []),
        ("<html>", []),
        ("", []),
    ],
)
def test_reads_a_form_as_a_transaction_shows_it(text: str, pairs: list[tuple[str, str]]) -> None:
    assert form_pairs(text) == pairs


def test_a_form_is_shown_pair_by_pair_with_its_json_indented() -> None:
    assert readable('site=main&order={"phone":"7"}') == 'site = main\norder = {\n  "phone": "7"\n}'


def test_numbers_keep_every_digit() -> None:
    shown = readable('{"id": 9007199254740993017, "sum": 51300.00}')

    assert "9007199254740993017" in shown
    assert "51300.00" in shown
    assert readable({"sum": Decimal("0.10")}) == '{\n  "sum": 0.10\n}'


def test_other_text_is_shown_as_it_is() -> None:
    assert readable("<html>Bad gateway</html>") == "<html>Bad gateway</html>"
    assert readable("17") == "17"
    assert readable(None) == ""


def test_a_late_event_says_what_it_came_after(capsys: pytest.CaptureFixture[str]) -> None:
    late = EventRow(
        id=3,
        connection="shop",
        event="salesdrive.status_change",
        status="stale",
        object_key="5012",
        received_at=datetime(2026, 3, 1, 9, 0, tzinfo=UTC),
        repeats=0,
        reason="late: version 3 came after version 6",
        payload="{}",
        body=None,
        content_type=None,
        query={},
        headers={},
        remote=None,
        version=3,
    )

    print_event(late, [], [], UTC, {})

    shown = capsys.readouterr().out
    assert "late: version 3 came after version 6" in shown
    assert "No bundle takes this event" not in shown
