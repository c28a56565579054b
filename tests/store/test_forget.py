"""A person is erased whole, and nobody else is touched."""

import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.event import listen

from apimonster_cli.core.personal.person import person
from apimonster_cli.engine.forget import Forgotten, forget, look
from apimonster_cli.store import dialect, remains, stretches
from apimonster_cli.store.database import DatabaseStore
from apimonster_cli.store.past import PastFilter, Replay
from apimonster_cli.store.rows import HistoryFilter, PulledItem, PulledPage
from apimonster_cli.store.traces import ERASED
from tests.store.build import LEASE, NOON, SetClock, accept, call, claim, ended, event, opened, step

PHONE, EMAIL = "74950000012", "ivan.primerov@example.com"
IVAN = person("+7 495 000-00-12")
OTHER = "74950000013"
BYTES = (b"4950000012", b"000-00-12", EMAIL.encode(), "Примеров".encode(), b"\\u041f\\u0440")


def lead(phone: str = PHONE, **more: Any) -> str:
    name = "Примеров" if phone != OTHER else "Образцов"
    email = EMAIL if phone != OTHER else "other@example.com"
    return f'{{"contact":{{"phone":"{phone}","email":"{email}","name":"{name}"}},"more":{more}}}'.replace("'", '"')


def deliver(store: DatabaseStore, *, outcome: Any = "done", payload: str | None = None) -> None:
    """Let each open delivery make a call and end, with its event's payload all over."""
    while claimed := claim(store):
        for each in claimed:
            said = payload or each.payload
            phone = PHONE if PHONE in said or "000-00-12" in said else OTHER
            number = store.begin_call(
                each.lease,
                call(url=f"https://crm.example.com/orders?filter[phones][]={phone}", request=f"order={said}"),
            )
            result = step(
                fields={"phone": phone}, origins={"phone": "path contact.phone"}, output={"id": 42, "phone": phone},
                outcome="failed" if outcome == "failed" else "done", error=f"of {phone}" if outcome == "failed" else None,
            )  # fmt: skip
            told = ended(number, answer=said, error=f"of {phone}")
            store.end_step(
                each.lease, result, [told], outcome=outcome, error=f"of {phone}" if outcome == "failed" else None
            )


def erase(store: DatabaseStore, who: Any = IVAN) -> Forgotten:
    return forget(store, who, look(store, who), SetClock())


def rows(folder: Path, table: str, where: str = "1") -> list[dict[str, Any]]:
    with closing(sqlite3.connect(folder / "apimonster.db")) as database:
        database.row_factory = sqlite3.Row
        query = f"SELECT * FROM {table} WHERE {where} ORDER BY 1, 2"  # noqa: S608  # of our own words
        return [dict(row) for row in database.execute(query)]


def raw(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in sorted(folder.iterdir()) if file.name.startswith("apimonster.db"))


@pytest.fixture(autouse=True)
def _looks_at_few_rows_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stretches, "ROWS", 2)


def test_nothing_of_a_person_is_left_and_all_of_the_others(tmp_path: Path, store: DatabaseStore) -> None:
    accept(
        store,
        event(
            "1",
            "r1",
            payload=lead(),
            headers={"x": f"of {EMAIL}"},
            query={"p": "+7 (495) 000-00-12"},
            remote="203.0.113.7",
        ),
        event("2", "r2", payload=lead(OTHER), headers={"x": "other"}, query={"p": OTHER}, remote="203.0.113.8"),
        event("1", "r3", payload='{"status":"sold","name":"Примеров"}'),
        event(None, event=None, status="unmatched", bundles=(), payload='{"f1":"8 (495) 000-00-12"}'),
        event(
            None,
            event=None,
            status="rejected",
            bundles=(),
            payload=None,
            body="phone=%2B7%20495%200000012&name=Примеров".encode(),
        ),
        event(None, event=None, status="rejected", bundles=(), payload=None, body=f"phone={OTHER}".encode("utf-16")),
    )
    deliver(store)
    others = {table: rows(tmp_path, table, where) for table, where in _OF_OTHERS.items()}

    done = erase(store)

    store.close_store()
    assert done.left == ()
    assert done.emptied
    assert done.erased.events == (1, 3, 4, 5)
    assert done.erased.rows == {"events": 4, "deliveries": 2, "steps": 2, "transactions": 2}
    assert {table: rows(tmp_path, table, where) for table, where in _OF_OTHERS.items()} == others
    assert [form for form in BYTES if form in raw(tmp_path)] == []
    assert OTHER.encode() in raw(tmp_path)
    assert remains.in_files(tmp_path / "apimonster.db", IVAN.is_in) == []


