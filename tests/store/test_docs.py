"""docs/store.md names every column with its meaning, and its queries can be asked."""

import re
import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import Table

from apimonster_cli.store.database import DatabaseStore
from apimonster_cli.store.tables import metadata
from tests.store.build import accept, call, claim, ended, event, step

PAGE = (Path(__file__).parent.parent.parent / "docs" / "store.md").read_text(encoding="utf-8")
KINDS = {
    "Moment": "moment",
    "JsonText": "JSON",
    "Integer": "number",
    "BigInteger": "number",
    "Boolean": "0 or 1",
    "LargeBinary": "bytes",
    "Text": "text",
    "Words": "text",
    "String": "text",
}
QUERIES = re.findall(r"^```sql\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("table", metadata.sorted_tables, ids=lambda table: table.name)
def test_explains_every_column(table: Table) -> None:
    rows = "\n".join(f"| `{each.name}` | {KINDS[type(each.type).__name__]} | {each.comment} |" for each in table.c)

    assert f"### {table.name}\n" in PAGE
    assert f"|---|---|---|\n{rows}\n\n" in PAGE


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: " ".join(query.split())[:40])
def test_each_query_can_be_asked(query: str, store: DatabaseStore) -> None:
    accept(store, event("7"), event("7"))
    (claimed,) = claim(store)
    transaction = store.begin_call(claimed.lease, call())
    store.end_step(claimed.lease, step(), [ended(transaction)], outcome="done")
    database = sqlite3.connect(store._path)

    columns = [column[0] for column in database.execute(query).description]

    assert len(columns) > 3
    database.close()


def test_the_order_of_a_lead_is_found(store: DatabaseStore) -> None:
    accept(store, event("7"))
    store.end_step(claim(store)[0].lease, step(output={"id": 42}), outcome="done")
    (query,) = [each for each in QUERIES if "order_id" in each]
    database = sqlite3.connect(store._path)

    rows = database.execute(query).fetchall()

    assert rows == [(1, "7", 42, "2026-11-21T12:00:00.000000Z")]
    database.close()
