"""Brings a database to the schema of this program: makes a new one, or moves an older one on.

Alembic is imported only when there is something to move: it costs a third of a second.
"""

import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Engine, inspect, text

from apimonster_cli.core import crash
from apimonster_cli.core.clock import Clock
from apimonster_cli.core.errors import StoreError
from apimonster_cli.store import dialect
from apimonster_cli.store.tables import metadata, store

if TYPE_CHECKING:
    from alembic.config import Config
    from alembic.script import ScriptDirectory

HEAD = "0004"
SCRIPTS = Path(__file__).parent / "migrations"


def revision(connection: Connection, path: Path) -> str | None:
    """Return the revision of the schema; None for an empty database, StoreError for one that is not ours."""
    tables = set(inspect(connection).get_table_names()) - {"sqlite_sequence"}
    if "alembic_version" in tables and store.name in tables:
        return str(connection.scalar(text("SELECT version_num FROM alembic_version")))
    if tables:
        raise StoreError(f"{path} is the database of another program; name another file in settings.store")
    return None


def knows(found: str, *, scripts: Path = SCRIPTS) -> bool:
    """Return whether a database of revision `found` is of this version of the program or can be moved on to it."""
    return found == HEAD or found in {script.revision for script in _directory(scripts).walk_revisions()}


def bring_up_to_date(engine: Engine, path: Path, clock: Clock) -> None:
    """Make or move the schema in one transaction: a kill leaves it as it was or as it should be."""
    with engine.connect() as connection:
        found = revision(connection, path)
        if found is None:
            _create(connection, clock)
        elif found != HEAD:
            upgrade(connection, path, found)


def _create(connection: Connection, clock: Clock) -> None:
    dialect.prepare_new(connection)
    dialect.begin(connection)
    metadata.create_all(connection, checkfirst=False)
    connection.exec_driver_sql("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)")
    connection.execute(text("INSERT INTO alembic_version VALUES (:head)"), {"head": HEAD})
    now = clock.now()
    connection.execute(store.insert(), {"id": secrets.token_hex(4), "created_at": now, "checked_at": now})
    connection.commit()


def upgrade(connection: Connection, path: Path, found: str, *, to: str = HEAD, scripts: Path = SCRIPTS) -> None:
    """Back the database up to `<file>.<revision>.bak` and move it from revision `found` on; StoreError when it is newer."""
    if not knows(found, scripts=scripts):
        raise StoreError(f"{path} was written by a newer version of this program; install that version or a later one")
    dialect.back_up(connection, path.with_name(f"{path.name}.{found}.bak"))
    move(connection, to=to, scripts=scripts)


def move(connection: Connection, *, to: str = HEAD, scripts: Path = SCRIPTS) -> None:
    """Run the scripts that lead from where the database is to revision `to`, all in one transaction."""
    from alembic.runtime.environment import EnvironmentContext

    directory = _directory(scripts)

    def path_to(current: Any, _context: Any) -> Any:
        return directory._upgrade_revs(to, current)  # noqa: SLF001  # as Alembic's own page on EnvironmentContext does

    with dialect.without_foreign_keys(connection), EnvironmentContext(_config(scripts), directory, fn=path_to) as moves:
        dialect.begin(connection)
        try:
            moves.configure(connection=connection, on_version_apply=lambda **_: crash.point("migration"))
            moves.run_migrations()
            connection.commit()
        except BaseException:
            connection.rollback()  # also what could not be committed: the next statement would say that, and not why
            raise


def _directory(scripts: Path) -> "ScriptDirectory":
    from alembic.script import ScriptDirectory

    return ScriptDirectory.from_config(_config(scripts))


def _config(scripts: Path) -> "Config":
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(scripts).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config
