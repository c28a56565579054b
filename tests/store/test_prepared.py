"""Statements turned into text once: many rows and many values at a time."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Column, Connection, Integer, MetaData, Table, Text, bindparam, create_engine, insert, select

from apimonster_cli.store.prepared import Prepared

_NAMES = Table("names", MetaData(), Column("id", Integer, primary_key=True), Column("name", Text))
_INSERT = Prepared(insert(_NAMES))
_AMONG = Prepared(select(_NAMES.c.id).where(_NAMES.c.name.in_([bindparam("name")])).order_by(_NAMES.c.id))


@pytest.fixture
def connection() -> Iterator[Connection]:
    engine = create_engine("sqlite://")
    with engine.connect() as connection:
        _NAMES.create(connection)
        yield connection
    engine.dispose()


@pytest.mark.parametrize("count", [0, 1, 2, 63, 64, 65, 200])
def test_inserts_rows_together_as_they_are(connection: Connection, count: int) -> None:
    rows = [{"id": number, "name": f"(?), VALUES {number}"} for number in range(count)]

    _INSERT.together(connection, rows)

    kept = connection.execute(select(_NAMES).order_by(_NAMES.c.id)).mappings().all()
    assert [dict(row) for row in kept] == rows


@pytest.mark.parametrize("wanted", [[7], [3, 4], [1, 5, 9], [*range(100)], [500]])
def test_selects_what_is_among_the_values(connection: Connection, wanted: list[int]) -> None:
    _INSERT.together(connection, [{"id": number, "name": f"n{number}"} for number in range(150)])

    found = _AMONG.among(connection, [f"n{number}" for number in wanted]).fetchall()

    assert found == [(number,) for number in wanted if number < 150]