_OF_OTHERS = {
    "events": "id IN (2, 6)",
    "deliveries": "event_id = 2",
    "steps": "delivery_id IN (SELECT id FROM deliveries WHERE event_id = 2)",
    "transactions": "event_id = 2",
    "repeat_keys": "1",
}


def test_the_look_is_taken_a_stretch_at_a_time(store: DatabaseStore) -> None:
    accept(store, *(event(f"lead-{number}") for number in range(7)))
    deliver(store)
    asked: list[str] = []
    listen(store._engine, "before_cursor_execute", lambda *given: asked.append(given[2]))

    look(store, IVAN)

    for table in ("events", "steps", "transactions", "deliveries"):
        assert sum(f"FROM {table}" in query and "rowid BETWEEN" in query for query in asked) >= 3


def test_an_erased_event_keeps_its_number_and_the_outcomes(tmp_path: Path, store: DatabaseStore) -> None:
    accept(store, event("1", "r1", payload=lead()))
    deliver(store)

    erase(store)

    (row,) = store.events(HistoryFilter(status="forgotten"))
    (delivery,) = store.deliveries(1)
    (transaction,) = store.transactions(HistoryFilter(event_id=1))
    assert (row.id, row.object_key, row.reason, row.payload, row.body, row.remote) == (1, "1", ERASED, None, None, None)
    assert (row.query, row.headers, row.deliveries) == ({}, {}, {"orders": "done"})
    assert (delivery.state, delivery.error) == ("done", None)
    assert (delivery.steps[0].action, delivery.steps[0].outcome) == ("retailcrm.create_order", "done")
    assert (delivery.steps[0].fields, delivery.steps[0].origins, delivery.steps[0].output) == ({}, {}, {})
    assert (transaction.url, transaction.status) == ("https://crm.example.com/orders", 201)
    assert (transaction.request, transaction.answer, transaction.error) == (None, None, ERASED)


def test_an_object_that_goes_by_the_phone_goes_by_nothing(tmp_path: Path, store: DatabaseStore) -> None:
    accept(store, event(PHONE, PHONE, payload='{"a":1}', version=3), event(OTHER, OTHER, payload='{"a":2}', version=4))
    deliver(store)

    done = erase(store)

    assert (done.erased.rows["events"], done.erased.rows["versions"]) == (1, 1)
    assert [row["object_key"] for row in rows(tmp_path, "events")] == [None, OTHER]
    assert [row["object_key"] for row in rows(tmp_path, "deliveries")] == [None, OTHER]
    assert [row["object_key"] for row in rows(tmp_path, "versions")] == [OTHER]
    assert PHONE.encode() not in raw(tmp_path)


def test_another_thing_of_the_same_number_stays(store: DatabaseStore) -> None:
    accept(
        store,
        event("7", payload=lead()),
        event("7", payload='{"contact":{"name":"Образцов"}}', event="utmstat.contact_scored"),
        event("7", payload='{"contact":{"name":"Примеров"}}', event="utmstat.lead_status_changed"),
        event("7", payload='{"contact":{"name":"Образцов"}}', connection="another"),
    )
    deliver(store)

    done = erase(store)

    assert done.erased.events == (1, 3)


def test_what_is_still_to_be_delivered_is_left_and_named(store: DatabaseStore) -> None:
    accept(store, event("1", payload=lead()), event("2", payload=lead(), bundles=()), event("1", payload=lead(OTHER)))

    done = erase(store)

    assert done.erased.events == (2,)
    assert [event.id for event in done.left] == [1, 3]
    assert [claimed.payload for claimed in claim(store)] == [lead()]


def test_what_became_open_since_it_was_found_is_left(store: DatabaseStore) -> None:
    accept(store, event("1", payload=lead()))
    deliver(store)
    found = look(store, IVAN)
    store.replay([Replay(1, "orders", 1)], now=NOON)

    erased = store.erase(found, IVAN.is_in)

    assert erased.events == ()
    assert claim(store)[0].payload == lead()


def test_what_was_forgotten_since_it_was_chosen_is_not_delivered_again(store: DatabaseStore) -> None:
    accept(store, event("1", payload=lead()), event("2", payload=lead(), bundles=()))
    deliver(store, outcome="failed")

    erase(store)

    chosen = [Replay(1, "orders", 1), Replay(2, "orders", None)]
    assert store.replay(chosen, now=NOON) == chosen
    assert store.past(PastFilter(failed=True)) == []
    assert claim(store) == []


