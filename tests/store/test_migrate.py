"""Migrations: today's schema from nothing, an older one moved on whole or not at all, a newer one refused."""

import re
import sqlite3
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from apimonster_cli.core.errors import StoreError
from apimonster_cli.store import dialect, migrate
from apimonster_cli.store.tables import metadata
from tests.store.build import accept, call, claim, event, opened

NEXT = """
import sqlalchemy as sa
from alembic import op
revision = "9999"
down_revision = "{before}"
def upgrade():
    with op.batch_alter_table("events", recreate="always") as events:
        events.add_column(sa.Column("mood", sa.Text(), server_default="fine"))
    op.execute("{more}")
"""


def scripts(folder: Path, more: str = "SELECT 1") -> Path:
    """Return a folder of migrations with one more than there is."""
    versions = folder / "migrations" / "versions"
    versions.mkdir(parents=True)
    for script in (migrate.SCRIPTS / "versions").glob("v*.py"):
        (versions / script.name).write_text(script.read_text())
    (versions / "v9999_next.py").write_text(NEXT.format(before=migrate.HEAD, more=more))
    return versions.parent


def schema(path: Path) -> list[tuple[str, ...]]:
    database = sqlite3.connect(path)
    rows = database.execute(
        "SELECT type, name, tbl_name, coalesce(sql, '') FROM sqlite_master ORDER BY name"
    ).fetchall()
    database.close()
    return [(*row[:3], re.sub(r"\s*([(),])\s*", r"\1", " ".join(row[3].replace('"', "").split()))) for row in rows]


def old_database(folder: Path) -> Path:
    store = opened(folder)
    accept(store, event("7"), event("7"))
    store.close_store()
    return folder / "apimonster.db"


def stamp(path: Path, revision: str) -> None:
    database = sqlite3.connect(path)
    with database:
        database.execute("UPDATE alembic_version SET version_num = ?", (revision,))
    database.close()


def upgrade(path: Path, scripts: Path) -> None:
    engine = dialect.engine_for(path)
    try:
        with engine.connect() as connection:
            migrate.upgrade(connection, path, migrate.HEAD, to="9999", scripts=scripts)
    finally:
        engine.dispose()


def _migrated(connection: Connection) -> None:
    dialect.prepare_new(connection)
    migrate.move(connection)


def test_knows_the_newest_migration() -> None:
    config = Config()
    config.set_main_option("script_location", str(migrate.SCRIPTS))
    config.set_main_option("path_separator", "os")

    assert ScriptDirectory.from_config(config).get_current_head() == migrate.HEAD


def test_migrations_lead_to_the_schema_of_a_new_database(tmp_path: Path) -> None:
    opened(tmp_path).close_store()
    engine = dialect.engine_for(tmp_path / "migrated.db")

    with engine.connect() as connection:
        _migrated(connection)
        differences = compare_metadata(MigrationContext.configure(connection), metadata)
    engine.dispose()

    def without_the_stamp(rows: list[tuple[str, ...]]) -> list[tuple[str, ...]]:
        return [row for row in rows if "alembic_version" not in row]

    assert differences == []
    assert without_the_stamp(schema(tmp_path / "migrated.db")) == without_the_stamp(schema(tmp_path / "apimonster.db"))


def test_moves_an_older_database_on_and_keeps_a_backup(tmp_path: Path) -> None:
    path = old_database(tmp_path)
    before = schema(path)

    upgrade(path, scripts(tmp_path))

    database = sqlite3.connect(path)
    assert database.execute("SELECT id, mood FROM events").fetchall() == [(1, "fine"), (2, "fine")]
    assert database.execute("SELECT count(*) FROM deliveries").fetchall() == [(2,)]
    assert database.execute("SELECT version_num FROM alembic_version").fetchall() == [("9999",)]
    database.close()
    backup = tmp_path / f"apimonster.db.{migrate.HEAD}.bak"
    assert schema(backup) == before
    assert backup.stat().st_mode & 0o777 == 0o600
    assert not list(tmp_path.glob("*.part"))


def test_the_first_schema_is_moved_on_with_all_that_it_holds(tmp_path: Path) -> None:
    path = tmp_path / "apimonster.db"
    engine = dialect.engine_for(path)
    with engine.connect() as connection:
        dialect.prepare_new(connection)
        migrate.move(connection, to="0001")
    engine.dispose()
    database = sqlite3.connect(path)
    with database:
        database.execute(
            "INSERT INTO store VALUES ('abcd1234', '2026-01-01T00:00:00.000000Z', '2026-01-01T00:00:00.000000Z')"
        )
        database.execute(
            "INSERT INTO events (id, connection, event, status, received_at, repeats, query, headers, payload)"
            " VALUES (7, 'leads', 'utmstat.new_lead', 'accepted', '2026-01-01T00:00:00.000000Z', 0, '{}', '{}', '{}')"
        )
        for number in (8, 9):
            database.execute(
                "INSERT INTO deliveries (id, event_id, bundle, state, due_at, attempt, tries, turned_away, created_at)"
                " VALUES (?, 7, 'orders', 'waiting', '2026-01-01T00:00:00.000000Z', 1, 1, 0, '2026-01-01T00:00:00.000000Z')",
                (number,),
            )
            database.execute(
                "INSERT INTO transactions (id, delivery_id, event_id, bundle, step, connection, action, method, url, writes, state,"
                " sent_at) VALUES (?, 8, 7, 'orders', 'order', 'crm', 'retailcrm.create_order', 'POST', '', 1, 'sent',"
                " '2026-01-01T00:00:00.000000Z')",
                (number,),
            )
        database.execute("DELETE FROM deliveries WHERE id = 9")
        database.execute("DELETE FROM transactions WHERE id = 9")
    database.close()

    store = opened(tmp_path)
    (old,) = claim(store)
    (event_id,) = accept(store, event())
    (new,) = store.deliveries(event_id)
    transaction = store.begin_call(old.lease, call())
    store.close_store()

    assert (old.lease.delivery_id, old.bulk, set(old.doubtful)) == (8, False, {"order"})
    assert (new.id, transaction) == (10, 10)


def test_a_migration_that_fails_leaves_everything_as_it_was(tmp_path: Path) -> None:
    path = old_database(tmp_path)
    before = schema(path)

    with pytest.raises(Exception, match="no such table: nowhere"):
        upgrade(path, scripts(tmp_path, more="DELETE FROM nowhere"))

    assert schema(path) == before
    store = opened(tmp_path)
    assert accept(store, event()) == [3]
    store.close_store()


def test_refuses_a_database_newer_than_the_program(tmp_path: Path) -> None:
    path = old_database(tmp_path)
    stamp(path, "0999")

    with pytest.raises(StoreError, match="was written by a newer version of this program"):
        opened(tmp_path)

    assert not list(tmp_path.glob("*.bak"))


def test_a_command_leaves_the_migration_to_the_daemon(tmp_path: Path) -> None:
    path = old_database(tmp_path)
    stamp(path, "0000")

    with pytest.raises(StoreError, match="was written by another version of this program; start `sync run` once"):
        opened(tmp_path, daemon=False)
