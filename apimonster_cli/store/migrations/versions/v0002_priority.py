"""Deliveries give way to others: a daily burst does not hold up new leads."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
_FREE = sa.text("closed_at IS NULL AND behind IS NULL")


def upgrade() -> None:
    """Add the priority, and let what is due be found by it first."""
    # On SQLite the table is made anew, which would forget how far its numbers had got; they must not be used twice.
    reached = _reached()
    op.drop_index("deliveries_due", "deliveries")
    with op.batch_alter_table("deliveries", recreate="auto", table_kwargs={"sqlite_autoincrement": True}) as table:
        table.add_column(sa.Column("priority", sa.Integer(), nullable=False, server_default=sa.text("0")))
    op.create_index(
        "deliveries_due",
        "deliveries",
        ["priority", "due_at", "id", "bundle"],
        sqlite_where=_FREE,
        postgresql_where=_FREE,
    )
    if reached is not None:
        op.execute(
            sa.text("UPDATE sqlite_sequence SET seq = :reached WHERE name = 'deliveries'").bindparams(reached=reached)
        )


def _reached() -> int | None:
    connection = op.get_bind()
    if connection.dialect.name != "sqlite":
        return None
    found: int | None = connection.scalar(sa.text("SELECT seq FROM sqlite_sequence WHERE name = 'deliveries'"))
    return found