def test_what_came_in_meanwhile_is_erased_too(store: DatabaseStore) -> None:
    accept(store, event("1", payload=lead(), bundles=()))
    found = look(store, IVAN)
    accept(store, event("2", payload=lead(), bundles=()))

    done = forget(store, IVAN, found, SetClock())

    assert done.erased.events == (1, 2)


def test_a_repeat_does_not_bring_a_person_back(tmp_path: Path, store: DatabaseStore) -> None:
    sent = [event("1", "r1", payload=lead()), event("2", "r2", payload=lead(), repeat="latest")]
    accept(store, *sent)
    deliver(store)
    erase(store)

    ids = accept(store, *sent)

    assert ids == [1, 2]
    assert PHONE.encode() not in raw(tmp_path)


def test_the_next_event_of_the_thing_has_none_before_it(store: DatabaseStore) -> None:
    accept(store, event("1", payload=lead(), version=5))
    deliver(store)
    erase(store)

    accept(store, event("1", payload="{}", version=6), event("1", payload="{}", version=2))

    late = store.event(3)
    assert store.previous(2, "orders", ["utmstat.new_lead"]) is None
    assert late is not None
    assert late.status == "stale"  # versions are remembered


def test_others_calls_and_steps_that_tell_of_the_person_are_emptied(store: DatabaseStore) -> None:
    accept(store, event("2", payload='{"a":2}'), event("3", payload='{"a":3}'))
    deliver(store, payload=lead(), outcome="failed")

    done = erase(store)

    assert done.erased.rows == {"steps": 2, "transactions": 2, "deliveries": 2}
    assert [row.payload for row in store.events(HistoryFilter())] == ['{"a":3}', '{"a":2}']
    assert [row.error for row in store.deliveries(1)] == [ERASED]


def test_calls_of_an_event_that_is_pruned_go_together(tmp_path: Path, store: DatabaseStore) -> None:
    accept(store, event("1", payload=lead()))
    (claimed,) = claim(store)
    first = store.begin_call(claimed.lease, call(request=PHONE, writes=False))
    second = store.begin_call(claimed.lease, call(request="note=Примеров", writes=False), [ended(first)])
    store.end_step(claimed.lease, step(), [ended(second)], outcome="done")
    while store.prune(events_before=NOON + timedelta(days=1), transactions_before=NOON).more:
        pass

    done = erase(store)

    assert done.erased.rows == {"transactions": 2}
    assert [row["request"] for row in rows(tmp_path, "transactions")] == [None, None]


def test_a_step_of_others_that_a_later_one_needs_is_left_with_its_event(store: DatabaseStore) -> None:
    accept(store, event("2", payload='{"a":2}'))
    (claimed,) = claim(store)
    store.end_step(claimed.lease, step(output={"phone": PHONE}))

    done = erase(store)

    assert [event.id for event in done.left] == [1]
    store.hand_back("w1")
    assert claim(store)[0].finished[0].output == {"phone": PHONE}


def test_objects_that_pulls_remember_are_emptied_and_stay_known(tmp_path: Path, store: DatabaseStore) -> None:
    pull(store, item("1", lead()), item("2", lead(OTHER)))
    deliver(store)

    done = erase(store)

    assert done.erased.rows["pulled"] == 1
    assert [row["payload"] for row in rows(tmp_path, "pulled")] == ["{}", lead(OTHER)]
    assert pull(store, item("1", lead()), item("2", lead(OTHER))).unchanged == 2


def test_reasons_of_pulls_and_pauses_are_emptied(tmp_path: Path, store: DatabaseStore) -> None:
    held = store.claim_pull("deals", holder="h", lease=LEASE, now=NOON)
    assert held is not None
    store.release_pull(held.lease, error=f"of {PHONE}", again=NOON)
    store.pause("crm", reason=f"of {PHONE}", now=NOON)

    done = erase(store)

    assert done.erased.rows == {"cursors": 1, "pauses": 1}
    assert [state.error for state in store.pull_states()] == [ERASED]
    assert [pause.reason for pause in store.pauses()] == [ERASED]


def test_retention_takes_a_forgotten_event_whatever_became_of_it(store: DatabaseStore) -> None:
    accept(store, event("1", payload=lead()), event("2", payload=lead(OTHER)))
    deliver(store, outcome="failed")
    erase(store)

    later = NOON + timedelta(days=1)
    while store.prune(events_before=later, transactions_before=later).more:
        pass

    assert [row.id for row in store.events(HistoryFilter())] == [2]


