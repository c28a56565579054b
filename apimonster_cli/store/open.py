"""An address → the store: lock, backup, migrate."""

from contextlib import suppress
from pathlib import Path

from sqlalchemy import Engine

from apimonster_cli.core.clock import Clock
from apimonster_cli.core.errors import ConfigError, StoreError
from apimonster_cli.store import dialect, errors, migrate
from apimonster_cli.store.api import Store
from apimonster_cli.store.database import DatabaseStore
from apimonster_cli.store.lock import DaemonLock

_SQLITE = "sqlite:///"


def open_store(address: str, *, base: Path, daemon: bool, clock: Clock) -> Store:
    """Open the store at `address`: `sqlite:///file.db` below `base`, or `sqlite:////folder/file.db`.

    daemon: hold the file as its only daemon, and make or migrate it; otherwise it has to exist and is used beside a daemon.
    ConfigError for an address that cannot be used, StoreError with a sentence for a file that cannot.
    """
    path = store_path(address, base)
    try:
        return _open_as_daemon(path, clock) if daemon else _open_beside(path, clock)
    except (ConfigError, StoreError):
        raise
    except Exception as error:
        raise _sentence(error, path) from error


def compact(path: Path) -> tuple[int, int]:
    """Write the store anew, as small as it can be; return its size before and after, in bytes.

    TakenError while a daemon uses it, StoreError when there is no room for the copy that this takes: then nothing has changed.
    """
    lock = DaemonLock(path)
    try:
        before = path.stat().st_size
        dialect.compact(path)
        return before, path.stat().st_size
    except Exception as error:
        raise _sentence(error, path) from error
    finally:
        lock.release()


def store_path(address: str, base: Path) -> Path:
    """Return the file that `address` names; ConfigError when it names none."""
    if address.startswith(("postgresql://", "postgresql+", "postgres://")):
        raise ConfigError("settings.store: PostgreSQL is not supported yet; use sqlite:///apimonster.db")
    name = address.removeprefix(_SQLITE)
    if not address.startswith(_SQLITE) or not name or name.startswith(":memory:"):
        raise ConfigError(f"settings.store: {address} is no address of a store; write sqlite:///apimonster.db")
    return base / name


def _open_as_daemon(path: Path, clock: Clock) -> DatabaseStore:
    if not path.parent.is_dir():
        raise StoreError(f"the folder of the store {path} does not exist; make it or change settings.store")
    if path.is_dir():
        raise StoreError(f"{path} is a folder; settings.store has to name a file")
    lock = DaemonLock(path)
    engine = dialect.engine_for(path)
    try:
        dialect.make_file(path)
        _keep_to_the_owner(path)
        migrate.bring_up_to_date(engine, path, clock)
        return DatabaseStore(engine, path, clock, lock)
    except BaseException:
        engine.dispose()
        lock.release()
        raise


def _keep_to_the_owner(path: Path) -> None:
    """Take the right to read from others where an earlier run left a log: it keeps the mode that it was made with."""
    for suffix in ("-wal", "-shm", ".lock"):
        with suppress(FileNotFoundError):  # also when a command beside us is just clearing a log away
            path.with_name(path.name + suffix).chmod(0o600)


def _open_beside(path: Path, clock: Clock) -> DatabaseStore:
    if not path.is_file():
        raise StoreError(f"no history yet: {path} does not exist; `sync run` makes it")
    engine = dialect.engine_for(path)
    try:
        _check_revision(engine, path)
        return DatabaseStore(engine, path, clock)
    except BaseException:
        engine.dispose()
        raise


def _check_revision(engine: Engine, path: Path) -> None:
    with engine.connect() as connection:
        found = migrate.revision(connection, path)
    if found is None:
        raise StoreError(f"no history yet: {path} is empty; `sync run` fills it")
    if found != migrate.HEAD:
        raise StoreError(
            f"{path} was written by another version of this program; start `sync run` once with this version"
        )


def _sentence(error: Exception, path: Path) -> StoreError:
    if isinstance(error, PermissionError):
        return StoreError(
            f"the store {path} may not be used by this user; change the rights of the file and its folder"
        )
    if isinstance(error, OSError):
        return StoreError(f"the store {path} cannot be opened: {error.strerror}")
    return errors.store_error(error, path)
