"""A paused connection in the history: which deliveries wait for it, since when and why."""

from pathlib import Path

from apimonster_cli.cli.waiting import waits_of
from apimonster_cli.store.rows import Pause
from tests.cli.conftest import REASON, Sync
from tests.cli.filled import NOON
from tests.engine.support import bundle, config, connection, step

PAUSED = "crm is paused since 2026-03-01 13:00:00: RetailCRM does not know the key; ask a•••@example.com"


def test_history_tells_which_deliveries_wait_for_it_and_why(paused: Path, sync: Sync) -> None:
    shown = sync("history")

    lines = [" ".join(line.split()) for line in shown.out.splitlines()]
    assert lines[2].endswith("accepted leads: waiting (crm paused)")
    assert not any("crm paused" in line for line in lines[3:])
    assert shown.err == f"{PAUSED}. Its deliveries wait; once the key is mended they go on by themselves.\n"


def test_history_as_json_names_it(paused: Path, sync: Sync) -> None:
    shown = sync("history", "--json")

    assert [row["waits_for"] for row in shown.json_lines()] == [{"leads": ["crm"]}, {}, {}, {}, {}]
    assert shown.err == ""


def test_history_says_so_also_when_nothing_is_listed(paused: Path, sync: Sync) -> None:
    assert PAUSED in sync("history", "--status", "running").err


def test_show_tells_what_a_delivery_waits_for(paused: Path, sync: Sync) -> None:
    masked, whole, done = sync("show", 5), sync("show", 5, "--reveal"), sync("show", 1)

    assert f"waits for {PAUSED}" in " ".join(masked.out.split())
    assert REASON in whole.out
    assert "waits for" not in done.out


def test_show_as_json_names_it(paused: Path, sync: Sync) -> None:
    (delivery,) = sync("show", 5, "--json").json()["deliveries"]

    assert delivery["waits_for"] == ["crm"]


def test_a_bundle_waits_for_what_its_steps_call() -> None:
    chat = bundle(name="chat", on_failure=(step(to=connection("chat")),))
    pauses = [Pause("chat", NOON, "no"), Pause("gone", NOON, "no")]

    assert waits_of(config(chat, bundle(name="leads")), pauses) == {"chat": pauses[:1]}