def test_the_calls_of_what_is_still_to_be_delivered_are_counted(store: DatabaseStore) -> None:
    accept(store, event("1", payload=lead()))
    (claimed,) = claim(store)
    store.begin_call(claimed.lease, call(request="order={}"))

    found = look(store, IVAN)

    assert ([each.id for each in found.left], found.calls) == ([1], 1)


def test_what_failed_of_a_forgotten_event_waits_for_nobody(store: DatabaseStore) -> None:
    accept(store, event("1", payload=lead()), event("2", payload=lead(OTHER)))
    deliver(store, outcome="failed")

    erase(store)

    assert store.figures().failed == 1
    assert [failure.event_id for failure in store.glance(events=0, failures=5).failures] == [2]


@pytest.mark.parametrize("who", ["+7 495 000-00-99", "nobody@example.com"])
def test_nobody_is_in_the_store(tmp_path: Path, store: DatabaseStore, who: str) -> None:
    accept(store, event("1", payload=lead()))
    before = {table: rows(tmp_path, table) for table in ("events", "deliveries")}

    found = look(store, person(who))

    assert found.is_empty
    assert erase(store, person(who)).erased.rows == {}
    assert {table: rows(tmp_path, table) for table in before} == before


def test_the_made_and_the_called_are_told(store: DatabaseStore) -> None:
    accept(store, event("1", payload=lead()))
    deliver(store)

    found = look(store, IVAN)

    assert [(made.event_id, made.action, made.ids) for made in found.made] == [
        (1, "retailcrm.create_order", {"id": 42})
    ]
    assert (found.called, found.calls) == (("crm",), 1)


def test_a_reader_keeps_the_log_from_being_emptied(
    tmp_path: Path, store: DatabaseStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    accept(store, event("1", payload=lead(), bundles=()))
    monkeypatch.setattr("apimonster_cli.engine.forget._LOG_PATIENCE", timedelta(seconds=0.3))
    with closing(sqlite3.connect(tmp_path / "apimonster.db", isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM events").fetchone()

        done = erase(store)

    assert not done.emptied
    assert store.empty_log(within=timedelta(seconds=10))


def test_what_unused_parts_of_the_file_hold_is_found_and_written_over(tmp_path: Path) -> None:
    store = opened(tmp_path)
    accept(store, *(event(str(number), payload=lead(x="y" * 900), bundles=()) for number in range(20)))
    store.close_store()
    file = tmp_path / "apimonster.db"
    with closing(sqlite3.connect(file, isolation_level=None)) as database:
        database.execute("PRAGMA secure_delete = OFF")
        database.execute("DELETE FROM events")

    assert remains.in_files(file, IVAN.is_in) == [file]
    assert remains.write_anew(file)
    assert remains.in_files(file, IVAN.is_in) == []


def test_deleting_overwrites_whatever_this_build_of_sqlite_does_by_itself(store: DatabaseStore) -> None:
    with store._engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA secure_delete").scalar() == 1


def test_a_text_on_the_seam_of_two_reads_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remains, "_AT_ONCE", 100)
    file = tmp_path / "apimonster.db"
    file.write_bytes(b"\xff" * 95 + PHONE.encode() + b"\x00" * 95)

    assert remains.in_files(file, IVAN.is_in) == [file]


def test_copies_beside_the_store_are_told_from_other_files(tmp_path: Path, store: DatabaseStore) -> None:
    for name in ("apimonster.db.0003.bak", "apimonster-20261121-180311.db", "another.db"):
        with closing(sqlite3.connect(tmp_path / name)) as copy:
            copy.execute("CREATE TABLE t (a)")
    (tmp_path / "apimonster.log").write_text("no copy")

    assert [file.name for file in remains.copies(tmp_path / "apimonster.db")] == [
        "apimonster-20261121-180311.db",
        "apimonster.db.0003.bak",
    ]


def test_bytes_are_read_as_text() -> None:
    assert IVAN.is_in(dialect.as_text(f"p={PHONE}".encode("utf-16")))


def item(object_key: str, payload: str) -> PulledItem:
    return PulledItem(object_key, f"hash of {object_key}", payload, NOON)


def pull(store: DatabaseStore, *items: PulledItem) -> Any:
    claimed = store.claim_pull("orders", holder="h", lease=LEASE, now=NOON)
    assert claimed is not None
    from apimonster_cli.store.rows import Position

    position = Position(claimed.read, NOON, NOON, NOON, 1, 1)
    taken = store.accept_page(
        claimed.lease, PulledPage("leads", "calltouch.order", items, position, NOON), until=NOON + LEASE
    )
    store.finish_pull(claimed.lease, complete=NOON)
    return taken
