"""The files change while leads come in: each lead goes through the old bundles or the new, none is lost, a broken set is left alone."""

import itertools
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from tests.acceptance.oracle import Crm, complaints
from tests.acceptance.processes import KEY, Program, lead_payload, running, sandbox, wait_for
from tests.acceptance.storm import STORE, Sender, daemon, ended, holdings, world

pytestmark = pytest.mark.acceptance


class Editor:
    """Changes the bundle file of a program. All that the bundles write carries the number of the set."""

    def __init__(self, program: Program) -> None:
        self.file = program.folder / "bundles.yaml"
        self._program = program
        self._text = self.file.read_text(encoding="utf-8")

    def text(self, number: int) -> str:
        return self._text.replace('"Статус', f'"set-{number} Статус').replace('"Заявка', f'"set-{number} Заявка')

    def replace(self, text: str) -> None:
        """Save beside and rename, as most editors do."""
        beside = self.file.with_suffix(".new")
        beside.write_text(text, encoding="utf-8")
        beside.replace(self.file)

    def lines(self, words: str) -> int:
        """Return how many lines of the log have these words."""
        return (self.file.parent / "run.log").read_text(encoding="utf-8").count(words)

    def reload(self) -> None:
        """Have the files taken over at once, and wait until they are."""
        before = self.lines('"files taken over"')
        assert self._program.process
        self._program.process.send_signal(signal.SIGHUP)
        wait_for(lambda: self.lines('"files taken over"') > before, "the files to be taken over")


def test_leads_that_come_in_while_the_files_change_go_through_one_set_each(tmp_path: Path) -> None:
    crm = sandbox(tmp_path)
    program = daemon(tmp_path, crm)
    sender = Sender(program.port)
    editor = Editor(program)
    editor.replace(editor.text(1))

    with running(crm, "/sandbox/health"), running(program, "/readyz"):
        with posting(sender):
            for number in range(2, 6):
                editor.replace(editor.text(number))
                editor.reload()
                wait_for(lambda number=number: written_by(number, crm), f"a lead through set {number}")  # type: ignore[misc]
        wait_for(lambda: ended(tmp_path) == len(sender.acknowledged), "every delivery has ended")
        held = holdings(crm)

    sets = sets_by_lead(held)
    assert sets.keys() == {str(post["id"]) for post in sender.acknowledged.values()}
    assert [lead for lead, found in sets.items() if len(found) != 1] == []
    assert {each for found in sets.values() for each in found} >= {f"set-{number}" for number in range(2, 6)}
    assert complaints(world(tmp_path / STORE, without_numbers(held), sender.acknowledged)) == []


def test_a_file_is_taken_over_when_it_is_whole_however_it_is_saved(tmp_path: Path) -> None:
    crm = sandbox(tmp_path)
    program = daemon(tmp_path, crm)
    sender = Sender(program.port)
    editor = Editor(program)
    editor.replace(editor.text(1))
    numbers = itertools.count(1)

    def arrives_as(number: int) -> bool:
        sender.post(lead_payload(next(numbers)))
        return written_by(number, crm)

    with running(crm, "/sandbox/health"), running(program, "/readyz"):
        half, text = len(editor.text(2)) // 2, editor.text(2)
        editor.file.write_text(text[:half], encoding="utf-8")  # in its place, in two parts
        assert program.process
        program.process.send_signal(signal.SIGHUP)
        wait_for(lambda: editor.lines("the old bundles stay in force") == 1, "half a file is refused")
        wait_for(lambda: arrives_as(1), "a lead through the old bundles")
        editor.file.write_text(text, encoding="utf-8")
        wait_for(lambda: arrives_as(2), "a lead through the second set")
        editor.file.unlink()  # gone for a while
        wait_for(lambda: editor.lines("the old bundles stay in force") == 2, "no file is refused")
        editor.replace(editor.text(3))
        wait_for(lambda: arrives_as(3), "a lead through the third set")
        wait_for(lambda: ended(tmp_path) == len(sender.acknowledged), "every delivery has ended")
        held = holdings(crm)

    sets = sets_by_lead(held)
    assert len(sets) == len(sender.acknowledged)
    assert [lead for lead, found in sets.items() if len(found) != 1] == []
    assert complaints(world(tmp_path / STORE, without_numbers(held), sender.acknowledged)) == []


def test_a_key_that_is_mended_in_the_env_file_is_taken_over(tmp_path: Path) -> None:
    crm = sandbox(tmp_path)
    program = daemon(tmp_path, crm)
    sender = Sender(program.port)
    text = Editor(program).text(1)
    (tmp_path / "bundles.yaml").write_text(text.replace("${CRM_KEY}", "${SHOP_KEY}"), encoding="utf-8")
    env = tmp_path / ".env"
    others = env.read_text(encoding="utf-8")
    env.write_text(f"{others}SHOP_KEY=key-of-yesterday\n", encoding="utf-8")

    with running(crm, "/sandbox/health"), running(program, "/readyz"):
        sender.post(lead_payload(1))
        wait_for(lambda: "connection paused" in program.log(), "the pause")
        signs = str.maketrans({sign: f"\\{sign}" for sign in '"\\$'})
        escaped = KEY.translate(signs)
        env.write_text(f'{others}SHOP_KEY="{escaped}"\n', encoding="utf-8")
        wait_for(lambda: ended(tmp_path) == 1, "the delivery has ended")
        held = holdings(crm)

    assert [order["externalId"] for order in held.orders] == ["utmstat-1"]
    assert complaints(world(tmp_path / STORE, without_numbers(held), sender.acknowledged)) == []


def written_by(number: int, crm: Program) -> bool:
    """Return whether a lead went through that set of bundles."""
    return any(f"set-{number}" in found for found in sets_by_lead(holdings(crm)).values())


def sets_by_lead(held: Crm) -> dict[str, set[str]]:
    """Return which sets of bundles wrote each lead's order and note."""
    found: dict[str, set[str]] = {}
    for order in held.orders:
        found.setdefault(order["externalId"].removeprefix("utmstat-"), set()).add(order["managerComment"].split()[0])
    for note in held.notes:
        number, _, lead = note["text"].split()[:3]
        found.setdefault(lead.rstrip(","), set()).add(number)
    return found


def without_numbers(held: Crm) -> Crm:
    """Return what the CRM holds as the bundles of all other tests would have written it: without the numbers of the sets."""
    return replace(
        held,
        orders=[{**order, "managerComment": order["managerComment"].partition(" ")[2]} for order in held.orders],
        notes=[{**note, "text": note["text"].partition(" ")[2]} for note in held.notes],
    )


@contextmanager
def posting(sender: Sender) -> Iterator[None]:
    """Post leads, one after the other, for as long as the block runs."""
    done = threading.Event()

    def post() -> None:
        for lead in itertools.count(1):
            if done.is_set():
                return
            sender.post(lead_payload(lead))

    thread = threading.Thread(target=post)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
