"""Versions: which version of a thing an event shows, and the highest seen, by which a late event is known."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the version of an event, and the highest ones."""
    op.add_column("events", sa.Column("version", sa.BigInteger()))
    op.create_table(
        "versions",
        sa.Column("connection", sa.Text(), nullable=False),
        sa.Column("object_key", sa.Text(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.String(length=27), nullable=False),
        sa.PrimaryKeyConstraint("connection", "object_key", "event"),
    )
    op.create_index("versions_by_time", "versions", ["seen_at"])
