"""What the look-alike remembers: rows by kind, in memory, and in an SQLite file when one is given.

Handlers run under `State.lock`. They build a new row, `put` it, and the caller commits once the handler is through.
A row that `get` returns is not changed in place, with one exception: the running totals of a customer.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path
from threading import RLock
from typing import Any

from apimonster_cli.core import exactjson
from apimonster_cli.sandbox.answers import Row

KINDS = ("order", "customer", "combined", "note", "pack", "history", "deal")

_SCHEMA = """
CREATE TABLE IF NOT EXISTS rows (kind TEXT NOT NULL, id INTEGER NOT NULL, data TEXT NOT NULL, PRIMARY KEY (kind, id));
CREATE TABLE IF NOT EXISTS counters (kind TEXT PRIMARY KEY, last INTEGER NOT NULL);
"""


class State:
    """Rows of the account, ids that grow by one per kind, and the indexes that lookups need."""

    def __init__(self, database: Path | None = None) -> None:
        self.lock = RLock()
        self._database = database
        self._file: sqlite3.Connection | None = None
        self._changed: dict[tuple[str, int], Row | None] = {}
        self._forget()
        self.open()
        self._load()

    def rows(self, kind: str) -> dict[int, Row]:
        """Return all rows of a kind by id, oldest first."""
        return self._rows[kind]

    def get(self, kind: str, row_id: int | str) -> Row | None:
        """Return a row by id, which may be text as it stood in an address; None when there is none."""
        if isinstance(row_id, str):
            if not row_id.isdecimal():
                return None
            row_id = int(row_id)
        return self._rows[kind].get(row_id)

    def by_external_id(self, kind: str, site: str, external_id: str) -> Row | None:
        """Return the order or customer of a shop with this externalId."""
        found = self._external.get((kind, site, external_id))
        return None if found is None else self._rows[kind][found]

    def customer_by_contact(self, site: str, contact: str) -> Row | None:
        """Return the shop's first customer with this e-mail, or phone as digits."""
        found = self._contacts.get((site, contact))
        return None if found is None else self._rows["customer"].get(found)

    def payment(self, payment_id: str) -> tuple[Row, Row] | None:
        """Return an order and its payment by the payment's id."""
        order_id = self._payments.get(payment_id)
        if order_id is None:
            return None
        order = self._rows["order"][order_id]
        return order, order["payments"][payment_id]

    def payment_by_external_id(self, external_id: str) -> Row | None:
        """Return a payment of the whole account by externalId."""
        payment_id = self._payment_external.get(external_id)
        found = None if payment_id is None else self.payment(payment_id)
        return found[1] if found else None

    def item_order(self, item_id: int) -> Row | None:
        """Return the order that holds the line `item_id`."""
        order_id = self._items.get(item_id)
        return None if order_id is None else self._rows["order"][order_id]

    def deal(self, site: str, service: str | None, number: str) -> Row | None:
        """Return the row of the deal that a CRM calls `number`, at one of Calltouch's sites."""
        row_id = self._deals.get((site, service, number))
        return None if row_id is None else self._rows["deal"][row_id]

    def notes(self, customers: Iterable[str]) -> list[Row]:
        """Return the notes on the customers with these ids, oldest first."""
        found = sorted(note for customer in set(customers) for note in self._notes.get(customer, ()))
        return [self._rows["note"][note] for note in found]

    def next_id(self, kind: str) -> int:
        """Return a fresh id: of a kind of rows, or of order lines (`item`) and payments (`payment`)."""
        self._counters[kind] = self._counters.get(kind, 0) + 1
        return self._counters[kind]

    def put(self, kind: str, row: Row) -> None:
        """Keep a row, new or changed; its `id` says which."""
        old = self._rows[kind].get(row["id"])
        if old is not None:
            self._unindex(kind, old)
        self._rows[kind][row["id"]] = row
        self._index(kind, row)
        if self._file is not None:
            self._changed[kind, row["id"]] = row

    def remove(self, kind: str, row_id: int) -> None:
        """Forget a row."""
        self._unindex(kind, self._rows[kind].pop(row_id))
        if self._file is not None:
            self._changed[kind, row_id] = None

    def commit(self) -> None:
        """Write what has changed to the file, if there is one: it survives a kill of the process."""
        if self._file is None or not self._changed:
            return
        kept = [
            (kind, row_id, exactjson.dumps(row)) for (kind, row_id), row in self._changed.items() if row is not None
        ]
        gone = [place for place, row in self._changed.items() if row is None]
        with self._file:
            self._file.executemany("INSERT OR REPLACE INTO rows VALUES (?, ?, ?)", kept)
            self._file.executemany("DELETE FROM rows WHERE kind = ? AND id = ?", gone)
            self._file.executemany("INSERT OR REPLACE INTO counters VALUES (?, ?)", list(self._counters.items()))
        self._changed.clear()

    def reset(self) -> None:
        """Forget everything, in the file as well; ids start at 1 again."""
        self._forget()
        if self._file is not None:
            with self._file:
                self._file.execute("DELETE FROM rows")
                self._file.execute("DELETE FROM counters")

    def open(self) -> None:
        """Open the file, if there is one and it is closed."""
        if self._database is not None and self._file is None:
            self._file = _open(self._database)

    def close(self) -> None:
        """Close the file; what was kept stays in memory as well."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _forget(self) -> None:
        self._rows: dict[str, dict[int, Row]] = {kind: {} for kind in KINDS}
        self._counters: dict[str, int] = {}
        self._external: dict[tuple[str, str, str], int] = {}
        self._contacts: dict[tuple[str, str], int] = {}
        self._payments: dict[str, int] = {}
        self._payment_external: dict[str, str] = {}
        self._items: dict[int, int] = {}
        self._deals: dict[tuple[str, str | None, str], int] = {}
        self._notes: dict[str, dict[int, None]] = {}
        self._changed.clear()

    def _load(self) -> None:
        if self._file is None:
            return
        self._counters.update(self._file.execute("SELECT kind, last FROM counters"))
        for kind, row_id, data in self._file.execute("SELECT kind, id, data FROM rows ORDER BY kind, id"):
            row = exactjson.loads(data)
            self._rows[kind][row_id] = row
            self._index(kind, row)

    def _index(self, kind: str, row: Row) -> None:
        if "externalId" in row:
            self._external[kind, row["site"], row["externalId"]] = row["id"]
        if kind == "customer":
            for contact in contacts(row):
                self._contacts.setdefault((row["site"], contact), row["id"])
        elif kind == "order":
            self._items.update((item["id"], row["id"]) for item in row["items"])
            for payment_id, payment in row["payments"].items():
                self._payments[payment_id] = row["id"]
                if "externalId" in payment:
                    self._payment_external[payment["externalId"]] = payment_id
        elif kind == "note":
            self._notes.setdefault(str(row["customer"]["id"]), {})[row["id"]] = None
        elif kind == "deal":
            self._deals[_deal_key(row)] = row["id"]

    def _unindex(self, kind: str, row: Row) -> None:
        if "externalId" in row:
            self._external.pop((kind, row["site"], row["externalId"]), None)
        if kind == "customer":
            for contact in contacts(row):
                if self._contacts.get((row["site"], contact)) == row["id"]:
                    del self._contacts[row["site"], contact]
        elif kind == "order":
            for item in row["items"]:
                self._items.pop(item["id"], None)
            for payment_id, payment in row["payments"].items():
                self._payments.pop(payment_id, None)
                self._payment_external.pop(payment.get("externalId", ""), None)
        elif kind == "note":
            self._notes.get(str(row["customer"]["id"]), {}).pop(row["id"], None)
        elif kind == "deal":
            self._deals.pop(_deal_key(row), None)


def contacts(customer: Row) -> Iterator[str]:
    """Yield what a customer is known by: the e-mail in lower case, each phone as its digits."""
    if email := customer.get("email"):
        yield email.casefold()
    for phone in customer.get("phones", ()):
        if number := digits(phone.get("number")):
            yield number


def digits(phone: Any) -> str:
    """Return the digits of a phone number; empty when there are none."""
    return "".join(letter for letter in str(phone or "") if letter.isdecimal())


def _deal_key(row: Row) -> tuple[str, str | None, str]:
    deal = row["deal"]
    return row["site"], deal["service"], deal["orderNumber"]


def _open(database: Path) -> sqlite3.Connection:
    # One connection for all threads: State.lock keeps them apart
    file = sqlite3.connect(database, check_same_thread=False)
    file.execute("PRAGMA journal_mode = WAL")
    file.execute("PRAGMA synchronous = NORMAL")
    file.executescript(_SCHEMA)
    return file
