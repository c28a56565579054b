"""Pulls: cursors, the objects they have shown, calls without a delivery. And deliveries that give way to others."""

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
_FREE = sa.text("closed_at IS NULL AND behind IS NULL")


def upgrade() -> None:
    """Add what pulls need, and the priority of deliveries."""
    op.add_column("events", sa.Column("change", sa.Text()))
    _deliveries()
    _transactions()
    _cursors()
    _pulled()


def _deliveries() -> None:
    op.drop_index("deliveries_due", "deliveries")
    with (
        _numbers_kept("deliveries"),
        op.batch_alter_table("deliveries", recreate="auto", table_kwargs={"sqlite_autoincrement": True}) as table,
    ):
        table.add_column(sa.Column("priority", sa.Integer(), nullable=False, server_default=sa.text("0")))
    op.create_index(
        "deliveries_due",
        "deliveries",
        ["priority", "due_at", "id", "bundle"],
        sqlite_where=_FREE,
        postgresql_where=_FREE,
    )


def _transactions() -> None:
    with (
        _numbers_kept("transactions"),
        op.batch_alter_table("transactions", recreate="auto", table_kwargs={"sqlite_autoincrement": True}) as table,
    ):
        table.alter_column("delivery_id", existing_type=sa.Integer(), nullable=True)
        table.alter_column("event_id", existing_type=sa.Integer(), nullable=True)


def _cursors() -> None:
    op.create_table(
        "cursors",
        sa.Column("bundle", sa.Text(), nullable=False),
        sa.Column("reading", sa.Text(), nullable=False),
        sa.Column("complete", sa.String(length=27)),
        sa.Column("tried_at", sa.String(length=27)),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("retry_at", sa.String(length=27)),
        sa.Column("error", sa.Text()),
        sa.Column("holder", sa.Text()),
        sa.Column("held_until", sa.String(length=27)),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("read", sa.Integer(), nullable=False),
        sa.Column("window_start", sa.String(length=27)),
        sa.Column("window_end", sa.String(length=27)),
        sa.Column("began_at", sa.String(length=27)),
        sa.Column("page", sa.Integer(), nullable=False),
        sa.Column("pages", sa.Integer()),
        sa.PrimaryKeyConstraint("bundle", "reading"),
    )


def _pulled() -> None:
    op.create_table(
        "pulled",
        sa.Column("bundle", sa.Text(), nullable=False),
        sa.Column("object_key", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("moment", sa.String(length=27)),
        sa.Column("updated_at", sa.String(length=27)),
        sa.Column("gone", sa.Boolean(), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("event_id", sa.Integer(), nullable=False),
        sa.Column("read", sa.Integer(), nullable=False),
        sa.Column("seen_at", sa.String(length=27), nullable=False),
        sa.Column("asked_at", sa.String(length=27)),
        sa.PrimaryKeyConstraint("bundle", "object_key"),
    )
    op.create_index("pulled_by_moment", "pulled", ["bundle", "moment"])
    op.create_index("pulled_by_time", "pulled", ["seen_at"])


@contextmanager
def _numbers_kept(table: str) -> Iterator[None]:
    """Have the numbers of a table go on from where they had got: SQLite makes it anew and would forget, and use some twice."""
    connection = op.get_bind()
    of_table = {"name": table}
    read = sa.text("SELECT seq FROM sqlite_sequence WHERE name = :name").bindparams(**of_table)
    reached = connection.scalar(read) if connection.dialect.name == "sqlite" else None
    yield
    if reached is not None:
        write = sa.text("UPDATE sqlite_sequence SET seq = :reached WHERE name = :name")
        connection.execute(write.bindparams(reached=reached, **of_table))
