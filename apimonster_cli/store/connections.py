"""Connections whose credentials are refused."""

from datetime import datetime

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from apimonster_cli.store.rows import Pause
from apimonster_cli.store.tables import deliveries, is_open, pauses

_INSERT = insert(pauses)
_DELETE = delete(pauses).where(pauses.c.connection == bindparam("of_connection"))
_SELECT = select(pauses).order_by(pauses.c.connection)
_RENEW = update(pauses).where(pauses.c.connection == bindparam("of_connection")).values(reason=bindparam("new_reason"))
# Which connection a delivery waits for is not on record. What was turned away before it was sent costs nothing to try again.
_MAKE_DUE = (
    update(deliveries)
    .where(is_open, deliveries.c.state == "waiting", deliveries.c.turned_away.is_(True))
    .values(due_at=bindparam("now"))
)


def pause(connection: Connection, name: str, *, reason: str, now: datetime) -> None:
    """Put on record that a connection's credentials are refused; one already on record keeps its `since`."""
    if not connection.execute(_RENEW, {"of_connection": name, "new_reason": reason}).rowcount:
        connection.execute(_INSERT, {"connection": name, "since": now, "reason": reason})


def resume(connection: Connection, name: str, *, now: datetime) -> bool:
    """Take the record away and make due what was turned away; False when there was none."""
    if not connection.execute(_DELETE, {"of_connection": name}).rowcount:
        return False
    connection.execute(_MAKE_DUE, {"now": now})
    return True


def paused(connection: Connection) -> list[Pause]:
    """Return the connections on record, by name."""
    return [Pause(row.connection, row.since, row.reason) for row in connection.execute(_SELECT)]
